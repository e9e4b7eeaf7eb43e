"""An HTTPS server in the test itself: pages that change, and a count of what was asked."""
import socket
import ssl
import threading
import time


class Web:
    """Serves `pages` (path -> bytes, or the number of a status) for https://certs.lab.example."""

    def __init__(self, pki, address='127.0.0.9', delay=0):
        self.pages, self.requests, self.connections, self.delay = {}, [], 0, delay
        self.lock = threading.Lock()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pki / 'tls.pem', pki / 'tls.key')
        self.sock = socket.create_server((address, 443), backlog=256)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                plain, _ = self.sock.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
            threading.Thread(target=self.guard, args=(plain,), daemon=True).start()

    def guard(self, plain):
        """A client that hangs up is none of ours."""
        try:
            with self.context.wrap_socket(plain, server_side=True) as secure:
                self.serve(secure)
        except OSError:
            plain.close()

    def serve(self, secure):
        head = b''
        while True:
            while b'\r\n\r\n' not in head:
                got = secure.recv(4096)
                if not got:
                    return
                head += got
            asked, _, head = head.partition(b'\r\n\r\n')
            path = asked.split(b' ', 2)[1].decode()
            with self.lock:
                self.requests.append(path)
            time.sleep(self.delay)
            page = self.pages.get(path, 404)
            status, body = (page, b'') if isinstance(page, int) else (200, page)
            secure.sendall(b'HTTP/1.1 %d Answer\r\nCache-Control: max-age=3600\r\nContent-Length: %d\r\n\r\n'
                           % (status, len(body)) + body)

    def asked(self, path):
        with self.lock:
            return self.requests.count(path)

    def stop(self):
        """From now on connections are refused."""
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
