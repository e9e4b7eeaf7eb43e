#!/usr/bin/env python3
"""What `meson install` lays out: every file and its mode, a unit that systemd takes, and a library
that a small program can be built against."""
import filecmp
import glob
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile

ROOT = os.environ["SOURCE_ROOT"]
BUILD = os.environ["BUILD_ROOT"]
EXPOSURE_MAX = 20                     # of systemd-analyze security, in tenths
UNIT = "shaken-redirector.service"
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


def option(name):
    """A choice of this build."""
    text = run("meson", "introspect", "--buildoptions", BUILD).stdout
    found = re.search(r'"name": "%s", "value": "?([^",}]*)' % name, text)
    return found.group(1) if found else ""


def install(top):
    r = run("meson", "install", "-C", BUILD, "--destdir", top, "--no-rebuild", "--quiet")
    check(r.returncode == 0, f"meson install: {r.stderr}")


def places(top):
    """Where things lie below `top`: by the prefix of this build."""
    prefix = option("prefix")
    etc = os.path.join(prefix, option("sysconfdir"))
    return {"sbin": prefix + "/sbin", "bin": prefix + "/bin", "lib": prefix + "/" + option("libdir"),
            "include": prefix + "/include/shaken", "man": prefix + "/share/man",
            "doc": prefix + "/share/doc/shaken-redirector", "etc": etc,
            "conf": etc + "/shaken-redirector", "systemd": prefix + "/lib"}


def test_files(top, at):
    """place, file, mode"""
    rows = [
        ("sbin", "shaken-redirector", 0o755), ("bin", "shaken", 0o755),
        ("lib", "libshaken.so", None), ("lib", "libshaken.a", 0o644), ("lib", "pkgconfig/shaken.pc", 0o644),
        ("include", "shaken.h", 0o644), ("man", "man1/shaken.1", 0o644),
        ("man", "man8/shaken-redirector.8", 0o644), ("man", "man8/shaken-redirector-numbers.8", 0o644),
        ("man", "man5/shaken-redirector.yaml.5", 0o644),
        ("doc", "README.md", 0o644), ("doc", "CHANGES.md", 0o644), ("doc", "LICENSE", 0o644),
        ("doc", "packaging.md", 0o644), ("doc", "operating.md", 0o644), ("doc", "keys.md", 0o644),
        ("doc", "examples/redirector.yaml", 0o644), ("doc", "examples/tenants/northwind.yaml", 0o644),
        ("doc", "examples/kamailio/redirector.cfg", 0o644),
        ("conf", "redirector.yaml", 0o640), ("etc", "logrotate.d/shaken-redirector", 0o644),
        ("systemd", "systemd/system/" + UNIT, 0o644),
        ("systemd", "sysusers.d/shaken-redirector.conf", 0o644),
        ("systemd", "tmpfiles.d/shaken-redirector.conf", 0o644),
        ("systemd", "sysctl.d/60-shaken-redirector.conf", 0o644),
    ]
    for place, name, mode in rows:
        path = top + at[place] + "/" + name
        if not os.path.exists(path):
            check(False, f"{path[len(top):]} is not installed")
            continue
        got = stat.S_IMODE(os.stat(path).st_mode)
        check(mode is None or got == mode, f"{path[len(top):]}: mode {got:o}, want {mode or 0:o}")
    check(not find(top, "meson.build") and not find(top, "shaken-redirector.service.in"), "nothing of the build")
    for folder, _, files in os.walk(top):
        for name in files:
            mode = os.lstat(os.path.join(folder, name)).st_mode
            check(stat.S_ISLNK(mode) or not mode & 0o6022, f"{folder}/{name}: mode {mode:o}")
    for doc in glob.glob(ROOT + "/docs/*.md"):
        check(os.path.exists(top + at["doc"] + "/" + os.path.basename(doc)), f"{doc} is installed")


def test_again(top, at):
    """A second installation leaves the operator's configuration alone, and renews the rest."""
    conf, unit = top + at["conf"] + "/redirector.yaml", find(top, UNIT)[0]
    for path in conf, unit:
        with open(path, "a", encoding="utf-8") as f:
            f.write("# changed by the operator\n")
    install(top)
    check("by the operator" in open(conf, encoding="utf-8").read(), "the configuration stays")
    check("by the operator" not in open(unit, encoding="utf-8").read(), "the unit is the package's")
    os.unlink(conf)
    install(top)
    check(filecmp.cmp(conf, ROOT + "/packaging/redirector.yaml", False), "one that is gone comes anew")


def test_paths(top, at):
    """Nothing that is installed names a place where it is not, nor where it was built."""
    for path in (find(top, UNIT) + glob.glob(top + at["systemd"] + "/*.d/*") +
                 [top + at["etc"] + "/logrotate.d/shaken-redirector"]):
        text = open(path, encoding="utf-8").read()
        check("@" not in re.sub(r"@[a-z-]+\b(?!@)", "", text), f"{path}: something is not filled in")
        check(BUILD not in text and ROOT not in text, f"{path}: names the place of the build")
        for word in re.findall(r"(?:%s)/[\w./-]*" % "|".join(re.escape(v) for v in set(at.values())), text):
            known = os.path.exists(top + word) or word.startswith(at["conf"] + "/")
            check(known or word == "/usr/sbin/nologin", f"{path}: there is no {word}")


def test_config(top, at):
    """What is installed can be started as it is, and serves this machine alone."""
    daemon, conf = top + at["sbin"] + "/shaken-redirector", top + at["conf"] + "/redirector.yaml"
    r = run(daemon, "-c", conf, "--check")
    check(r.returncode == 0, f"--check of the installed configuration: {r.stderr}")
    r = run(daemon, "-c", conf, "--print-config")
    listen = re.search(r"^  listen: (.*)$", r.stdout, re.M)
    check(listen and listen.group(1) == '["udp:127.0.0.1:5060"]', f"it listens on loopback: {r.stdout[:200]}")
    live = open(conf, encoding="utf-8").read()
    os.makedirs(top + "/tenants")
    edited = top + "/edited.yaml"      # what is in comments is right, too
    with open(edited, "w", encoding="utf-8") as f:
        f.write(re.sub(r"^#(?=[a-z]+:$|  [a-z])", "", live, flags=re.M))
    r = run(daemon, "-c", edited, "--print-config")
    check(r.returncode == 0 and "https://certs.example.net/sp.pem" in r.stdout,
          f"with its comments it is a configuration: {r.stderr}")


def fake_root(top):
    """Enough of a system around it for systemd-analyze."""
    for folder in ("/lib/systemd/system", "/usr/lib/systemd/system"):
        if os.path.isdir(folder) and not os.path.isdir(top + folder + "/sysinit.target.wants"):
            shutil.copytree(folder, top + folder, symlinks=True, dirs_exist_ok=True)
    os.makedirs(top + "/bin", exist_ok=True)
    shutil.copy("/bin/true", top + "/bin/kill")     # procps has it; here it need only be there


def verify(top, unit):
    r = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=one", "--root=" + top, unit)
    return r.returncode, "\n".join(line for line in r.stderr.split("\n") if "shaken" in line)


def test_unit(top):
    fake_root(top)
    unit = find(top, UNIT)[0]
    code, said = verify(top, unit)
    check(code == 0 and said == "", f"systemd-analyze verify: {code} {said}")
    good = open(unit, encoding="utf-8").read()
    for what, old, new in (("an unknown setting", "LimitCORE=0", "LimitCores=0"),
                           ("a program that is not there", "/sbin/shaken", "/sbin/chaken"),
                           ("a filter that does not exist", "@system-service", "@system-servants")):
        check(old in good, what)
        with open(unit, "w", encoding="utf-8") as f:
            f.write(good.replace(old, new))
        code, said = verify(top, unit)
        check(code != 0 or said != "", f"{what} is noticed")
    with open(unit, "w", encoding="utf-8") as f:
        f.write(good)
    r = run("systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE_MAX}", unit)
    level = re.search(r"Overall exposure level.*?: ([\d.]+)", r.stdout)
    check(r.returncode == 0 and level, f"systemd-analyze security: {r.stdout[-300:]}{r.stderr}")
    print("exposure", level.group(1) if level else "unknown")


def test_user(top):
    """systemd-sysusers makes the user, systemd-tmpfiles gives it what is its own."""
    os.makedirs(top + "/etc", exist_ok=True)
    shutil.copy("/etc/passwd", top + "/etc/passwd")
    shutil.copy("/etc/group", top + "/etc/group")
    r = run("systemd-sysusers", "--root=" + top)
    line = [u for u in open(top + "/etc/passwd", encoding="utf-8").read().split("\n")
            if u.startswith("shaken-redirector:")]
    check(r.returncode == 0 and len(line) == 1, f"systemd-sysusers: {r.stderr}")
    if not line:
        return
    uid, gid, home, shell = (line[0].split(":")[i] for i in (2, 3, 5, 6))
    check(int(uid) > 0 and home == "/var/lib/shaken-redirector" and shell == "/usr/sbin/nologin", line[0])
    r = run("systemd-tmpfiles", "--create", "--root=" + top, "shaken-redirector.conf")
    check(r.returncode == 0, f"systemd-tmpfiles: {r.stderr}")
    conf = places(top)["conf"]
    for name, mode, owner, group in (("", 0o750, 0, gid), ("/redirector.yaml", 0o640, 0, gid),
                                     ("/tenants", 0o750, 0, gid), ("/roots", 0o750, 0, gid),
                                     ("/keys", 0o700, uid, gid)):
        s = os.stat(top + conf + name)
        check((stat.S_IMODE(s.st_mode), s.st_uid, s.st_gid) == (mode, int(owner), int(group)),
              f"{conf}{name}: {stat.S_IMODE(s.st_mode):o} {s.st_uid}:{s.st_gid}")


def test_library(top):
    pc = find(top, "shaken.pc")
    check(len(pc) == 1, "one shaken.pc is installed")
    env = {"PKG_CONFIG_PATH": os.path.dirname(pc[0]), "PKG_CONFIG_SYSROOT_DIR": top,
           "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1", "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1"}
    flags = run("pkg-config", "--cflags", "--libs", "shaken", env=env)
    check(flags.returncode == 0, f"pkg-config: {flags.stderr}")
    # the sysroot is put before every path; those of the system's own libraries lose it again
    words = [w if top not in w or os.path.exists(w.replace("-I", "").replace("-L", ""))
             else w.replace(top, "") for w in flags.stdout.split()]
    exe = os.path.join(top, "hello")
    sanitized = ["-fsanitize=address,undefined"] if "address" in option("b_sanitize") else []
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


def main():
    with tempfile.TemporaryDirectory() as top:
        install(top)
        at = places(top)
        test_files(top, at)
        test_paths(top, at)
        test_config(top, at)
        test_again(top, at)
        test_unit(top)
        test_user(top)
        test_library(top)
    print(f"{passed} passed, {failed} failed")
    return failed > 0


sys.exit(main())
