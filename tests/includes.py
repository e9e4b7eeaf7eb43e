#!/usr/bin/env python3
"""The floors of the house: who may include whom, and how large a piece may be.

Prints one line per breach, `shaken/tn.c:2: shaken/ may not include curl/curl.h`,
then "N passed, N failed".  Sizes: files at most 400 lines, functions at most 60.
"""
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.environ.get("SOURCE_ROOT") or os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FILE_MAX, FUNCTION_MAX = 400, 60

# folder: (our folders it may include, headers from outside it may include)
FLOORS = {
    "shaken": ({"shaken"}, {"openssl/", "jansson.h"}),
    "redirector/base": ({"redirector/base", "shaken"}, set()),
    "config": ({"config", "redirector/base", "shaken"}, set()),
    "redirector/net": ({"redirector/base", "redirector/net", "shaken"},
                       {"openssl/ssl.h", "openssl/err.h", "openssl/x509v3.h"}),
    "redirector/keys": ({"redirector/base", "config", "redirector/keys", "shaken"}, {"openssl/"}),
    "redirector/certs": ({"redirector/base", "config", "redirector/certs", "shaken"},
                         {"openssl/"}),
    "redirector/numbers": ({"redirector/base", "redirector/numbers", "shaken"}, set()),
    "redirector/call": ({"redirector/base", "config", "redirector/keys", "redirector/certs",
                         "redirector/numbers", "redirector/call", "shaken"}, set()),
    "redirector/sip": ({"redirector/base", "config", "redirector/keys", "redirector/certs",
                        "redirector/numbers", "redirector/call", "redirector/net", "redirector/sip",
                        "shaken"},
                       {"sofia-sip/"}),
    "redirector/monitor": ({"redirector/base", "config", "redirector/keys", "redirector/certs",
                            "redirector/numbers", "redirector/call", "redirector/net",
                            "redirector/monitor", "shaken"}, set()),
    "redirector/http": ({"redirector/base", "config", "redirector/keys", "redirector/certs",
                         "redirector/numbers", "redirector/call", "redirector/monitor",
                         "redirector/http", "shaken"},
                        {"microhttpd.h", "gnutls/", "jansson.h"}),
    "cli": ({"cli", "shaken", "config", "redirector/base", "redirector/certs", "redirector/call"},
            {"openssl/", "jansson.h"}),
    "redirector": ({"shaken", "config", "redirector", "redirector/base", "redirector/net",
                    "redirector/keys", "redirector/certs", "redirector/numbers", "redirector/call",
                    "redirector/sip", "redirector/monitor", "redirector/http"},
                   set()),
}

# files that alone may see a library
ALONE = {
    "redirector/base/loop.c": {"sofia-sip/su_wait.h"},
    "config/yaml.c": {"yaml.h"},
    "redirector/certs/fetch.c": {"curl/"},
    "redirector/certs/store_inside.h": {"lmdb.h"},
    "redirector/certs/store_page.h": {"lmdb.h"},
    "redirector/certs/store_room.c": {"lmdb.h"},
    "redirector/certs/store_room.h": {"lmdb.h"},
    "redirector/numbers/tables.h": {"lmdb.h"},
    "redirector/certs/transfer.c": {"curl/"},
    "redirector/certs/transfer.h": {"curl/"},
    "redirector/certs/tls_store.c": {"curl/"},
    "redirector/certs/tls_store.h": {"curl/"},
}

LIBC = re.compile(r"^[a-z0-9_]+\.h$|^(sys|arpa|netinet|linux|net)/[a-z0-9_]+\.h$")
OUTSIDE = re.compile(r"^(openssl|curl|sofia-sip|systemd|microhttpd|gnutls)|^(jansson|yaml|lmdb|microhttpd)\.h$")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')


def tracked(*endings):
    out = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"],
                         capture_output=True, text=True)
    names = out.stdout.split("\n") if out.returncode == 0 else [
        os.path.relpath(os.path.join(d, f), ROOT) for d, _, fs in os.walk(ROOT) for f in fs]
    return sorted(n for n in names if n.endswith(endings) and os.path.exists(os.path.join(ROOT, n)))


def floor_of(name):
    folder = os.path.dirname(name)
    while folder and folder not in FLOORS:
        folder = os.path.dirname(folder)
    return folder


def check_include(name, line, quote, header):
    """The complaint about one include, or None."""
    floor = floor_of(name)
    ours, outside = FLOORS[floor]
    if quote == '"':
        if os.path.dirname(header) in ours:
            return None
    elif any(header.startswith(h) for h in outside | ALONE.get(name, set())):
        return None
    elif LIBC.match(header) and not OUTSIDE.match(header):
        return None
    return f"{name}:{line}: {floor}/ may not include {header}"


def check_file(name):
    complaints = []
    with open(os.path.join(ROOT, name), encoding="utf-8") as f:
        lines = f.read().split("\n")
    for n, text in enumerate(lines, 1):
        m = INCLUDE.match(text)
        if m:
            complaints.append(check_include(name, n, m.group(1), m.group(2)))
    if len(lines) - 1 > FILE_MAX:
        complaints.append(f"{name}: {len(lines) - 1} lines, more than {FILE_MAX}")
    return [c for c in complaints if c]


def long_functions(names):
    out = subprocess.run(["ctags", "-x", "--_xformat=%N %F %n %e", "--kinds-C=f"] +
                         [os.path.join(ROOT, n) for n in names],
                         capture_output=True, text=True, check=True).stdout
    for row in out.split("\n"):
        part = row.split(" ")
        if len(part) == 4 and part[3].isdigit() and int(part[3]) - int(part[2]) + 1 > FUNCTION_MAX:
            yield (f"{os.path.relpath(part[1], ROOT)}:{part[2]}: {part[0]} has "
                   f"{int(part[3]) - int(part[2]) + 1} lines, more than {FUNCTION_MAX}")


def compiles_alone(header, flags):
    """Each header brings what it needs."""
    with tempfile.NamedTemporaryFile("w", suffix=".c") as f:
        f.write(f'#include "{header}"\n#include "{header}"\nextern int alone;\n')
        f.flush()
        r = subprocess.run(["cc", "-std=gnu17", "-D_GNU_SOURCE", "-fsyntax-only", "-Wall", "-Wextra",
                            "-I", ROOT, *flags, f.name], capture_output=True, text=True)
    return None if r.returncode == 0 else f"{header}: does not compile by itself\n{r.stderr}"


def outcomes_told():
    """Every outcome of the table stands in the manual page."""
    with open(os.path.join(ROOT, "shaken/err.h"), encoding="utf-8") as f:
        names = re.findall(r"X\((SK_\w+),", f.read())
    with open(os.path.join(ROOT, "docs/man/shaken-redirector.8"), encoding="utf-8") as f:
        manual = f.read()
    return [f"docs/man/shaken-redirector.8: {n} is missing under OUTCOMES" for n in names
            if f".B {n}\n" not in manual] if names else ["shaken/err.h: no outcomes found"]


def main():
    sources = [n for n in tracked(".c", ".h") if floor_of(n)]
    results = {n: check_file(n) for n in sources}
    results["outcomes"] = outcomes_told()
    results["functions"] = list(long_functions([n for n in sources if n.endswith(".c")]))
    headers = [n for n in sources if n.endswith(".h")]
    flags = subprocess.run(["pkg-config", "--cflags", "sofia-sip-ua"], capture_output=True,
                           text=True, check=True).stdout.split()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, complaint in zip(headers, pool.map(lambda n: compiles_alone(n, flags), headers)):
            results[f"{name} alone"] = [complaint] if complaint else []
    failed = 0
    for complaints in results.values():
        failed += bool(complaints)
        for c in complaints:
            print(c)
    print(f"{len(results) - failed} passed, {failed} failed")
    return failed > 0 or len(sources) < 20


if __name__ == "__main__":
    sys.exit(main())
