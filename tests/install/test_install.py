#!/usr/bin/env python3
"""The installed library: headers, pkg-config file and a small program built against them."""
import os
import subprocess
import sys
import tempfile

ROOT = os.environ["SOURCE_ROOT"]
BUILD = os.environ["BUILD_ROOT"]
passed = failed = 0


def check(ok, what):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print(f"FAILED: {what}")


def run(*args, env=None):
    return subprocess.run(args, capture_output=True, text=True, env=dict(os.environ, **(env or {})))


def find(top, name):
    return [os.path.join(d, name) for d, _, files in os.walk(top) if name in files]


with tempfile.TemporaryDirectory() as top:
    r = run("meson", "install", "-C", BUILD, "--destdir", top, "--no-rebuild", "--quiet")
    check(r.returncode == 0, f"meson install: {r.stderr}")
    pc = find(top, "shaken.pc")
    check(len(pc) == 1, "one shaken.pc is installed")
    for name in ("shaken.h", "libshaken.so", "libshaken.a", "shaken", "shaken-redirector",
                 "shaken.1", "shaken-redirector.8", "shaken-redirector-numbers.8",
                 "shaken-redirector.yaml.5"):
        check(find(top, name), f"{name} is installed")
    env = {"PKG_CONFIG_PATH": os.path.dirname(pc[0]), "PKG_CONFIG_SYSROOT_DIR": top,
           "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1", "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1"}
    flags = run("pkg-config", "--cflags", "--libs", "shaken", env=env)
    check(flags.returncode == 0, f"pkg-config: {flags.stderr}")
    # the sysroot is put before every path; those of the system's own libraries lose it again
    words = [w if top not in w or os.path.exists(w.replace("-I", "").replace("-L", ""))
             else w.replace(top, "") for w in flags.stdout.split()]
    exe = os.path.join(top, "hello")
    sanitized = ["-fsanitize=address,undefined"] if "address" in run(
        "meson", "introspect", "--buildoptions", BUILD).stdout.split('"b_sanitize"', 1)[-1][:400] else []
    r = run("cc", "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", *sanitized,
            os.path.join(ROOT, "tests/install/hello.c"), "-o", exe, *words)
    check(r.returncode == 0, f"a program builds against the installed library: {r.stderr}")
    lib = os.path.dirname(find(top, "libshaken.so")[0])
    key = os.path.join(ROOT, "tests/vectors/keys/draft-stir-passport.key.pem")
    r = run(exe, key, env={"LD_LIBRARY_PATH": lib, "ASAN_OPTIONS": "detect_leaks=0"})
    check(r.returncode == 0 and r.stdout.count(".") >= 2 and ";ppt=shaken" in r.stdout,
          f"it signs: {r.stdout}{r.stderr}")
    # the part that is signed is known to the byte (tests/vectors/passports/generated.json, ok-A)
    check(r.stdout.startswith("eyJhbGciOiJFUzI1NiIsInBwdCI6InNoYWtlbiIsInR5cCI6InBhc3Nwb3J0Ii"),
          "the header is the known one")

print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
