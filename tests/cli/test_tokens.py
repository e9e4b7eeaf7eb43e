#!/usr/bin/env python3
"""PASSporTs of every type on the command line: made, looked at, judged, one or several at once."""

import base64
import json
import subprocess
import tempfile
import time

from kit import BASE, DEST, ORIG, Lab, check, result, shaken, shaken_json

FROM, SOS = "12155550911", "urn:service:sos"


def b64(data):
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def call(dest=DEST):
    return ["--orig", ORIG, "--dest", dest]


def make(lab, *more, key="sp", dest=DEST):
    answer = shaken("sign", "--key", lab.path(key + ".key"), "--x5u", f"{BASE}/{key}.pem",
                    *call(dest), *more)
    check(answer.status == 0, f"signed: {more}", answer)
    return answer.out.strip()


def payload(token):
    part = token.split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()


def judge(lab, tokens, *more, name="sp", dest=DEST):
    return shaken_json("verify", "--json", "--trust", lab.path("root.pem"), "--certificate",
                       lab.path(name + ".pem"), *call(dest), *more, text="\n".join(tokens))


def test_sign(lab):
    at = ["--iat", "1443208345"]
    ends = f'"iat":1443208345,"orig":{{"tn":"{ORIG}"}}'
    dest = f'"dest":{{"tn":["{DEST}"]}},'
    rows = [
        ("div", ["--div", FROM], dest, "div", "{%s\"div\":{\"tn\":\"" + FROM + "\"},%s}"),
        ("rph", ["--rph", "wps.1", "--rph", "ets.0"], dest, "rph",
         "{%s%s,\"rph\":{\"auth\":[\"ets.0\",\"wps.1\"]}}"),
        ("rph", ["--rph", "esnet.0", "--sph"], dest, "rph",
         "{%s%s,\"rph\":{\"auth\":[\"esnet.0\"]},\"sph\":\"psap-callback\"}"),
        ("rcd", ["--rcd-name", "Zo\u00eb \"Q\""], dest, "rcd",
         "{%s%s,\"rcd\":{\"nam\":\"Zo\u00eb \\\"Q\\\"\"}}"),
        ("rcd", ["--rcd-name", "", "--rcd-icon", "https://h/i", "--rcd-reason", "why"], dest, "rcd",
         "{\"crn\":\"why\",%s%s,\"rcd\":{\"icn\":\"https://h/i\",\"nam\":\"\"}}"),
    ]
    for ppt, more, first, name, want in rows:
        token = make(lab, "--ppt", ppt, *more, *at)
        check(payload(token) == want % (first, ends), f"payload of {ppt} {more}", payload(token))
        check(token.endswith(f";alg=ES256;ppt={name}"), "parameters", token)
        status, seen = shaken_json("inspect", "--json", token)
        check(status.status == 0 and seen["header"]["ppt"] == ppt, f"inspect {ppt}", seen)
    token = make(lab, "--ppt", "rph", "--rph", "esnet.1", dest=SOS)
    check(json.loads(payload(token))["dest"] == {"uri": [SOS]}, "to a urn", payload(token))
    token = make(lab, "--attest", "A", "--rcd-name", "Q")
    seen = json.loads(payload(token))
    check(seen["attest"] == "A" and seen["rcd"] == {"nam": "Q"}, "rcd inside of shaken", seen)


def test_wrong_use(lab):
    base = ["sign", "--key", lab.path("sp.key"), "--x5u", BASE + "/sp.pem"] + call()
    attest = ["--attest", "A"]
    rows = [
        (["--ppt", "moon"], '"moon" is none of shaken, div, rph, rcd'),
        (["--ppt", ""], '"" is none of'),
        (["--ppt", "div-o", "--div", FROM], "is none of"),
        (["--ppt", "any"], "is none of"),
        (["--ppt", "shaken"], "--attest is missing"),
        (["--ppt", "div"], "--div is missing"),
        (["--ppt", "rph"], "--rph is missing"),
        (["--ppt", "rcd"], "--rcd-name is missing"),
        (["--ppt", "rcd", "--rcd-icon", "https://h/i"], "--rcd-name is missing"),
        (["--ppt", "div", "--div", FROM] + attest, "--attest: not with --ppt div"),
        (["--ppt", "div", "--div", FROM, "--rcd-name", "Q"], "--rcd-name: not with --ppt div"),
        (["--ppt", "rph", "--rph", "ets.0", "--origid", "x"], "--origid: not with --ppt rph"),
        (["--ppt", "div", "--div", "abc"], '"abc" is no telephone'),
        (attest + ["--div", FROM], "--div: not with --ppt shaken"),
        (attest + ["--rph", "ets.0"], "--rph: not with --ppt shaken"),
        (attest + ["--sph"], "--sph: not with --ppt shaken"),
        (["--ppt", "rph", "--rph", "ets"], '"ets" is no NAMESPACE.PRIORITY'),
        (["--ppt", "rph", "--rph", "ets.0,wps.0"], "is no NAMESPACE.PRIORITY"),
        (["--ppt", "rph", "--rph", "a." + "x" * 70], "is no NAMESPACE.PRIORITY"),
        (["--ppt", "rph"] + ["--rph", "ets.0"] * 9, "at most 8"),
        (["--ppt", "rph", "--rph", "ets.0", "--sph"], "--sph: only with"),
        (["--ppt", "rcd", "--rcd-name", "x" * 256], "longer than 255 bytes"),
        (["--ppt", "rcd", "--rcd-name", "x", "--rcd-icon", "http://h/i"], "--rcd-icon"),
        (["--ppt", "rcd", "--rcd-name", "x", "--rcd-reason", "\x1b[2J"], "without control"),
    ]
    for more, text in rows:
        answer = shaken(*base, *more)
        check(answer.status == 2 and text in answer.err and answer.out == "", f"{more}", answer)
    for more, text in [(["--ppt", "moon", "x"], "none of"), (["--dest", DEST, "x"], "given twice")]:
        answer = shaken("verify", *call(), *more)
        check(answer.status == 2 and text in answer.err, f"verify {more}", answer)


def test_verify(lab):
    tokens = {
        "shaken": make(lab, "--attest", "A", "--rcd-name", "Q"),
        "div": make(lab, "--ppt", "div", "--div", FROM),
        "rph": make(lab, "--ppt", "rph", "--rph", "esnet.1", "--rph", "ets.0"),
        "rcd": make(lab, "--ppt", "rcd", "--rcd-name", "Q", "--rcd-reason", "why"),
    }
    for asked in tokens:
        for ppt, token in tokens.items():
            answer, seen = judge(lab, [token], "--ppt", asked)
            want = "SK_OK" if ppt == asked else "SK_PPT_PARAM"
            check(seen["outcome"] == want and answer.status == (want != "SK_OK"),
                  f"{ppt} as {asked}", answer)
            check(("verstat" in seen) == (asked == "shaken"), f"{ppt} as {asked}: verstat", seen)
    for ppt, token in tokens.items():
        answer, seen = judge(lab, [token], "--ppt", "any")
        check(answer.status == 0 and seen["ppt"] == ppt, f"{ppt} as what it is", answer)
        answer, seen = judge(lab, [token], "--ppt", "any", dest=FROM)
        check(seen["outcome"] == "SK_DEST_MISMATCH", f"{ppt} to somebody else", answer)
        answer, seen = judge(lab, [token], "--ppt", "any", "--now", str(int(time.time()) + 600))
        check(seen["outcome"] == "SK_IAT_STALE", f"{ppt}, old", answer)
        cut = token.index(";")
        spoiled = token[:cut - 10] + ("AAAA" if token[cut - 10] != "A" else "BBBB") + \
            token[cut - 6:]
        answer, seen = judge(lab, [spoiled], "--ppt", "any")
        check(seen["outcome"] == "SK_BAD_SIGNATURE", f"{ppt}, spoiled", answer)
    answer, seen = judge(lab, [tokens["shaken"]])
    check(seen["rcd"]["nam"] == "Q" and seen["verstat"] == "TN-Validation-Passed", "shown", seen)
    answer, seen = judge(lab, [tokens["rcd"]], "--ppt", "rcd")
    check(seen["rcd"]["crn"] == "why", "shown", seen)
    answer, seen = judge(lab, [tokens["div"]], "--ppt", "div")
    check(seen["div"] == {"tn": FROM}, "shown", seen)
    for header, want in [("esnet.1", "SK_OK"), ("ETS.0, esnet.1", "SK_OK"),
                         ("esnet.2", "SK_RPH_MISMATCH"), ("esnet.1,wps.0", "SK_RPH_MISMATCH"),
                         ("", "SK_RPH_MISMATCH")]:
        answer, seen = judge(lab, [tokens["rph"]], "--ppt", "rph", "--resource-priority", header)
        check(seen["outcome"] == want, f"Resource-Priority: {header}", answer)
    urn = make(lab, "--ppt", "rph", "--rph", "esnet.1", dest=SOS)
    answer, seen = judge(lab, [urn], "--ppt", "rph", dest=SOS)
    check(seen["outcome"] == "SK_OK", "to a urn", answer)


def forge(lab, header, body, key="sp"):
    """Signed by the laboratory's key, whatever it says."""
    signed = f"{b64(header)}.{b64(body)}"
    with tempfile.NamedTemporaryFile() as file:
        file.write(signed.encode())
        file.flush()
        run = subprocess.run(["openssl", "dgst", "-sha256", "-sign", lab.path(key + ".key"), file.name],
                             capture_output=True, check=True)
    at, parts = 2, []
    for _ in range(2):                  # SEQUENCE { INTEGER, INTEGER }
        length = run.stdout[at + 1]
        parts.append(run.stdout[at + 2:at + 2 + length].lstrip(b"\0").rjust(32, b"\0"))
        at += 2 + length
    return f"{signed}.{b64(b''.join(parts))}"


def test_claims(lab):
    """What a token of the type says must be well-formed.  What rph and rcd mean is judged last, as in
    the redirector: a forged one is a forgery, whatever it says."""
    def token(ppt, signed=True, **claims):
        header = {"alg": "ES256", "ppt": ppt, "typ": "passport", "x5u": BASE + "/sp.pem"}
        body = {"dest": {"tn": [DEST]}, "iat": int(time.time()), "orig": {"tn": ORIG}, **claims}
        made = forge(lab, header, body) if signed else \
            f"{b64(header)}.{b64(body)}.{b64(bytes(31) + b'1' + bytes(31) + b'1')}"
        return f"{made};info=<{BASE}/sp.pem>;alg=ES256;ppt={ppt}"

    def unsigned(ppt, **claims):
        return token(ppt, False, **claims)

    bad = {"nam": "Q"}
    zero = "sha256-" + "A" * 43
    esnet = {"rph": {"auth": ["ets.0"]}}
    rows = [
        # claims, options: the outcome when it is signed, and when it is not
        ("rph", {}, [], "SK_CLAIM_MISSING", "SK_BAD_SIGNATURE"),
        ("rph", {"rph": {"auth": []}}, [], "SK_CLAIM_TYPE", "SK_BAD_SIGNATURE"),
        ("rph", {**esnet, "sph": "psap-callback"}, [], "SK_CLAIM_TYPE", "SK_BAD_SIGNATURE"),
        ("rph", esnet, [], "SK_OK", "SK_BAD_SIGNATURE"),
        ("rph", esnet, ["--resource-priority", "ets.0"], "SK_OK", "SK_BAD_SIGNATURE"),
        ("rph", esnet, ["--resource-priority", "ets.1"], "SK_RPH_MISMATCH", "SK_BAD_SIGNATURE"),
        ("rcd", {}, [], "SK_CLAIM_MISSING", "SK_BAD_SIGNATURE"),
        ("rcd", {"rcd": {}}, [], "SK_RCD_INVALID", "SK_BAD_SIGNATURE"),
        ("rcd", {"rcd": bad, "rcdi": {"/nam": zero}}, [], "SK_RCD_INVALID", "SK_BAD_SIGNATURE"),
        ("rcd", {"rcd": bad}, [], "SK_OK", "SK_BAD_SIGNATURE"),
        ("div", {}, [], "SK_CLAIM_MISSING", "SK_CLAIM_MISSING"),
        ("div", {"div": {"tn": [FROM]}}, [], "SK_CLAIM_TYPE", "SK_CLAIM_TYPE"),
        ("div", {"div": {"tn": FROM}}, [], "SK_OK", "SK_BAD_SIGNATURE"),
    ]
    for ppt, claims, more, *wants in rows:
        for signed, want in zip((True, False), wants):
            answer, seen = judge(lab, [token(ppt, signed, **claims)], "--ppt", ppt, *more)
            check(seen["outcome"] == want and answer.status == (want != "SK_OK"),
                  f"{ppt} {claims} {more}, signed: {signed}", answer)
    plain = shaken("verify", *call(), "--ppt", "rcd",
                   unsigned("rcd", rcd={"nam": "\u009b2J"}, crn="x"))
    check("outcome" in plain.out and "\x1b" not in plain.out, "no control characters", plain)
    zoe = shaken("verify", *call(), "--ppt", "rcd", unsigned("rcd", rcd={"nam": "Zo\u00eb"}))
    check("Zo\\xc3\\xab" in zoe.out, "a name in rows", zoe)


def test_rules(lab):
    """Where the documents disagree: the outcome, and the code that answers it."""
    body = {"attest": "A", "dest": {"tn": [DEST]}, "iat": int(time.time()), "orig": {"tn": ORIG},
            "origid": "123e4567-e89b-12d3-a456-426655440000"}
    header = {"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": BASE + "/sp.pem"}

    def token(end=f";info=<{BASE}/sp.pem>;alg=ES256;ppt=shaken", **changes):
        return forge(lab, {k: v for k, v in {**header, **changes}.items() if v}, body) + end

    bare = f";info=<{BASE}/sp.pem>;ppt=shaken"
    rows = [
        # the token: of atis, rfc8224 and man the outcome and the code
        ("good", token(), [("SK_OK", 0)] * 3),
        ("no alg parameter", token(bare), [("SK_OK", 0), ("SK_OK", 0), ("SK_ALG_UNSUPPORTED", 437)]),
        ("a parameter more", token() + ";more=1", [("SK_OK", 0), ("SK_OK", 0), ("SK_IDENTITY_PARAMS", 438)]),
        ("unknown type", token(bare.replace("shaken", "zzz")),
         [("SK_PPT_UNKNOWN", 0), ("SK_PPT_UNKNOWN", 0), ("SK_PPT_PARAM", 438)]),
        ("no x5u", token(x5u=None), [("SK_HEADER_CLAIM", code) for code in (436, 438, 436)]),
        ("typ", token(typ="jwt"), [("SK_TYP_INVALID", code) for code in (437, 438, 437)]),
        ("forged", ".".join(token().split(".")[:2] + token(typ="jwt").split(".")[2:]), [("SK_BAD_SIGNATURE", 438)] * 3),
    ]
    for what, value, wants in rows:
        for rules, want in zip(("atis", "rfc8224", "man"), wants):
            answer, seen = judge(lab, [value], "--rules", rules)
            check((seen["outcome"], seen["code"]) == want and answer.status == (want[0] != "SK_OK"),
                  f"{what} by {rules}: {want}", answer)
        answer, seen = judge(lab, [value])
        check((seen["outcome"], seen["code"]) == wants[0], f"{what}: atis when nothing is said", answer)
    told = shaken("verify", "--rules", "rfc8224", *call(), token(typ="jwt"))
    check("438 Invalid Identity Header" in told.out, "in rows, too", told)


def test_several(lab):
    good, rcd = make(lab, "--attest", "A"), make(lab, "--ppt", "rcd", "--rcd-name", "Q")
    other = make(lab, "--attest", "A", key="expired")
    rows = [
        ([good], [], ["SK_OK"], 0),
        ([good, good], [], ["SK_OK", "SK_OK"], 0),
        (["Identity: " + good, "y: " + rcd], ["--ppt", "any"], ["SK_OK", "SK_OK"], 0),
        ([good, rcd], [], ["SK_OK", "SK_PPT_PARAM"], 1),
        ([good + "," + rcd], ["--ppt", "any"], ["SK_OK", "SK_OK"], 0),
        (["rubbish", good], [], ["SK_TOKEN_SYNTAX", "SK_OK"], 1),
        ([other, good], [], ["SK_BAD_SIGNATURE", "SK_OK"], 1),
        (["Identity: " + good.replace(";info", "\r\n ;info"), "", good],
         [], ["SK_OK", "SK_OK"], 0),
    ]
    for lines, more, want, status in rows:
        answer, seen = judge(lab, lines, *more)
        seen = seen if isinstance(seen, list) else [seen]
        check([s["outcome"] for s in seen] == want and answer.status == status, f"{want}", answer)
    args = ["verify", "--trust", lab.path("root.pem"), "--certificate", lab.path("sp.pem"), *call()]
    plain = shaken(*args, good, rcd)
    check(plain.out.count("outcome") == 2 and "\n\n" in plain.out and plain.status == 1,
          "as arguments, in rows", plain)
    gone = shaken("verify", "--json", "--certificate", "/nowhere.pem", *call(), good, good)
    check(gone.status == 3 and "/nowhere.pem" in gone.err, "our fault is status 3", gone)


LAB = Lab()
test_sign(LAB)
test_wrong_use(LAB)
test_verify(LAB)
test_rules(LAB)
test_claims(LAB)
test_several(LAB)
result()
