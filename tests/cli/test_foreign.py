#!/usr/bin/env python3
"""Others verify what we sign, and we verify what others sign: jose, secsipidx, printed vectors."""

import json
import os
import re

from kit import BASE, DEST, ORIG, SOURCE, Lab, check, result, run, shaken_json

VECTORS = os.path.join(SOURCE, "tests", "vectors")


def b64url(data):
    answer = run("jose", "b64", "enc", "-I", "-", text=data)
    return answer.out.strip()


def public_key(lab, name):
    path = lab.path(name + ".pub")
    answer = run("openssl", "pkey", "-in", lab.path(name + ".key"), "-pubout", "-out", path)
    check(answer.status == 0, f"public key of {name}", answer)
    return path


def jwk(lab, name):
    """The public key as JWK, from what openssl prints: 04, then x and y."""
    text = run("openssl", "ec", "-in", lab.path(name + ".key"), "-noout", "-text").out
    digits = re.search(r"pub:\s*((?:[0-9a-f]{2}[:\s]*)+)", text).group(1)
    point = bytes.fromhex(re.sub(r"[:\s]", "", digits))
    check(len(point) == 65 and point[0] == 4, "an uncompressed point", point)
    path = lab.path(name + ".jwk")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"kty": "EC", "crv": "P-256", "x": b64url(point[1:33]),
                   "y": b64url(point[33:])}, file)
    return path


def test_jose(lab):
    token = lab.sign().split(";")[0]
    keys = [jwk(lab, "sp"), jwk(lab, "constraint"), jwk(lab, "revoked")]
    for key in keys:
        answer = run("jose", "jws", "ver", "-i", "-", "-k", key, "-O", "-", text=token)
        good = key == keys[0]
        check((answer.status == 0) == good, f"jose with {os.path.basename(key)}", answer)
        if good:
            check(json.loads(answer.out)["orig"] == {"tn": ORIG}, "jose's payload", answer)


def test_secsipidx_checks(lab):
    with open(lab.path("identity"), "w", encoding="utf-8") as file:
        file.write(lab.sign())
    for name, good in [("sp", True), ("constraint", False)]:
        answer = run("secsipidx", "-check", "-fidentity", lab.path("identity"), "-fpubkey",
                     public_key(lab, name), "-expire", "60")
        check((answer.status == 0 and answer.out.strip() == "ok") == good,
              f"secsipidx with the key of {name}", answer)


def test_secsipidx_signs(lab):
    for attest in "ABC":
        answer = run("secsipidx", "-sign-full", "-orig-tn", ORIG, "-dest-tn", DEST, "-attest",
                     attest, "-x5u", BASE + "/sp.pem", "-k", lab.path("sp.key"))
        check(answer.status == 0, "secsipidx signs", answer)
        verdict, seen = lab.judge(answer.out)
        check(verdict.status == 0 and seen["attest"] == attest, f"secsipidx, attest {attest}",
              verdict)
        verdict, seen = lab.judge(answer.out, "constraint")
        check(verdict.status == 1, "secsipidx against another certificate", verdict)


def test_vectors():
    """The tokens of the vectors with a certificate for their key, valid in their year."""
    lab = Lab("--draft-key", os.path.join(VECTORS, "keys", "draft-stir-passport.key.pem"))
    with open(os.path.join(VECTORS, "passports", "generated.json"), encoding="utf-8") as file:
        cases = {case["name"]: case for case in json.load(file)}
    case = cases["ok-A"]
    args = ["verify", "--json", "--trust", lab.path("root.pem"), "--certificate",
            lab.path("draft.pem"), "--orig", case["call_orig"], "--dest", case["call_dest"]]
    answer, seen = shaken_json(*args, "--now", str(case["now"]), case["identity"])
    check(seen.get("verstat") == case["expect"]["verstat"], "ok-A", answer)
    answer, seen = shaken_json(*args, "--now", str(case["now"] + 3600), case["identity"])
    check(seen.get("outcome") == "SK_IAT_STALE", "ok-A an hour later", answer)
    args[args.index(lab.path("draft.pem"))] = lab.path("sp.pem")
    answer, seen = shaken_json(*args, "--now", str(case["now"]), case["identity"])
    check(answer.status == 1, "ok-A with another certificate", answer)


LAB = Lab()
test_jose(LAB)
test_secsipidx_checks(LAB)
test_secsipidx_signs(LAB)
test_vectors()
result()
