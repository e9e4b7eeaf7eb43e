#!/usr/bin/env python3
"""The command as people use it: every command says yes and no, and wrong use is told."""

import base64
import hashlib
import json
import os
import re
import time

from kit import BASE, DEST, ORIG, SOURCE, Lab, check, result, shaken, shaken_json

COMMANDS = ["sign", "verify", "inspect", "cert", "tn", "lab", "key"]

with open(os.path.join(SOURCE, "docs", "man", "shaken.1"), encoding="utf-8") as page:
    MAN = page.read().replace("\\-", "-")


def b64(data):
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def test_help():
    answer = shaken("--help")
    check(answer.status == 0, "--help", answer)
    for name in COMMANDS:
        check(f"  {name} " in answer.out, f"--help names {name}", answer)
        own = shaken(name, "--help")
        check(own.status == 0 and "Example: shaken " + name in own.out, f"{name} --help", own)
        check(own.err == "", f"{name} --help leaves stderr alone", own)
        for option in re.findall(r"^  (--[a-z0-9-]+)", own.out, re.M):
            check(re.search(option + r"(?![a-z0-9-])", MAN), f"man page: {name} {option}")
    check(re.fullmatch(r"shaken \d+\.\d+\.\d+\n", shaken("--version").out), "--version")
    check(shaken().status == 2, "no command")
    unknown = shaken("sing")
    check(unknown.status == 2 and '"sing"' in unknown.err, "unknown command", unknown)


def test_wrong_use(lab):
    sign = ["sign", "--key", lab.path("sp.key"), "--x5u", BASE + "/sp.pem"]
    full = sign + ["--attest", "A", "--orig", ORIG, "--dest", DEST]
    verify = ["verify", "--orig", ORIG, "--dest", DEST]
    rows = [
        (["sign"], "--key is missing"),
        (sign, "--orig is missing"),
        (sign + ["--orig", ORIG, "--dest", DEST], "--attest is missing"),
        (sign + ["--attest", "A", "--orig", ORIG], "--dest is missing"),
        (sign + ["--attest", "D", "--orig", ORIG, "--dest", DEST], '"D" is none of A, B, C'),
        (sign + ["--attest", "a", "--orig", ORIG, "--dest", DEST], '"a" is none of A, B, C'),
        (sign + ["--attest", "A", "--orig", "abc", "--dest", DEST], '"abc" is no telephone'),
        (sign + ["--attest", "A", "--orig", "*67", "--dest", DEST], '"*67" is no telephone'),
        (sign + ["--attest", "A", "--orig", "", "--dest", DEST], '"" is no telephone'),
        (full + ["--dest", "x"], '"x" is no telephone'),
        (full + ["--dest", DEST] * 8, "at most 8"),
        (full + ["--origid", "1"], "is no UUID"),
        (full + ["--iat", "x"], "is no integer"),
        (full + ["--iat", "-1"], "is no integer"),
        (full + ["--iat", "99999999999999999999"], "is no integer"),
        (full + ["--iat"], "needs a value"),
        (full + ["--orig", ORIG], "given twice"),
        (full + ["--country", "01"], "is no country code"),
        (full + ["--country", "1a"], "is no country code"),
        (full + ["--international", "12345678"], "is not 0 to 7 digits"),
        (full + ["--colour", "red"], "no option --colour"),
        (full + ["extra"], "one argument too many"),
        (full + ["--lab=yes"], "takes no value"),
        (["sign", "--key", "k", "--x5u", "http://h/c", "--attest", "A", "--orig", ORIG, "--dest",
          DEST], "--x5u"),
        (["sign", "--key", "k", "--x5u", "https://h:8000/c", "--attest", "A", "--orig", ORIG,
          "--dest", DEST], "--x5u"),
        (verify[:3], "--dest is missing"),
        (verify, "the Identity is empty"),
        (verify + ["--profile", "lax", "x"], "none of off, warn, strict"),
        (verify + ["--rules", "ansi", "x"], "none of atis, rfc8224, man"),
        (verify + ["--max-age", "0", "x"], "is no integer"),
        (verify + ["--now", "never", "x"], "is no integer"),
        (verify + ["a"] * 9, "one argument too many"),
        (verify + [",".join(["a.b.c"] * 9)], "more than 8 Identity"),
        (verify + ["a.b.c,,a.b.c"], "the Identity is empty"),
        (["inspect", "a.b.c;info=<u>,a.b.c;info=<u>"], "one at a time"),
        (["inspect", "a", "b"], "one argument too many"),
        (["inspect", ""], "the Identity is empty"),
        (["cert"], "which file"),
        (["cert", "--crl", "x", lab.path("sp.pem")], "--crl needs --trust"),
        (["tn"], "which number"),
        (["tn", "--role", "both", ORIG], "none of orig, dest"),
        (["lab"], "which folder"),
        (["key", "a"], "one argument too many"),
        (["key", "--hash", "sr_0123456789abcdef"], "one argument too many"),
        (["key", "--hash=sr_0123456789abcdef"], "takes no value"),
        (["lab", "--days", "0", "x"], "is no integer"),
        (["lab", "--x5u-base", "http://h", "x"], "--x5u-base"),
        (["lab", "--x5u-base", "https://h/", "x"], "--x5u-base"),
        (["lab", "--x5u-base", "https://h/a?b", "x"], "--x5u-base"),
        (["lab", "--listen", "localhost", "x"], "--listen"),
        (["lab", "--listen", "127.0.0.1:0", "x"], "--listen"),
    ]
    for args, text in rows:
        answer = shaken(*args)
        check(answer.status == 2, f"{args[0]}: wrong use is status 2: {args[1:]}", answer)
        check(text in answer.err, f"{args[0]}: says {text}", answer)
        check(answer.out == "", f"{args[0]}: wrong use leaves stdout alone", answer)


def test_own_faults(lab):
    open_key = lab.path("open.key")
    with open(open_key, "w", encoding="utf-8") as file:
        file.write(lab.read("sp.key"))
    os.chmod(open_key, 0o644)
    empty = lab.path("empty")
    os.mkdir(empty)
    call = ["--orig", ORIG, "--dest", DEST]
    sign = ["--x5u", BASE + "/sp.pem", "--attest", "A"] + call
    rows = [
        (["sign", "--key", "/nowhere.key"] + sign, "/nowhere.key"),
        (["sign", "--key", open_key] + sign, "chmod 600"),
        (["sign", "--key", lab.path("wrong-curve.key")] + sign, "SK_KEY_INVALID"),
        (["sign", "--key", lab.path("rsa.key")] + sign, "SK_KEY_INVALID"),
        (["cert", "/nowhere.pem"], "/nowhere.pem"),
        (["cert", lab.dir], "not a regular file"),
        (["cert", "--trust", "/nowhere.pem", lab.path("sp.pem")], "/nowhere.pem"),
        (["cert", "--trust", lab.path("sp.key"), lab.path("sp.pem")], "sp.key"),
        (["cert", "--trust", empty, lab.path("sp.pem")], "no file"),
        (["cert", "--trust", lab.path("root.pem"), "--crl", lab.path("sp.pem"),
          lab.path("sp.pem")], "SK_CRL_INVALID"),
        (["verify", "--certificate", "/nowhere.pem"] + call + [lab.sign()], "/nowhere.pem"),
        (["lab", "/nowhere/lab"], "/nowhere/lab"),
    ]
    for args, text in rows:
        answer = shaken(*args)
        check(answer.status == 3, f"{args[0]}: our fault is status 3: {args[1:]}", answer)
        check(text in answer.err, f"{args[0]}: names {text}", answer)


def test_sign(lab):
    token = lab.sign("sp", "sp", "B", "--dest", "+1 215 555 1200", "--iat", "1443208345",
                     "--origid", "123e4567-e89b-12d3-a456-426655440000")
    check(token.endswith(f";info=<{BASE}/sp.pem>;alg=ES256;ppt=shaken"), "parameters", token)
    payload = token.split(".")[1]
    text = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
    check(text == '{"attest":"B","dest":{"tn":["12155551200","12155551213"]},"iat":1443208345,'
          '"orig":{"tn":"12155551212"},"origid":"123e4567-e89b-12d3-a456-426655440000"}',
          "the payload of RFC 8225, section 9", text)
    _, first = shaken_json("inspect", "--json", lab.sign())
    _, second = shaken_json("inspect", "--json", lab.sign())
    uuid = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    check(re.fullmatch(uuid, first["payload"]["origid"]), "origid is a UUID of version 4", first)
    check(first["payload"]["origid"] != second["payload"]["origid"], "origid is random")
    check(abs(first["payload"]["iat"] - time.time()) < 60, "iat is now", first)
    for written, more in [("+1 (215) 555-1212", []), ("tel:+12155551212", []),
                          ("sip:+12155551212@example.com;user=phone", []),
                          ("215-555-1212", ["--country", "1"])]:
        answer = shaken("sign", "--key", lab.path("sp.key"), "--x5u", BASE + "/sp.pem",
                        "--attest", "A", "--orig", written, "--dest", "911", *more)
        _, seen = shaken_json("inspect", "--json", text=answer.out)
        check(seen.get("payload", {}).get("orig") == {"tn": ORIG}, f"--orig {written}", answer)
    lab_port = ["sign", "--key", lab.path("sp.key"), "--x5u", "https://localhost:9443/sp.pem",
                "--attest", "A", "--orig", ORIG, "--dest", DEST]
    check(shaken(*lab_port, "--lab").status == 0, "--lab allows any port")


def test_verify(lab):
    token = lab.sign()
    parts = token.split(".", 2)
    spoiled = ".".join([parts[0], parts[1], ("A" if parts[2][0] != "A" else "B") + parts[2][1:]])
    now = int(time.time())
    call = ["--trust", lab.path("root.pem"), "--certificate", lab.path("sp.pem")]
    rows = [
        ([], ORIG, DEST, token, "SK_OK", 0),
        ([], "+1 215 555 1212", DEST, "Identity: " + token, "SK_OK", 0),
        ([], ORIG, DEST, "y:" + token, "SK_OK", 0),
        ([], ORIG, DEST, token + "\r\n", "SK_OK", 0),
        (["--profile", "strict"], ORIG, DEST, token, "SK_OK", 0),
        (["--country", "1"], "2155551212", DEST, token, "SK_OK", 0),
        (["--now", str(now + 50)], ORIG, DEST, token, "SK_OK", 0),
        (["--now", str(now + 5000), "--max-age", "6000"], ORIG, DEST, token, "SK_OK", 0),
        (["--now", str(now + 5000)], ORIG, DEST, token, "SK_IAT_STALE", 1),
        (["--now", str(now - 5000)], ORIG, DEST, token, "SK_IAT_STALE", 1),
        ([], DEST, DEST, token, "SK_ORIG_MISMATCH", 1),
        ([], ORIG, ORIG, token, "SK_DEST_MISMATCH", 1),
        ([], ORIG, DEST, spoiled, "SK_BAD_SIGNATURE", 1),
        ([], ORIG, DEST, "rubbish", "SK_TOKEN_SYNTAX", 1),
        ([], ORIG, DEST, token.split(";")[0], "SK_PPT_PARAM", 1),
        ([], ORIG, DEST, token.replace("ppt=shaken", "ppt=moon"), "SK_PPT_UNKNOWN", 1),
        ([], ORIG, DEST, token.replace("alg=ES256", "alg=none"), "SK_ALG_UNSUPPORTED", 1),
        ([], ORIG, DEST, token.replace("/sp.pem>", "/other.pem>"), "SK_X5U_MISMATCH", 1),
        ([], ORIG, DEST, token.replace("<https", "<http"), "SK_INFO_INVALID", 1),
        ([], ORIG, DEST, "a" * 9000 + "." + token, "SK_TOKEN_SIZE", 1),
    ]
    for more, orig, dest, text, outcome, status in rows:
        args = ["verify", *call, *more, "--orig", orig, "--dest", dest]
        answer, seen = shaken_json(*args, "--json", "-", text=text)
        check(seen.get("outcome") == outcome, f"{outcome}: {text[:20]} {more}", answer)
        check(answer.status == status, f"{outcome}: status {status}", answer)
        plain = shaken(*args, text.rstrip())
        check(plain.status == status and f"{outcome}: " in plain.out, f"{outcome} in rows", plain)
    plain = shaken("verify", "--orig", ORIG, "--dest", DEST, *call[2:], token)
    check(plain.status == 1 and "no --trust" in plain.err, "a hint without --trust", plain)
    _, seen = shaken_json("verify", "--json", *call, "--orig", ORIG, "--dest", DEST, token)
    check(seen["verstat"] == "TN-Validation-Passed" and seen["certificate"]["spc"] == "709J" and
          seen["attest"] == "A" and 0 <= seen["age"] < 60 and seen["findings"] == [],
          "all that is known", seen)


def test_inspect(lab):
    token = lab.sign()
    answer, seen = shaken_json("inspect", "--json", token)
    check(answer.status == 0 and seen["signature"]["bytes"] == 64, "a good token", answer)
    plain = shaken("inspect", text="identity:  " + token + "\n")
    check(plain.status == 0 and '"attest": "A"' in plain.out and "GMT" in plain.out, "rows", plain)
    inner = token.split(";")[0]
    outer = b64({"alg": "ES256", "ppt": "div-o", "typ": "passport", "x5u": BASE + "/sp.pem"}) + \
        "." + b64({"iat": 1, "opt": inner}) + "." + b64(b"x" * 64)
    _, seen = shaken_json("inspect", "--json", outer)
    check(seen["nested"]["payload"]["orig"] == {"tn": ORIG}, "the nested token", seen)
    check("nested token" in shaken("inspect", outer).out, "the nested token, in rows")
    _, seen = shaken_json("inspect", "--json", "..AAAA;info=<https://h/c>")
    check(seen["compact"] is True and "payload" not in seen, "compact form", seen)
    escape = b64({"alg": "\x1b[2J"}) + "." + b64({"iat": 1}) + "."
    check("\x1b" not in shaken("inspect", escape).out, "no control character on the terminal")
    head, body = b64({"alg": "ES256"}), b64({"iat": 1})
    rows = [
        ("no dots", "parameters", "SK_IDENTITY_SYNTAX"),
        ("nodots", "token: 0 dots", "SK_TOKEN_SYNTAX"),
        ("a.b.c.d", "token: 3 dots", "SK_TOKEN_SYNTAX"),
        (head + "." + body + ".AA=", "is 0x3d", "SK_TOKEN_SYNTAX"),
        (head + "." + body + "!.AAAA", "is 0x21", "SK_TOKEN_SYNTAX"),
        (head + ".." + "AAAA;info=<u", "parameters", "SK_IDENTITY_SYNTAX"),
        (b64(b"[]") + "." + body + ".AAAA", "header", "SK_TOKEN_SYNTAX"),
        (b64(b"\xff") + "." + body + ".AAAA", "header", "SK_TOKEN_SYNTAX"),
        (head + "." + b64(b'{"a":1,"a":2}') + ".AAAA", "payload: line 1", "SK_TOKEN_SYNTAX"),
        (head + "." + b64(b'{"a":}') + ".AAAA", "payload: line 1, column", "SK_TOKEN_SYNTAX"),
        (head + "." + b64(b"[" * 500) + ".AAAA", "payload", "SK_TOKEN_SYNTAX"),
        (head + "." + b64({"opt": "x"}) + ".AAAA", "token: 0 dots", "SK_TOKEN_SYNTAX"),
        ("a" * 9000, "parameters", "SK_TOKEN_SIZE"),
    ]
    for text, where, outcome in rows:
        answer, seen = shaken_json("inspect", "--json", "--", text)
        error = seen.get("error", {})
        check(answer.status == 1 and error.get("outcome") == outcome and
              where in error.get("where", ""), f"broken at {where}: {text[:30]}", answer)
        plain = shaken("inspect", "--", text)
        check(plain.status == 1 and where in plain.err, f"says {where}", plain)
    check(shaken("inspect", "-", text=b"\x00" * 100).status == 1, "NUL bytes")
    check(shaken("inspect", "-", text=b"a" * 70000).status == 2, "endless standard input")


def test_cert(lab):
    sp = lab.path("sp.pem")
    answer = shaken("cert", sp)
    check(answer.status == 0 and "709J" in answer.out and "EC P-256" in answer.out, "sp", answer)
    check("finding" not in answer.out, "sp is as the profile wants it", answer)
    answer = shaken("cert", "--trust", lab.path("root.pem"), sp)
    check(answer.status == 0 and "SK_OK: ok" in answer.out, "trusted", answer)
    answer = shaken("cert", "--trust", lab.path("other-root.pem"), sp)
    check(answer.status == 1 and "SK_CERT_UNTRUSTED" in answer.out, "other root", answer)
    late = str(int(time.time()) + 100 * 86400)
    answer = shaken("cert", "--trust", lab.path("root.pem"), "--now", late, sp)
    check(answer.status == 1 and "SK_CERT_EXPIRED" in answer.out, "--now", answer)
    _, seen = shaken_json("cert", "--json", lab.path("constraint.pem"))
    check(seen["constraints"] == {"permittedValues": {"attest": ["B", "C"]}}, "constraints", seen)
    _, seen = shaken_json("cert", "--json", lab.path("delegate.pem"))
    check([e["text"] for e in seen["leaf"]["tnauthlist"]] == ["12155551000", "12025550100"] and
          seen["leaf"]["tnauthlist"][0]["count"] == 1000, "numbers", seen)
    check("12155551000 to 12155551999" in shaken("cert", lab.path("delegate.pem")).out, "range")
    for name, outcome in [("long-chain.pem", "SK_CERT_SYNTAX"), ("sp.key", "SK_FETCH_SYNTAX"),
                          ("redirector.yaml", "SK_FETCH_SYNTAX")]:
        answer, seen = shaken_json("cert", "--json", lab.path(name))
        check(answer.status == 1 and seen["verdict"]["outcome"] == outcome, name, answer)
        answer = shaken("cert", lab.path(name))
        check(answer.status == 1 and outcome in answer.err, name + " in words", answer)
        check("address" not in answer.err, name + ": a file is no address", answer)
    answer = shaken("cert", lab.path("no-keyusage.pem"))
    check(answer.status == 0 and "finding" in answer.out, "findings without a verdict", answer)


def test_tn():
    rows = [
        (["+1 (215) 555-1212"], "tn 12155551212"),
        (["tel:+1-215-555-1212"], "tn 12155551212"),
        (["--country", "1", '"Al" <sip:2155551212@example.com>;tag=1'], "tn 12155551212"),
        (["--country", "33", "--trunk", "0", "sip:0140278000@h"], "tn 33140278000"),
        (["--international", "00", "sip:0033140278000@h"], "tn 33140278000"),
        (["--role", "dest", "*67"], "tn *67"),
        (["--role=dest", "911"], "tn 911"),
        (["sip:Alice@Example.COM"], "uri sip:alice@example.com"),
        (["911"], None),
        (["abc"], None),
        ([""], None),
        (["<sip:"], None),
        (["sip:anonymous@anonymous.invalid"], None),
        (["+12345678901234567890"], None),
    ]
    for args, want in rows:
        answer = shaken("tn", *args)
        machine, seen = shaken_json("tn", "--json", *args)
        if want:
            check(answer.status == 0 and answer.out == want + "\n", f"tn {args}", answer)
            check(f"{seen.get('kind')} {seen.get('canonical')}" == want, f"tn --json {args}", seen)
        else:
            check(answer.status == 1 and answer.err != "", f"tn {args}: no", answer)
            check(machine.status == 1, f"tn --json {args}: no", machine)


def test_key():
    """A new key and its hash belong together; a key never comes by argument."""
    keys = set()
    for _ in range(5):
        answer = shaken("key")
        rows = dict(line.split(None, 1) for line in answer.out.splitlines())
        key, told = rows.get("key", ""), rows.get("hash", "")
        keys.add(key)
        check(answer.status == 0 and re.fullmatch(r"sr_[A-Za-z0-9_-]{43}", key), "key", answer)
        check(told == "sha256:" + hashlib.sha256(key.encode()).hexdigest(), "key: its hash", answer)
        again = shaken("key", "--hash", text=key + "\n")
        check(again.status == 0 and again.out == told + "\n", "key --hash", again)
        machine, seen = shaken_json("key", "--hash", "--json", text=key)
        check(machine.status == 0 and seen == {"hash": told}, "key --hash --json", machine)
    check(len(keys) == 5, "keys differ", keys)
    machine, seen = shaken_json("key", "--json")
    check(machine.status == 0 and sorted(seen) == ["hash", "key"], "key --json", machine)
    check(seen["hash"] == "sha256:" + hashlib.sha256(seen["key"].encode()).hexdigest(), "key --json: hash", seen)
    rows = [
        ("A" * 16, True), ("a.b-c_d~e+f/g0123==", True), ("x" * 512, True),
        ("  " + "k" * 20 + " \r\n", True),
        ("", False), ("\n", False), ("short", False), ("A" * 15, False), ("x" * 513, False),
        ("x" * 9000, False), ("sr_0123456789 abcdef", False), ("sr_0123456789abc=def", False),
        ("=" * 20, False), ("sr_0123456789abc\ndef", False), ("sr_0123456789abcd\u00e9", False),
        ("sr_0123456789abcd\0", False), ('"sr_0123456789abcd"', False),
    ]
    for text, good in rows:
        answer = shaken("key", "--hash", text=text)
        want = "sha256:" + hashlib.sha256(text.strip().encode()).hexdigest() + "\n"
        if good:
            check(answer.status == 0 and answer.out == want, f"key --hash {text[:20]!r}", answer)
        else:
            check(answer.status == 1 and answer.out == "" and "a key has" in answer.err,
                  f"key --hash {text[:20]!r}: no", answer)
        check(len(text) < 10 or text.strip() not in answer.err, "key --hash: the key is not repeated", answer)


LAB = Lab()
test_help()
test_wrong_use(LAB)
test_own_faults(LAB)
test_sign(LAB)
test_verify(LAB)
test_inspect(LAB)
test_cert(LAB)
test_tn()
test_key()
result()
