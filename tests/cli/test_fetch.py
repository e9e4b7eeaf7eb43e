#!/usr/bin/env python3
"""Without --certificate the command fetches x5u, under the daemon's rules."""

import functools
import http.server
import ssl
import threading

from kit import DEST, ORIG, Lab, check, result, shaken, shaken_json


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves the laboratory's folder; counts what was asked for."""

    asked = []

    def do_GET(self):
        Quiet.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_args):
        pass


class Server(http.server.ThreadingHTTPServer):
    """A client that hangs up over our certificate is expected, and nothing to print."""

    def handle_error(self, _request, _client):
        pass


def serve(lab, name):
    handler = functools.partial(Quiet, directory=lab.dir)
    server = Server(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(lab.path(name + ".pem"), lab.path(name + ".key"))
    server.socket = context.wrap_socket(server.socket, server_side=True,
                                        do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def sign(lab, url):
    answer = shaken("sign", "--lab", "--key", lab.path("sp.key"), "--x5u", url, "--attest", "A",
                    "--orig", ORIG, "--dest", DEST)
    check(answer.status == 0, "signed", answer)
    return answer.out


def verify(lab, token, *more):
    return shaken_json("verify", "--json", "--trust", lab.path("root.pem"), "--orig", ORIG,
                       "--dest", DEST, *more, text=token)


def main():
    lab = Lab()
    good, other = serve(lab, "tls"), serve(lab, "tls-other")
    base = f"https://localhost:{good.server_address[1]}"
    ca = ["--tls-ca", lab.path("tls-ca.pem")]
    rows = [
        (base + "/sp.pem", ["--lab", *ca], "SK_OK", 0),
        (base + "/constraint.pem", ["--lab", *ca], "SK_CONSTRAINT", 1),
        (base + "/self-signed.pem", ["--lab", *ca], "SK_CERT_UNTRUSTED", 1),
        (base + "/nothing.pem", ["--lab", *ca], "SK_FETCH_STATUS", 1),
        (base + "/redirector.yaml", ["--lab", *ca], "SK_FETCH_SYNTAX", 1),
        (base + "/sp.pem", ["--lab"], "SK_FETCH_TLS", 1),
        (f"https://localhost:{other.server_address[1]}/sp.pem", ["--lab", *ca], "SK_FETCH_TLS", 1),
        ("https://localhost:1/sp.pem", ["--lab", *ca], "SK_FETCH_CONNECT", 1),
    ]
    for url, more, outcome, status in rows:
        # a certificate with constraints is judged with its own key, so that only they can refuse
        token = sign(lab, url)
        if "constraint" in url:
            token = shaken("sign", "--lab", "--key", lab.path("constraint.key"), "--x5u", url,
                           "--attest", "A", "--orig", ORIG, "--dest", DEST).out
        answer, seen = verify(lab, token, *more)
        check(seen.get("outcome") == outcome, f"{url} {more}: {outcome}", answer)
        check(answer.status == status, f"{url}: status {status}", answer)

    Quiet.asked.clear()
    answer, seen = verify(lab, sign(lab, base + "/sp.pem"), *ca)
    check(seen.get("outcome") == "SK_INFO_INVALID", "without --lab: no such port", answer)
    for host in ["localhost", "127.0.0.1", "[::1]", "0.0.0.0", "[::ffff:7f00:1]"]:
        answer, seen = verify(lab, sign(lab, f"https://{host}/sp.pem"), *ca)
        check(seen.get("outcome") in ("SK_FETCH_REFUSED", "SK_INFO_INVALID"),
              f"without --lab: {host} is not asked", answer)
    check(not Quiet.asked, "without --lab the server saw nothing", Quiet.asked)
    answer = shaken("verify", "--orig", ORIG, "--dest", DEST, "--tls-ca", "/nowhere.pem", "x")
    check(answer.status == 3 and "/nowhere.pem" in answer.err, "an unreadable --tls-ca is our own fault", answer)
    good.shutdown()
    other.shutdown()


main()
result()
