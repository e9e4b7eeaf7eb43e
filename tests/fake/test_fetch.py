#!/usr/bin/env python3
"""The real fetcher against a hostile repository: outcomes, bytes, and no connection it should not make."""
import os
import subprocess
import sys
import tempfile
import time

from hostile import NAME, Hostile

DRIVER = sys.argv[1]
passed = failed = 0

# path: outcome, bytes of the body (None: not looked at)
GOOD = {
    "/ok": ("SK_OK", "pem"), "/max-age": ("SK_OK", "pem"), "/no-store": ("SK_OK", "pem"),
    "/etag": ("SK_OK", "pem"), "/chunked": ("SK_OK", "pem"), "/continue": ("SK_OK", "pem"),
    "/cookie": ("SK_OK", "pem"), "/full": ("SK_OK", 65536), "/empty": ("SK_OK", 0),
    "/html": ("SK_OK", 26), "/der": ("SK_OK", None), "/key": ("SK_OK", None),
    "/six": ("SK_OK", None), "/nuls": ("SK_OK", None), "/refresh": ("SK_OK", 0),
    "/gzip-bomb": ("SK_OK", None),  # the compressed bytes, as they came
}
BAD = {
    "/nowhere": "SK_FETCH_STATUS", "/unasked-304": "SK_FETCH_STATUS",
    "/one-too-many": "SK_FETCH_SIZE", "/endless-continue": "SK_FETCH_SIZE",
    "/header-drip": "SK_FETCH_TIMEOUT", "/body-drip": "SK_FETCH_TIMEOUT",
    "/silent": "SK_FETCH_TIMEOUT", "/hang-up": "SK_FETCH_STATUS",
    "/huge-chunked": "SK_FETCH_SIZE", "/huge-plain": "SK_FETCH_SIZE",
    "/huge-length": "SK_FETCH_SIZE", "/negative-length": "SK_FETCH_STATUS",
    "/short": "SK_FETCH_CONNECT",
    "/redirect-http": "SK_FETCH_STATUS", "/redirect-host": "SK_FETCH_STATUS",
    "/redirect-file": "SK_FETCH_STATUS", "/redirect-self": "SK_FETCH_STATUS",
    "/status/201": "SK_FETCH_STATUS", "/status/203": "SK_FETCH_STATUS",
    "/status/400": "SK_FETCH_STATUS", "/status/404": "SK_FETCH_STATUS",
    "/status/429": "SK_FETCH_STATUS", "/status/500": "SK_FETCH_STATUS",
    "/status/503": "SK_FETCH_STATUS", "/status/600": "SK_FETCH_STATUS",
    "/no-content": "SK_FETCH_STATUS", "/partial": "SK_FETCH_STATUS",
    "/big-error": "SK_FETCH_SIZE", "/garbage-status": "SK_FETCH_STATUS",
    "/odd-status": "SK_FETCH_STATUS", "/http09": "SK_FETCH_STATUS", "/http3": "SK_FETCH_STATUS",
    "/endless-headers": "SK_FETCH_SIZE", "/endless-line": "SK_FETCH_SIZE",
    "/nul-header": "SK_FETCH_STATUS", "/reset-body": "SK_FETCH_CONNECT",
    "/bad-chunk": "SK_FETCH_CONNECT", "/huge-chunk-size": "SK_FETCH_CONNECT",
    "/auth": "SK_FETCH_STATUS", "/upgrade": "SK_FETCH_STATUS",
}
PORTS = {"expired": "SK_FETCH_TLS", "wrong": "SK_FETCH_TLS", "self": "SK_FETCH_TLS",
         "old": "SK_FETCH_TLS", "plain": "SK_FETCH_TLS", "noise": "SK_FETCH_TLS",
         "silent": "SK_FETCH_TIMEOUT", "reset": "SK_FETCH_CONNECT or SK_FETCH_TLS", "closed": "SK_FETCH_CONNECT"}


def check(ok, what, *more):
    global passed, failed
    if ok:
        passed += 1
        return
    failed += 1
    print("FAILED:", what, *more, file=sys.stderr)


def drive(*args, env=None, limit=120):
    out = subprocess.run([DRIVER, *args], capture_output=True, text=True, timeout=limit,
                         env={**os.environ, **(env or {})})
    check(out.returncode == 0, "the driver ends well", out.returncode, out.stderr[-2000:])
    seen = {}
    for line in out.stdout.splitlines():
        fields = line.split("\t")
        seen[fields[0]] = fields[1:]
    return seen


def hostile(server, mode):
    """Every behaviour, all at once or one by one."""
    ports, pem = server.ports, len(server.good_body())
    base = "https://%s:%d" % (NAME, ports["good"])
    # its host has answered once, so that all places are for it
    args = ["--lab", "--ca", server.pki.ca, "--first", base + "/bytes/10", *mode]
    for port in ports.values():
        args += ["--resolve", "%s:%d=127.0.0.1" % (NAME, port)]
    urls = [base + p for p in {**GOOD, **BAD}]
    urls += ["https://%s:%d/ok" % (NAME, ports[k]) for k in PORTS]
    # who comes to an end has time for it, on a slow machine, too; who must be cut has not, one by one
    late = [base + p for p, outcome in BAD.items() if outcome == "SK_FETCH_TIMEOUT"]
    late += ["https://%s:%d/ok" % (NAME, ports[k]) for k, outcome in PORTS.items() if outcome == "SK_FETCH_TIMEOUT"]
    if "--once" in mode:
        seen = drive(*args, "--timeout", "20000", *[u for u in urls if u not in late])
        seen.update(drive(*args, *late))
    else:
        seen = drive(*args, "--timeout", "10000", *urls)
    for path, (outcome, size) in GOOD.items():
        got = seen.get(base + path, ["nothing", "0"])
        check(got[0] == outcome, mode, path, got)
        size = pem if size == "pem" else size
        check(size is None or int(got[1]) == size, mode, path, "bytes", got)
    for path, outcome in BAD.items():
        check(seen.get(base + path, [None])[0] == outcome, mode, path, seen.get(base + path))
    for kind, outcome in PORTS.items():
        got = seen.get("https://%s:%d/ok" % (NAME, ports[kind]))
        check(got and got[0] in outcome.split(" or "), mode, "port", kind, got)
    for path in ("/huge-chunked", "/huge-plain", "/endless-headers", "/endless-line"):
        check(server.sent.get(path, 0) < 16 << 20, mode, path, "was read on", server.sent.get(path))
    check(all(n == 1 for n in server.requests.values()), mode, "each was asked once",
          {p: n for p, n in server.requests.items() if n != 1})
    server.requests.clear()
    server.sent.clear()


def literal_and_names(server):
    """What the laboratory may, and what a certificate must name."""
    port, ca = server.ports["good"], server.pki.ca
    ok = "https://127.0.0.1:%d/ok" % port
    host = "https://localhost:%d/ok" % port
    lab = ["--lab", "--timeout", "20000"]
    seen = drive(*lab, "--ca", ca, ok, host)
    check(seen[ok][0] == "SK_OK" and seen[host][0] == "SK_OK", "laboratory", seen)
    seen = drive(*lab, ok)
    check(seen[ok][0] == "SK_FETCH_TLS", "the system's authorities do not know ours", seen)
    seen = drive(*lab, ok, env={"SSL_CERT_FILE": ca, "CURL_CA_BUNDLE": ca})
    check(seen[ok][0] == "SK_FETCH_TLS", "the environment adds none", seen)
    seen = drive(*lab, "--ca", ca, ok, env={
        "https_proxy": "http://127.0.0.1:%d" % server.ports["closed"],
        "ALL_PROXY": "http://127.0.0.1:%d" % server.ports["closed"]})
    check(seen[ok][0] == "SK_OK", "the environment names no proxy", seen)
    tagged = "https://127.0.0.1:%d/etag" % port
    seen = drive(*lab, "--ca", ca, "--etag", '"one"', tagged)
    check(seen[tagged] == ["304", "0"], "not modified", seen)
    seen = drive(*lab, "--ca", ca, "--etag", '"two"', tagged)
    check(seen[tagged][0] == "SK_OK", "modified", seen)
    name = "https://no-such-host.invalid/ok"
    check(drive("--lab", "--ca", ca, name, limit=30)[name][0] in
          ("SK_FETCH_DNS", "SK_FETCH_TIMEOUT"), "no such name")
    out = subprocess.run([DRIVER, "--ca", "/nonexistent/ca.pem", ok], capture_output=True, text=True,
                         check=False)
    check(out.returncode == 1 and "/nonexistent/ca.pem" in out.stderr, "no such bundle", out)
    out = subprocess.run([DRIVER, "--resolve", "a:1=not-an-address", ok], capture_output=True,
                         text=True, check=False)
    check(out.returncode == 1 and "certs.resolve" in out.stderr, "resolve to a name", out)


def questions(server):
    """What a list is fetched with: POST, a token, more bytes; and the same hard rules."""
    base = "https://127.0.0.1:%d" % server.ports["good"]
    common = ["--lab", "--ca", server.pki.ca, "--timeout", "20000"]
    token = "abc.DEF-1_2~3+/=="

    def one(path, *args):
        return drive(*common, *args, base + path)[base + path]

    post = ["--post", '{"userId":"me"}']
    check(one("/login", *post) == ["SK_OK", "15"], "a question in JSON")
    check(one("/login", *post, "--etag", '"one"') == ["SK_OK", "15"], "a question has no tag")
    check(one("/login")[0] == "SK_FETCH_STATUS", "no question")
    check(one("/login", "--post", '{"userId":"you"}')[0] == "SK_FETCH_STATUS", "another question")
    check(one("/post-redirect", *post)[0] == "SK_FETCH_STATUS", "a question goes nowhere else")
    check(one("/bearer", "--bearer", token) == ["SK_OK", "7"], "a token")
    check(one("/bearer")[0] == "SK_FETCH_STATUS", "no token")
    check(one("/no-bearer") == ["SK_OK", "7"], "no token unless asked for")
    check(one("/no-bearer", "--bearer", "A" * 4096)[0] == "SK_FETCH_STATUS", "the longest token")
    asked = dict(server.requests)
    for bad in ("a\r\nX: y", "a\nb", "a\rb", "a b", "a\tb", "a\x7f", "\xe9", "a,b", '"a"', "a:b",
                "A" * 4097):
        check(one("/no-bearer", "--bearer", bad)[0] == "SK_FETCH_REFUSED", "no token", repr(bad[:20]))
    check(server.requests == asked, "and nobody was asked")
    for path in ("/bytes/%d", "/bytes/%d/chunked"):
        check(one(path % 65536) == ["SK_OK", "65536"], path, "a certificate's file")
        check(one(path % 65537)[0] == "SK_FETCH_SIZE", path, "and no more")
        check(one(path % 65537, "--max", "65537") == ["SK_OK", "65537"], path, "unless asked for")
        check(one(path % 300, "--max", "300") == ["SK_OK", "300"], path, "as many")
        check(one(path % 301, "--max", "300")[0] == "SK_FETCH_SIZE", path, "one more")
        check(one(path % 3000001, "--max", "3000001") == ["SK_OK", "3000001"], path, "a list")
        check(one(path % (33 << 20), "--max", str(1 << 40))[0] == "SK_FETCH_SIZE", path, "a limit there is")
    common[-1] = "1000"
    for mode in ([], ["--max", "65536"]):
        check(one("/slow/60000", *mode)[0] == "SK_FETCH_TIMEOUT", mode, "a call's certificate has certs.timeout")
    check(one("/slow/60000", "--max", "65537") == ["SK_OK", "60000"], "a list has time of its own")
    seen = drive(*common, "--max", "65537", "--stop", "1600", base + "/silent")
    check(list(seen) == ["rss"], "and is not given up before", seen)
    server.requests.clear()
    server.sent.clear()


def names(server):
    """Name servers that say nothing, or too much."""
    ports = server.ports
    silent = ["https://n%d.silent.example:%d/ok" % (i, ports["good"]) for i in range(20)]
    inside = "https://here.inside.example:%d/ok" % ports["good"]
    for mode, urls in (([], silent), (["--once"], silent[:1])):
        # ten minutes of silence: the driver's own end within the limit says that nobody waits for it
        seen = drive("--lab", "--ca", server.pki.ca, *mode, *urls, limit=60)
        out = [seen.get(u, ["lost"])[0] for u in urls]
        check(set(out) <= {"SK_FETCH_TIMEOUT", "SK_FETCH_DNS", "SK_BUSY"}, mode, "a silent name server", out)
    seen = drive("--lab", "--ca", server.pki.ca, "--timeout", "5000", *silent[:8], inside, limit=60)
    check(seen[inside][0] == "SK_OK", "others go on beside it", seen)
    seen = drive("--lab", "--ca", server.pki.ca, "--timeout", "20000", "--stop", "300", *silent[:8], limit=60)
    check(list(seen) == ["rss"], "and the end does not wait", seen)
    here = "https://localhost:%d/ok" % ports["good"]
    for host, outcome in (("localhost", "SK_OK"), ("LocalHost", "SK_OK"), ("other.example", "SK_FETCH_REFUSED"),
                          ("*.localhost", "SK_FETCH_REFUSED"), ("*", "SK_FETCH_REFUSED")):
        seen = drive("--lab", "--ca", server.pki.ca, "--timeout", "20000", "--once", "--host", host, here)
        check(seen[here][0] == outcome, "the list of hosts", host, seen)
    before = settled(server)
    for mode in ([], ["--once"]):
        strict = "https://here.inside.example:8443/ok"
        seen = drive("--ca", server.pki.ca, "--timeout", "20000", *mode, strict)
        check(seen[strict][0] == "SK_FETCH_REFUSED", mode, "a name that leads inside", seen)
    check(settled(server) == before, "and was not asked")


def queue(server):
    """One behaviour that never answers fills the places; the rest are turned away, not forgotten."""
    base = "https://127.0.0.1:%d" % server.ports["good"]
    urls = ["%s/silent/%d" % (base, i) for i in range(40)]
    # of sixteen places and ten in the queue a host has half until it has answered once
    for mode, places, turned_away in (([], 8, 27), (["--first", base + "/ok"], 16, 19), (["--ours"], 40, 0)):
        seen = drive("--lab", "--ca", server.pki.ca, "--queue", "10", *mode, *urls)
        outcomes = [seen.get(u, ["lost"])[0] for u in urls]
        check(outcomes.count("SK_FETCH_TIMEOUT") >= places, mode, "so many at once", outcomes)
        check(outcomes.count("SK_BUSY") >= turned_away, mode, "the queue has an end", outcomes)
        check(outcomes.count("SK_BUSY") + outcomes.count("SK_FETCH_TIMEOUT") == 40, mode, "all told", outcomes)
    seen = drive("--lab", "--ca", server.pki.ca, "--timeout", "20000", "--stop", "300", *urls)
    check([u for u in urls if u in seen] == [], "ended with all under way", seen)


def tricks(port):
    """Texts that lead to this machine, or that some parser takes for an address here."""
    hosts = ["127.0.0.1", "127.1", "127.0.1", "127.00.00.01", "0127.0.0.1", "2130706433", "0x7f000001",
             "0x7f.0.0.1", "0x7f.1", "017700000001", "0", "0.0.0.0", "00.0", "127.255.255.254",
             "localhost", "LOCALHOST", "localhost.", "sub.localhost", "ip6-localhost",
             "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
             "[64:ff9b::127.0.0.1]", "[::127.0.0.1]", "[fe80::1]", "[fe80::1%25lo]", "[::1%lo]",
             "%31%32%37.0.0.1", "127%2e0.0.1", "127。0。0。1", "①②⑦.0.0.1", "user@127.0.0.1",
             "cert.example@127.0.0.1", "127.0.0.1#", "127.0.0.1?", "127.0.0.1\\", "127.0.0.1\t", " 127.0.0.1",
             "10.0.0.1", "169.254.169.254", "192.168.0.1", "100.64.0.1", "198.18.0.1", "224.0.0.1",
             "255.255.255.255", "[ff02::1]", "[fc00::1]", "[2002:7f00:1::]", NAME]
    for host in hosts:
        yield "https://%s:%d/ok" % (host, port)
        yield "https://%s:8443/ok" % host
    rest = "127.0.0.1:%d/ok" % port
    for start in ("http://", "ftp://", "file://", "gopher://", "dict://", "https:", "https:/",
                  "https:///", "HTTPS:///", "//", "", "https:\\\\", "https://x@", "https://x:y@",
                  "https://\n", "https://@", "https://:@", "https://:"):
        yield start + rest
    yield "file:///etc/passwd"
    yield "https://"
    yield "https://127.0.0.1"
    yield "https://localhost:8443"
    yield "https://localhost:443/../ok"


def settled(server):
    """How many connections there were, once those of drivers that have ended are all taken."""
    count = -1
    while count != server.connections:
        count = server.connections
        time.sleep(0.5)
    return count


def closed_door(server):
    """Without the laboratory switch: not one connection."""
    before = settled(server)
    for port in (server.ports["good"], 8443):
        urls = list(tricks(port))
        for mode in ([], ["--once"]):
            seen = drive("--ca", server.pki.ca, *mode, "--timeout", "4000",
                         "--resolve", "%s:%d=127.0.0.1" % (NAME, port),
                         "--resolve", "%s:8443=127.0.0.1:%d" % (NAME, server.ports["good"]),
                         "--resolve", "%s:443=[::1]" % NAME, *[u for u in urls if "\n" not in u and "\t" not in u])
            for url in urls:
                if "\n" in url or "\t" in url:
                    continue
                got = seen.get(url, ["nothing"])[0]
                # a name that the machine's resolver does not know is no way in either
                fine = ("SK_FETCH_REFUSED",) if not url.startswith("https://") or NAME in url or \
                    "127" in url else ("SK_FETCH_REFUSED", "SK_FETCH_DNS", "SK_FETCH_TIMEOUT")
                check(got in fine, mode, url, got)
    check(server.connections == before, "connections that should not be",
          server.connections - before)


def main():
    with tempfile.TemporaryDirectory() as folder:
        server = Hostile(folder)
        hostile(server, [])
        hostile(server, ["--once"])
        literal_and_names(server)
        questions(server)
        names(server)
        queue(server)
        closed_door(server)
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0 or passed == 0


if __name__ == "__main__":
    sys.exit(main())
