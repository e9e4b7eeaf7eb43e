"""What the tests of the command share: running it, counting, and a fresh laboratory."""

import json
import os
import subprocess
import sys
import tempfile

SHAKEN = os.path.join(os.environ["BUILD_ROOT"], "cli", "shaken")
SOURCE = os.environ["SOURCE_ROOT"]
ORIG, DEST = "12155551212", "12155551213"
BASE = "https://certs.lab.example"

_passed = 0
_failed = 0


def check(condition, what, *context):
    """Counts; a failing case names itself and shows what there was instead."""
    global _passed, _failed
    if condition:
        _passed += 1
        return
    _failed += 1
    print("FAILED:", what, *[str(c) for c in context], file=sys.stderr)


def result():
    print(f"{_passed} passed, {_failed} failed")
    sys.exit(1 if _failed or not _passed else 0)


class Answer:
    def __init__(self, done):
        self.status = done.returncode
        self.out = done.stdout.decode("utf-8", "backslashreplace")
        self.err = done.stderr.decode("utf-8", "backslashreplace")

    def __str__(self):
        return f"[status {self.status}]\n{self.out}\n{self.err}"


def run(program, *args, text=None, cwd=None):
    """Runs a program with `text` on standard input; one that is missing is an error."""
    data = text.encode() if isinstance(text, str) else text
    done = subprocess.run([program, *args], input=data if data is not None else b"",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd, timeout=60,
                          check=False)
    return Answer(done)


def shaken(*args, text=None):
    return run(SHAKEN, *args, text=text)


def shaken_json(*args, text=None):
    """The answer and its object; an answer that is no JSON is a failure by itself."""
    answer = shaken(*args, text=text)
    try:
        return answer, json.loads(answer.out)
    except ValueError:
        check(False, f"{args[0]}: JSON", answer)
        return answer, {}


class Lab:
    """A throw-away laboratory, gone with the test."""

    def __init__(self, *options):
        self.folder = tempfile.TemporaryDirectory(prefix="shaken-cli-")
        self.dir = os.path.join(self.folder.name, "lab")
        self.made = shaken("lab", *options, self.dir)
        check(self.made.status == 0, "lab is made", self.made)

    def path(self, name):
        return os.path.join(self.dir, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def sign(self, key="sp", name=None, attest="A", *more):
        """An Identity value signed with one of the laboratory's keys."""
        answer = shaken("sign", "--key", self.path(key + ".key"), "--x5u",
                        f"{BASE}/{name or key}.pem", "--attest", attest, "--orig", ORIG, "--dest",
                        DEST, *more)
        check(answer.status == 0, f"signed with {key}", answer)
        return answer.out.strip()

    def judge(self, token, name="sp", *more):
        """The verdict on a token with one of the laboratory's certificates."""
        return shaken_json("verify", "--json", "--trust", self.path("root.pem"), "--crl",
                           self.path("crl.pem"), "--certificate", self.path(name + ".pem"),
                           "--orig", ORIG, "--dest", DEST, *more, text=token + "\n")
