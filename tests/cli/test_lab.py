#!/usr/bin/env python3
"""The throw-away PKI: each wrong certificate is refused for its own reason, by us and by OpenSSL."""

import os
import stat

from kit import BASE, DEST, ORIG, Lab, check, result, run, shaken, shaken_json

# name, attestation, signed with its own key, what the verdict is
VERDICTS = [
    ("sp", "A", True, "SK_OK"),
    ("expired", "A", True, "SK_CERT_EXPIRED"),
    ("notyet", "A", True, "SK_CERT_NOT_YET"),
    ("revoked", "A", True, "SK_CERT_REVOKED"),
    ("wrong-curve", "A", False, "SK_CERT_PROFILE"),
    ("rsa", "A", False, "SK_CERT_PROFILE"),
    ("ca-leaf", "A", True, "SK_CERT_PROFILE"),
    ("no-tnauth", "A", True, "SK_CERT_TNAUTH"),
    ("two-spc", "A", True, "SK_CERT_TNAUTH"),
    ("tnauth-malformed", "A", True, "SK_CERT_TNAUTH"),
    ("delegate", "A", True, "SK_CERT_TNAUTH"),
    ("delegate-good", "A", True, "SK_CERT_TNAUTH"),
    ("no-keyusage", "A", True, "SK_CERT_PROFILE"),
    ("sha384", "A", True, "SK_OK"),
    ("untrusted", "A", True, "SK_CERT_UNTRUSTED"),
    ("self-signed", "A", True, "SK_CERT_UNTRUSTED"),
    ("wrong-issuer-order", "A", True, "SK_CERT_PROFILE"),
    ("constraint", "A", True, "SK_CONSTRAINT"),
    ("constraint", "B", True, "SK_OK"),
    ("constraint", "C", True, "SK_OK"),
    ("long-chain", "A", True, "SK_CERT_SYNTAX"),
]
BAD = sorted({row[0] for row in VERDICTS} - {"sp"})
CLASSES = {"SK_OK": 0, "SK_CONSTRAINT": 438}


def test_files(lab):
    keys = ["root", "intermediate", "other-root", "sp", "tls", "tls-other", "admin",
            "ca-list-signer"] + BAD
    want = {name + ".key" for name in keys} | {name + ".pem" for name in keys}
    want |= {"tls-ca.pem", "crl.pem", "expired-crl.pem", "redirector.yaml", "admin-crl.pem",
             "ca-list.jws"}
    check(set(os.listdir(lab.dir)) == want, "the files", set(os.listdir(lab.dir)) ^ want)
    for name in sorted(want):
        mode = stat.S_IMODE(os.stat(lab.path(name)).st_mode)
        check(mode == (0o600 if name.endswith(".key") else 0o644), f"mode of {name}", oct(mode))
    for name in BAD:
        check(f"  {name} " in lab.made.out, f"the table names {name}", lab.made)
        line = f'"{BASE}/{name}.pem": {name}.pem\n'
        # a file that is no chain would keep the redirector from starting
        check((line in lab.read("redirector.yaml")) == (name != "long-chain"), f"{name} in yaml")


def test_again(lab):
    before = lab.read("root.pem")
    answer = shaken("lab", lab.dir)
    check(answer.status == 3 and "--force" in answer.err, "no overwriting", answer)
    check(lab.read("root.pem") == before, "nothing was touched")
    check(shaken("lab", "--force", lab.dir).status == 0, "--force")
    check(lab.read("root.pem") != before, "--force makes it anew")


def test_options():
    lab = Lab("--x5u-base", "https://10.1.2.3:9443/certs", "--listen", "127.0.0.1:5999", "--days",
              "2")
    yaml = lab.read("redirector.yaml")
    check('x5u: "https://10.1.2.3:9443/certs/sp.pem"' in yaml, "--x5u-base", yaml)
    check('"udp:127.0.0.1:5999"' in yaml, "--listen", yaml)
    names = run("openssl", "x509", "-in", lab.path("tls.pem"), "-noout", "-ext", "subjectAltName")
    check("IP Address:10.1.2.3" in names.out, "the host of --x5u-base is in tls.pem", names)
    for days, status in [(1, 0), (3, 1)]:
        answer = run("openssl", "x509", "-in", lab.path("sp.pem"), "-noout", "-checkend",
                     str(days * 86400))
        check(answer.status == status, f"--days 2: valid in {days} days", answer)


def openssl_verify(lab, name, *more, root="root.pem"):
    return run("openssl", "verify", "-x509_strict", "-CAfile", lab.path(root), "-untrusted",
               lab.path(name), *more, lab.path(name))


def test_openssl(lab):
    crl = ["-extended_crl", "-crl_check_all", "-CRLfile"]
    rows = [
        ("sp.pem", crl + [lab.path("crl.pem")], None),
        ("constraint.pem", crl + [lab.path("crl.pem")], None),
        ("wrong-curve.pem", [], None),
        ("long-chain.pem", [], None),
        ("revoked.pem", [], None),
        ("revoked.pem", crl + [lab.path("crl.pem")], "certificate revoked"),
        ("sp.pem", crl + [lab.path("expired-crl.pem")], "CRL has expired"),
        ("expired.pem", [], "certificate has expired"),
        ("notyet.pem", [], "not yet valid"),
        ("untrusted.pem", [], "self-signed certificate in certificate chain"),
        ("self-signed.pem", [], "self-signed certificate"),
    ]
    for name, more, error in rows:
        answer = openssl_verify(lab, name, *more)
        good = answer.status == 0 if error is None else error in answer.err + answer.out
        check(good, f"openssl verify {name}: {error}", answer)
    check(openssl_verify(lab, "untrusted.pem", root="other-root.pem").status == 0, "other root")
    for name, host, good in [("tls.pem", "certs.lab.example", True), ("tls.pem", "localhost", True),
                             ("tls.pem", "other.lab.example", False),
                             ("tls-other.pem", "other.lab.example", True),
                             ("tls-other.pem", "localhost", False)]:
        answer = openssl_verify(lab, name, "-purpose", "sslserver", "-verify_hostname", host,
                                root="tls-ca.pem")
        check((answer.status == 0) == good, f"{name} for {host}", answer)


def test_verdicts(lab):
    for name, attest, own, outcome in VERDICTS:
        token = lab.sign(name if own else "sp", name, attest)
        answer, seen = lab.judge(token, name)
        check(seen.get("outcome") == outcome, f"{name} with attest {attest}: {outcome}", answer)
        check(answer.status == (0 if outcome == "SK_OK" else 1), f"{name}: status", answer)
        check(seen.get("code") == CLASSES.get(outcome, 437), f"{name}: SIP code", answer)
    _, seen = lab.judge(lab.sign("revoked"), "revoked", "--now", "1")
    check(seen.get("outcome") == "SK_IAT_STALE", "the cheap checks come first", seen)


def test_crl_signer(lab):
    """The administrator's indirect list, with and without its signer; a list that counts for nobody is told."""
    with open(lab.path("admin-crl.pem"), encoding="ascii") as file:
        lines = file.read().split("\n")
    at = next(i for i, line in enumerate(lines) if "END" in line) - 2
    lines[at] = lines[at][:50] + ("A" if lines[at][50] != "A" else "B") + lines[at][51:]
    with open(lab.path("forged-crl.pem"), "w", encoding="ascii") as file:
        file.write("\n".join(lines))
    admin, other = ["--crl-signer", lab.path("admin.pem")], ["--crl-signer", lab.path("other-root.pem")]
    told = "signed by nobody of --trust and --crl-signer"
    rows = [
        ("revoked", "admin-crl.pem", admin, "SK_CERT_REVOKED", False),
        ("revoked", "admin-crl.pem", [], "SK_OK", True),
        ("revoked", "admin-crl.pem", other, "SK_OK", True),
        ("revoked", "forged-crl.pem", admin, "SK_OK", True),
        ("revoked", "crl.pem", [], "SK_CERT_REVOKED", False),
        ("sp", "admin-crl.pem", admin, "SK_OK", False),
        ("sp", "admin-crl.pem", admin + ["--crl-required"], "SK_OK", False),
        ("sp", "admin-crl.pem", ["--crl-required"], "SK_CRL_INVALID", True),
    ]
    for name, crl, more, outcome, note in rows:
        trust = ["--trust", lab.path("root.pem"), "--crl", lab.path(crl), *more]
        chain, what = lab.path(name + ".pem"), f"{name} {crl} {more}"
        answer = shaken("cert", *trust, chain)
        check(f"{outcome}: " in answer.out.split("verdict")[1], f"cert {what}: {outcome}", answer)
        check((told in answer.err and crl in answer.err) == note, f"cert {what}: note", answer)
        token = lab.sign(name)
        answer = shaken("verify", *trust, "--certificate", chain, "--orig", ORIG, "--dest", DEST, "--json", token)
        check(f'"{outcome}"' in answer.out, f"verify {what}: {outcome}", answer)
        check((told in answer.err) == note, f"verify {what}: note", answer)
    answer = shaken("cert", "--trust", lab.path("root.pem"), *admin, lab.path("sp.pem"))
    check(answer.status == 2 and "--crl-signer needs --crl" in answer.err, "a signer of nothing", answer)
    answer = shaken("cert", "--trust", lab.path("root.pem"), "--crl", lab.path("crl.pem"), "--crl-signer", lab.path("sp.key"), lab.path("sp.pem"))
    check(answer.status == 3, "a signer that is a key", answer)
    os.unlink(lab.path("forged-crl.pem"))


def test_rules(lab):
    """Each rule with and without."""
    expired = ["--crl", lab.path("expired-crl.pem")]
    rows = [
        ("sp", ["--profile", "strict", "--no-p384"], "SK_OK"),
        ("sp", ["--crl", lab.path("crl.pem"), "--crl-required"], "SK_OK"),
        ("sp", [], "SK_OK"),
        ("sp", ["--crl-required"], "SK_CRL_INVALID"),
        ("sp", expired + ["--crl-required"], "SK_CRL_INVALID"),
        ("sha384", [], "SK_OK"),
        ("sha384", ["--no-p384"], "SK_CERT_PROFILE"),
        ("delegate", [], "SK_CERT_TNAUTH"),
        ("delegate", ["--delegates"], "SK_CERT_TNAUTH"),
        ("delegate-good", [], "SK_CERT_TNAUTH"),
        ("revoked", [], "SK_OK"),
    ]
    for name, more, outcome in rows:
        path = lab.path(name + ".pem")
        trust = ["--trust", lab.path("root.pem"), *more]
        answer, seen = shaken_json("verify", "--json", *trust, "--certificate", path, "--orig",
                                   ORIG, "--dest", DEST, lab.sign(name))
        check(seen.get("outcome") == outcome, f"verify {name} {more}: {outcome}", answer)
        answer, seen = shaken_json("cert", "--json", *trust, path)
        check(seen["verdict"]["outcome"] == outcome, f"cert {name} {more}: {outcome}", answer)


def test_crosswise(lab):
    other = Lab()
    names = sorted({row[0] for row in VERDICTS if row[2]})
    for key in names:
        token = lab.sign(key, "sp", "B")
        for name in names:
            if name == key:
                continue
            answer, seen = lab.judge(token, name)
            check(answer.status == 1, f"token of {key} with certificate {name}", answer)
            if name in ("sp", "constraint"):
                check(seen.get("outcome") == "SK_BAD_SIGNATURE", f"{key}, {name}", answer)
    _, seen = other.judge(lab.sign(), "sp")
    check(seen.get("outcome") == "SK_BAD_SIGNATURE", "the other laboratory's certificate", seen)
    _, seen = shaken_json("verify", "--json", "--trust", other.path("root.pem"), "--certificate",
                          lab.path("sp.pem"), "--orig", ORIG, "--dest", DEST,
                          lab.sign())
    check(seen.get("outcome") == "SK_CERT_UNTRUSTED", "the other laboratory's root", seen)


LAB = Lab()
test_files(LAB)
test_options()
test_openssl(LAB)
test_verdicts(LAB)
test_rules(LAB)
test_crl_signer(LAB)
test_crosswise(LAB)
test_again(LAB)
result()
