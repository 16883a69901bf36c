#!/usr/bin/python3
"""The hazards whose other half is whoever carries the connection: hivemind-run and its daemon (C21 to C25, D2, D3, D5, P4, P14).

Each program of tests/hazards runs directly and under hivemind-run, and must tell the same.
"""
import os
import signal
import socket
import ssl
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../support"), os.path.join(HERE, "../hazards")]
import harness
import mock as _mock
from relay import Echo
from wire import read_all


def hazard(name):
    return os.path.join(harness.BUILD, "bin/hazards", name)


class Carried(harness.Case):
    def setUp(self):
        self.echo = Echo()
        self.addCleanup(self.echo.close)

    def world(self, port, routes=(), **more):
        home = self.home(*routes, ports=[port], **more)
        home.up()
        return home

    def same(self, home, *command):
        """What it tells, the same without us and with us; and it was captured."""
        native, ours = home.direct(*command), home.run(*command, options=("--explain",))
        self.assertEqual((native.returncode, native.out()), (ours.returncode, ours.out()), ours.describe())
        return ours

    def captured(self, done):
        """The sum of the `captured` column of --explain."""
        rows = [line.split() for line in done.err().splitlines() if line.startswith("  ") and line.split()[0].isdigit()]
        return sum(int(row[3]) for row in rows)

    def test_C21_payload_in_every_way(self):
        home = self.world(self.echo.port)
        done = self.same(home, hazard("C21_payload"), str(self.echo.port))
        self.assertEqual(self.captured(done), 1, done.describe())

    def test_C22_half_close(self):
        done = self.same(self.world(self.echo.port), hazard("C22_half_close"), str(self.echo.port))
        self.assertIn("got 20000, then the end", done.out())

    def test_C22_answer_long_after_the_request_ended(self):
        """A stream that only begins when the client has closed its half."""
        def stream(s):
            read_all(s)
            for i in range(20):
                s.sendall(b"data: %d\n\n" % i)
            s.shutdown(socket.SHUT_WR)
        server = self.server(stream)
        home = self.world(server.port)
        code = f"import socket; s = socket.create_connection(('127.0.0.1', {server.port})); s.sendall(b'ask'); s.shutdown(1)\n" \
               "while d := s.recv(1000): print(d.decode(), end='')"
        self.assertIn("data: 19", self.same(home, "/usr/bin/python3", "-c", code).out())

    def test_C22_who_says_nothing_is_seen_and_hears(self):
        """A client that only closes its half, and one that only looks in."""
        heard = []

        def greet(s):
            heard.append(s.recv(1))
            s.sendall(b"hello")
        server = self.server(greet)
        home = self.world(server.port)
        code = f"import socket; s = socket.create_connection(('127.0.0.1', {server.port})); s.shutdown(1); print(s.recv(9), s.recv(9))\n" \
               f"socket.create_connection(('127.0.0.1', {server.port})).close()"
        self.assertIn("b'hello' b''", self.same(home, "/usr/bin/python3", "-c", code).out())
        harness.until(lambda: heard == [b""] * 4, "the server saw all four")

    def test_C22_server_that_speaks_first_is_heard_in_time(self):
        """Its client has a second and a half; nobody speaks before the server."""
        def greet(s):
            s.sendall(b"welcome")
            s.sendall(b" " + s.recv(5))
        server = self.server(greet)
        home = self.world(server.port)
        code = f"import socket; s = socket.create_connection(('127.0.0.1', {server.port}), timeout=1.5)\n" \
               "print(s.recv(7)); s.sendall(b'hello'); print(s.recv(6, socket.MSG_WAITALL), s.recv(1))"
        self.assertIn("b'welcome'\nb' hello' b''", self.same(home, "/usr/bin/python3", "-c", code).out())
        self.assertEqual(server.connections, 2, "the one that was opened to listen is the one that is used")

    def test_C22_silent_client_is_still_scheduled(self):
        """It connects, waits, and only then asks: the request is an LLM's and is seen as one."""
        mock = self.mock()
        home = self.world(mock.port, routes=[harness.route("127.0.0.1", mock, dialect="anthropic")])
        body = b'{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'
        request = b"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-key: sk-fake\r\ncontent-type: application/json\r\n" \
                  b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body) + body
        code = f"import select, socket; s = socket.create_connection(('127.0.0.1', {mock.port}))\n" \
               f"select.select([s], [], [], 0.5); s.sendall({request!r})\n" \
               "while d := s.recv(9999): print(d.decode())"
        done = home.run("/usr/bin/python3", "-c", code, options=("--summary",))
        self.assertRegex(done.err(), "requests +1\n", done.describe())
        self.assertEqual(mock.stats()["completed"], 1)

    def test_C23_reset_is_no_end(self):
        def end(s):
            if s.recv(1) == b"r":
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        server = self.server(end)
        done = self.same(self.world(server.port), hazard("C23_reset"), str(server.port))
        self.assertIn("read: -1 Connection reset by peer", done.out())
        self.assertIn("read: 0", done.out())

    def test_C24_server_hears_of_an_abort(self):
        heard = []

        def listen(s):
            way = s.recv(1)
            s.sendall(b"12345678")
            try:
                heard.append((way, s.recv(1)))
            except ConnectionResetError:
                heard.append((way, "reset"))
        server = self.server(listen)
        home = self.world(server.port)
        for way in ("linger", "unread"):
            self.same(home, hazard("C24_abort"), str(server.port), way)
        harness.until(lambda: len(heard) == 4, "the server heard of all four")
        self.assertEqual(heard, [(b"l", "reset")] * 2 + [(b"u", "reset")] * 2)

    def test_C25_killed_daemon(self):
        """A hundred connections of each kind, started when the daemon has just been killed: each reaches its server."""
        home = self.world(self.echo.port)
        program = ["/bin/sh", "-c", f"{hazard('C25_many_kinds')} {self.echo.port} 1; echo ready; read -r go; "
                   f"{hazard('C25_many_kinds')} {self.echo.port} 100"]
        ours, theirs = os.pipe()
        process = home.start(*program, stdin=ours)
        os.close(ours)
        harness.until(lambda: "ready" in process.out(), "the first connections are through")
        daemon = home.daemon()
        os.kill(daemon, signal.SIGKILL)
        harness.until(lambda: harness.gone(daemon), "the daemon is dead")
        os.write(theirs, b"go\n")
        os.close(theirs)
        self.assertEqual(process.wait(60), 0)
        kinds = "".join(f"kind {i}: 0\n" for i in range(8))
        self.assertEqual(process.out(), kinds + "ready\n" + kinds, process.describe())

    def test_P4_socket_that_is_passed_on(self):
        self.same(self.world(self.echo.port), hazard("P4_passed_on"), str(self.echo.port))

    def test_P14_end_of_a_program_whose_threads_connect(self):
        home = self.world(self.echo.port)
        for way in ("return", "_exit", "signal"):
            self.same(home, hazard("P14_exit"), str(self.echo.port), way)

    def test_D5_tls_without_a_name_passes(self):
        """No SNI: nobody can tell whom it is for, so it reaches its server as it is, with the server's own certificate."""
        files = _mock.certificate(harness.program("hivemind-mock"), self.folder(), ["no-llm.test"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files["cert"], files["key"])
        server = self.server(lambda s: s.sendall(s.recv(100)), tls=context)
        home = self.world(server.port)
        code = f"""
import socket, ssl, hashlib
context = ssl.create_default_context(cafile={files["ca"]!r}); context.check_hostname = False
with context.wrap_socket(socket.create_connection(("127.0.0.1", {server.port}))) as s:
    s.sendall(b"hello"); print(s.recv(100), s.version(), hashlib.sha256(s.getpeercert(True)).hexdigest())
"""
        done = self.same(home, "/usr/bin/python3", "-c", code)
        self.assertIn("b'hello' TLSv1.3", done.out())
        self.assertEqual(self.captured(done), 1, done.describe())


class ByName(harness.Case):
    def test_D2_D3_name_nobody_resolved(self):
        """The address was given, not looked up: the name in the handshake decides. And the daemon, which looks names up
        while agents run, meets no hook of ours."""
        mock = self.mock(tls=["api.anthropic.com"])
        home = self.home(harness.route("api.anthropic.com", mock), ports=[mock.port])
        body = '{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'
        done = home.run("curl", "-sS", "--fail", "--resolve", f"api.anthropic.com:{mock.port}:127.0.0.1",
                        f"https://api.anthropic.com:{mock.port}/v1/messages", "-H", "x-api-key: sk-fake",
                        "-H", "anthropic-version: 2023-06-01", "-H", "content-type: application/json", "-d", body)
        self.assertEqual(done.returncode, 0, done.describe())  # it trusts our root, and the mock's it does not know
        self.assertEqual(mock.stats()["completed"], 1)


if __name__ == "__main__":
    harness.main()
