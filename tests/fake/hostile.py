#!/usr/bin/env python3
"""A certificate repository that misbehaves; the path of the URL says how.

As a module: Hostile(folder) makes its certificates there with the openssl
command and listens on 127.0.0.1, one port for each kind of TLS trouble.
As a program: prints the ports and serves until it is ended.
"""
import gzip
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

NAME = "cert.example"
STOP_AFTER = 20  # seconds a behaviour goes on at most


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE)


class Pki:
    """A web authority and servers' certificates, good and bad."""

    def __init__(self, folder):
        self.folder = folder
        self.ca = os.path.join(folder, "ca.pem")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj", "/CN=web authority", "-days", "2", "-keyout", self.path("ca.key"),
                "-out", self.ca)
        with open(self.path("ca.conf"), "w") as f:
            f.write("[ca]\ndefault_ca=a\n[a]\nnew_certs_dir=%s\ndatabase=%s/index\nserial=%s/serial\n"
                    "default_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n"
                    % (folder, folder, folder))
        open(self.path("index"), "w").close()
        with open(self.path("serial"), "w") as f:
            f.write("1000\n")
        self.leaf("good", [NAME, "slow." + NAME, "localhost", "here.inside.example"])
        self.leaf("expired", [NAME], "20200101000000Z", "20200201000000Z")
        self.leaf("wrong", ["elsewhere.example"])
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj", "/CN=" + NAME, "-addext", "subjectAltName=DNS:" + NAME, "-days", "2",
                "-keyout", self.path("self.key"), "-out", self.path("self.pem"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def leaf(self, name, hosts, start="20200101000000Z", end="20991231000000Z"):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj", "/CN=" + hosts[0], "-keyout", self.path(name + ".key"),
                "-out", self.path(name + ".csr"))
        with open(self.path(name + ".ext"), "w") as f:
            f.write("subjectAltName=IP:127.0.0.1," + ",".join("DNS:" + h for h in hosts) + "\n")
        openssl("ca", "-batch", "-notext", "-config", self.path("ca.conf"),
                "-cert", self.ca, "-keyfile", self.path("ca.key"), "-startdate", start,
                "-enddate", end, "-extfile", self.path(name + ".ext"),
                "-in", self.path(name + ".csr"), "-out", self.path(name + ".pem"))

    def text(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()


class Hostile:
    def __init__(self, folder):
        self.pki = Pki(folder)
        self.connections = 0
        self.requests = {}  # path -> how often
        self.sent = {}      # path -> bytes
        self.lock = threading.Lock()
        self.ports = {}
        self.sockets = []
        for kind in ("good", "expired", "wrong", "self"):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.pki.path(kind + ".pem"), self.pki.path(kind + ".key"))
            self.listen(kind, lambda s, c=context: self.tls(s, c))
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.load_cert_chain(self.pki.path("good.pem"), self.pki.path("good.key"))
        self.listen("old", lambda s: self.tls(s, old))
        self.listen("plain", self.plain)
        self.listen("silent", lambda s: time.sleep(STOP_AFTER))
        self.listen("noise", lambda s: s.sendall(bytes(range(256)) * 16))
        self.listen("reset", self.reset)
        closed = socket.socket()
        closed.bind(("127.0.0.1", 0))  # bound, never listening: refuses
        self.sockets.append(closed)
        self.ports["closed"] = closed.getsockname()[1]

    def listen(self, kind, handler):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
        sock.listen(128)
        self.sockets.append(sock)
        self.ports[kind] = sock.getsockname()[1]
        threading.Thread(target=self.accept, args=(sock, handler), daemon=True).start()

    def accept(self, sock, handler):
        while True:
            try:
                conn, _ = sock.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
            threading.Thread(target=self.guard, args=(conn, handler), daemon=True).start()

    @staticmethod
    def guard(conn, handler):
        """A client that hangs up is what we expect."""
        try:
            handler(conn)
        except (OSError, ssl.SSLError, ValueError):
            pass
        finally:
            conn.close()

    def tls(self, conn, context):
        conn.settimeout(STOP_AFTER)
        with context.wrap_socket(conn, server_side=True) as secure:
            self.serve(secure)

    def plain(self, conn):
        """HTTP without TLS: the client's hello is no request."""
        conn.recv(4096)
        self.say(conn, 400, b"speak HTTP\n")

    @staticmethod
    def reset(conn):
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def serve(self, conn):
        head = b""
        while b"\r\n\r\n" not in head:
            got = conn.recv(4096)
            if not got:
                return
            head += got
        path = head.split(b" ", 2)[1].decode()
        name = path.strip("/").split("/")[0].replace("-", "_")
        with self.lock:
            self.requests[path] = self.requests.get(path, 0) + 1
        behaviour = getattr(self, "do_" + name, None)
        if behaviour is None:
            self.say(conn, 404, b"nothing here\n")
            return
        behaviour(conn, path, head)

    def put(self, conn, path, data):
        conn.sendall(data)
        with self.lock:
            self.sent[path] = self.sent.get(path, 0) + len(data)

    @staticmethod
    def say(conn, status, body, *lines, length=None):
        head = ["HTTP/1.1 %d Something" % status,
                "Content-Length: %d" % (len(body) if length is None else length), *lines, "", ""]
        conn.sendall("\r\n".join(head).encode() + body)

    def good_body(self):
        return self.pki.text("good.pem")

    # --- the behaviours: do_<first part of the path> ---

    def do_ok(self, conn, path, head):
        self.say(conn, 200, self.good_body())

    def do_max_age(self, conn, path, head):
        self.say(conn, 200, self.good_body(), "Cache-Control: max-age=60")

    def do_no_store(self, conn, path, head):
        self.say(conn, 200, self.good_body(), "Cache-Control: no-store")

    def do_etag(self, conn, path, head):
        if b'If-None-Match: "one"\r\n' in head:
            self.say(conn, 304, b"", 'ETag: "one"')
        else:
            self.say(conn, 200, self.good_body(), 'ETag: "one"')

    @staticmethod
    def body(conn, head):
        """What was posted, whole."""
        head, _, got = head.partition(b"\r\n\r\n")
        length = int(re.search(rb"\r\nContent-Length: (\d+)", head).group(1))
        while len(got) < length:
            got += conn.recv(4096)
        return got

    def do_login(self, conn, path, head):
        """A question in JSON with a token, as the STI-PA wants it."""
        fine = (head.startswith(b"POST /login HTTP/1.1\r\n")
                and b"\r\nContent-Type: application/json\r\n" in head
                and b"\r\nExpect:" not in head and b"\r\nIf-None-Match:" not in head
                and json.loads(self.body(conn, head)) == {"userId": "me"})
        self.say(conn, 200 if fine else 400, b'{"token":"abc"}')

    def do_bearer(self, conn, path, head):
        lines = [l for l in head.split(b"\r\n") if l.lower().startswith(b"authorization:")]
        fine = lines == [b"Authorization: Bearer abc.DEF-1_2~3+/=="] and head.startswith(b"GET ")
        self.say(conn, 200 if fine else 401, b"x" * 7)

    def do_no_bearer(self, conn, path, head):
        self.say(conn, 401 if b"\nAuthorization:" in head else 200, b"x" * 7)

    def do_bytes(self, conn, path, head):
        """/bytes/N, and /bytes/N/chunked"""
        size = int(path.split("/")[2])
        if not path.endswith("chunked"):
            self.say(conn, 200, b"x" * size)
            return
        conn.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, size, 50000):
            piece = b"x" * min(50000, size - at)
            self.put(conn, path, b"%x\r\n%s\r\n" % (len(piece), piece))
        conn.sendall(b"0\r\n\r\n")

    def do_slow(self, conn, path, head):
        """/slow/N: N bytes in ten pieces, two seconds in all"""
        size = int(path.split("/")[2])
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(10):
            time.sleep(0.2)
            self.put(conn, path, b"x" * (size // 10))

    def do_post_redirect(self, conn, path, head):
        self.say(conn, 307, b"", "Location: /login")

    def do_unasked_304(self, conn, path, head):
        conn.sendall(b"HTTP/1.1 304 Not Modified\r\n\r\n")

    def do_chunked(self, conn, path, head):
        body = self.good_body()
        conn.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(body), 100):
            piece = body[at:at + 100]
            conn.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        conn.sendall(b"0\r\n\r\n")

    def do_full(self, conn, path, head):
        self.say(conn, 200, b"x" * 65536)

    def do_one_too_many(self, conn, path, head):
        self.say(conn, 200, b"x" * 65537)

    def do_continue(self, conn, path, head):
        conn.sendall(b"HTTP/1.1 103 Early\r\nCache-Control: max-age=9\r\n\r\n" * 3)
        self.do_ok(conn, path, head)

    def do_endless_continue(self, conn, path, head):
        for _ in range(100000):
            self.put(conn, path, b"HTTP/1.1 103 Early\r\nX: y\r\n\r\n" * 10)

    def do_header_drip(self, conn, path, head):
        conn.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        self.drip(conn)

    def do_body_drip(self, conn, path, head):
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        self.drip(conn)

    @staticmethod
    def drip(conn):
        for _ in range(STOP_AFTER * 10):
            conn.sendall(b"a")
            time.sleep(0.1)

    def do_silent(self, conn, path, head):
        time.sleep(STOP_AFTER)

    def do_hang_up(self, conn, path, head):
        pass

    def do_huge_chunked(self, conn, path, head):
        conn.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(4000):
            self.put(conn, path, b"10000\r\n" + b"x" * 65536 + b"\r\n")

    def do_huge_plain(self, conn, path, head):
        conn.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for _ in range(4000):
            self.put(conn, path, b"x" * 65536)

    def do_huge_length(self, conn, path, head):
        self.say(conn, 200, b"x" * 1000, length=1 << 40)

    def do_negative_length(self, conn, path, head):
        self.say(conn, 200, self.good_body(), length=-5)

    def do_two_lengths(self, conn, path, head):
        self.say(conn, 200, self.good_body(), "Content-Length: 7")

    def do_short(self, conn, path, head):
        self.say(conn, 200, self.good_body(), length=len(self.good_body()) + 100)

    def do_gzip_bomb(self, conn, path, head):
        self.say(conn, 200, gzip.compress(b"\0" * (20 << 20)), "Content-Encoding: gzip")

    def do_redirect_http(self, conn, path, head):
        self.say(conn, 302, b"", "Location: http://127.0.0.1:%d/ok" % self.ports["plain"])

    def do_redirect_host(self, conn, path, head):
        self.say(conn, 301, b"", "Location: https://localhost:%d/ok" % self.ports["good"])

    def do_redirect_file(self, conn, path, head):
        self.say(conn, 307, b"", "Location: file:///etc/passwd")

    def do_redirect_self(self, conn, path, head):
        self.say(conn, 308, b"", "Location: " + path)

    def do_refresh(self, conn, path, head):
        self.say(conn, 200, b"", "Refresh: 0; url=/ok", "Location: /ok")

    def do_status(self, conn, path, head):
        self.say(conn, int(path.rsplit("/", 1)[1]), self.good_body())

    def do_no_content(self, conn, path, head):
        conn.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    def do_partial(self, conn, path, head):
        self.say(conn, 206, self.good_body()[:50], "Content-Range: bytes 0-49/500")

    def do_big_error(self, conn, path, head):
        self.say(conn, 404, b"x" * 1000000)

    def do_garbage_status(self, conn, path, head):
        conn.sendall(b"\x00\xff\xfe garbage\r\n\r\n" + self.good_body())

    def do_odd_status(self, conn, path, head):
        conn.sendall(b"HTTP/1.1 2000 OK\r\n\r\n")

    def do_http09(self, conn, path, head):
        conn.sendall(self.good_body())

    def do_http3(self, conn, path, head):
        conn.sendall(b"HTTP/9.9 200 OK\r\n\r\n")

    def do_endless_headers(self, conn, path, head):
        conn.sendall(b"HTTP/1.1 200 OK\r\n")
        for i in range(100000):
            self.put(conn, path, b"X-%d: %s\r\n" % (i, b"y" * 100))

    def do_endless_line(self, conn, path, head):
        conn.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(4000):
            self.put(conn, path, b"y" * 65536)

    def do_nul_header(self, conn, path, head):
        conn.sendall(b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n")

    def do_empty(self, conn, path, head):
        self.say(conn, 200, b"")

    def do_html(self, conn, path, head):
        self.say(conn, 200, b"<html>Please log in</html>", "Content-Type: text/html")

    def do_der(self, conn, path, head):
        self.say(conn, 200, ssl.PEM_cert_to_DER_cert(self.good_body().decode()))

    def do_key(self, conn, path, head):
        self.say(conn, 200, self.good_body() + self.pki.text("good.key"))

    def do_six(self, conn, path, head):
        self.say(conn, 200, self.good_body() * 6)

    def do_nuls(self, conn, path, head):
        self.say(conn, 200, b"\0" * 500 + self.good_body())

    def do_reset_body(self, conn, path, head):
        self.say(conn, 200, self.good_body()[:100], length=5000)
        self.reset(conn)

    def do_bad_chunk(self, conn, path, head):
        conn.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n")

    def do_huge_chunk_size(self, conn, path, head):
        conn.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                     + b"f" * 40 + b"\r\nabc\r\n")

    def do_auth(self, conn, path, head):
        self.say(conn, 401, b"", 'WWW-Authenticate: Basic realm="x"', "WWW-Authenticate: NTLM")

    def do_upgrade(self, conn, path, head):
        conn.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n" + b"x" * 100)

    def do_cookie(self, conn, path, head):
        if b"\nCookie:" in head:
            self.say(conn, 500, b"")
        else:
            self.say(conn, 200, self.good_body(), "Set-Cookie: a=b; Path=/",
                     'Alt-Svc: h2="127.0.0.1:1"', "Strict-Transport-Security: max-age=9999")


def main():
    with tempfile.TemporaryDirectory() as folder:
        server = Hostile(folder)
        print(" ".join("%s=%d" % kv for kv in server.ports.items()), "ca=" + server.pki.ca,
              flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            sys.exit(0)


if __name__ == "__main__":
    main()
