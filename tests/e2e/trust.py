#!/usr/bin/python3
"""What is not ours is carried as if we were not there: other bytes, other hosts, half-closes and resets; and the
program's own trust in other hosts stays whole."""
import os
import socket
import ssl
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness
import mock as provider
import wire

OTHER = "files.example.net"
REFERENCE = b"0123456789012345678901234567890123456789\trefs/heads/main\n"


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


class Tunnels(harness.Case):
    def world(self, handler, **more):
        server = self.server(handler, **more)
        home = self.home(ports=[server.port])
        home.up()
        return server, self.connector(home)

    def test_bytes_pass_unchanged_both_ways(self):
        sent = os.urandom(3 << 20)
        server, connector = self.world(lambda s: s.sendall(wire.read_all(s)[::-1]))
        s = connector.connect(server.address, server.port)
        s.sendall(b"\x01" + sent)
        s.shutdown(socket.SHUT_WR)  # the server's answer comes after our half-close
        self.assertEqual(wire.read_all(s), (b"\x01" + sent)[::-1])

    def test_a_server_may_speak_first_and_close_first(self):
        heard = []

        def handler(s):
            s.sendall(b"220 ready\r\n")
            s.shutdown(socket.SHUT_WR)
            heard.append(wire.read_all(s))

        server, connector = self.world(handler)
        s = connector.connect(server.address, server.port)
        self.assertEqual(wire.read_all(s), b"220 ready\r\n")
        s.sendall(b"thanks\r\n")  # our half is still open
        s.close()
        harness.until(lambda: heard, "the server hears us after its half-close")
        self.assertEqual(heard, [b"thanks\r\n"])

    def test_a_reset_of_the_server_is_a_reset_here(self):
        def handler(s):
            s.recv(100)
            reset(s)

        server, connector = self.world(handler)
        s = connector.connect(server.address, server.port)
        s.sendall(b"\x01go")
        with self.assertRaises(ConnectionResetError):
            s.recv(100)

    def test_a_reset_of_the_client_is_a_reset_there(self):
        ends = []

        def handler(s):
            s.sendall(s.recv(100))
            try:
                ends.append(s.recv(100))
            except ConnectionResetError as error:
                ends.append(error)

        server, connector = self.world(handler)
        s = connector.connect(server.address, server.port)
        s.sendall(b"\x01go")
        self.assertEqual(s.recv(100), b"\x01go")
        reset(s)
        harness.until(lambda: ends, "the server hears of it")
        self.assertIsInstance(ends[0], ConnectionResetError)

    def test_a_closed_port_is_refused(self):
        server, connector = self.world(lambda s: None)
        server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()
        with self.assertRaises(ConnectionRefusedError):
            connector.connect(server.address, server.port)
        server.listener = socket.create_server(("127.0.0.1", 0))  # closed with the server

    def test_plain_http_to_another_host_is_not_touched(self):
        request = b"GET /a//b/../c?x=%zz HTTP/1.1\r\nhOsT: files.example.net\r\nX-A: 1\r\nConnection: keep-alive\r\nx-a:  2 \r\n\r\n"
        heard = []

        def handler(s):
            heard.append(wire.read_until(s, b"\r\n\r\n")[0])
            s.sendall(b"HTTP/1.1 200 fine\r\ncontent-LENGTH: 2\r\n\r\nok")

        server, connector = self.world(handler)
        s = connector.connect(server.address, server.port)
        s.sendall(request)
        self.assertEqual(wire.read_all(s), b"HTTP/1.1 200 fine\r\ncontent-LENGTH: 2\r\n\r\nok")
        self.assertEqual(heard, [request])


class Trust(harness.Case):
    """Under our environment a program still verifies other hosts, with the roots that it had."""

    def setUp(self):
        self.files = provider.certificate(harness.program("hivemind-mock"), self.folder(), [OTHER])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.files["cert"], self.files["key"])

        def handler(s):
            head = wire.read_until(s, b"\r\n\r\n")[0]
            body = REFERENCE if b"/info/refs" in head else b"ref: refs/heads/main" if b"/HEAD" in head else b"verified"
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))

        self.other = self.server(handler, tls=context)

    def ask(self, home):
        return home.run("curl", "-sS", "--fail", "--resolve", f"{OTHER}:{self.other.port}:127.0.0.1",
                        f"https://{OTHER}:{self.other.port}/", seconds=30)

    def test_what_the_user_trusted_is_still_trusted(self):
        home = self.home(ports=[self.other.port], env={"SSL_CERT_FILE": self.files["ca"]})
        done = self.ask(home)
        self.assertEqual((done.returncode, done.out()), (0, "verified"), done.describe())

    def test_what_the_user_did_not_trust_is_not_trusted(self):
        done = self.ask(self.home(ports=[self.other.port]))
        self.assertEqual(done.returncode, 60, done.describe())  # curl: the certificate cannot be verified

    def test_what_git_was_told_to_trust_is_not_hidden(self):
        harness.need("git")
        home = self.home(ports=[self.other.port])
        done = home.run("git", "-c", f"http.sslCAInfo={self.files['ca']}",
                        "-c", f"http.curloptResolve={OTHER}:{self.other.port}:127.0.0.1",
                        "ls-remote", f"https://{OTHER}:{self.other.port}/r.git", "refs/heads/main", seconds=30)
        self.assertEqual((done.returncode, done.out().encode()), (0, REFERENCE), done.describe())

    def test_the_bundle_has_the_roots_of_the_system(self):
        with open("/etc/ssl/certs/ca-certificates.crt") as f:
            system = f.read().count("BEGIN CERTIFICATE")
        done = self.home(ports=[443]).run("sh", "-c", 'cat "$SSL_CERT_FILE"')
        self.assertGreater(done.out().count("BEGIN CERTIFICATE"), system)


if __name__ == "__main__":
    harness.main()
