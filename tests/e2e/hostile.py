#!/usr/bin/python3
"""Bad input and uninvited guests: refused, nothing of it forwarded, and the daemon serves on."""
import os
import socket
import ssl
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness

HOST = "api.anthropic.com"
NOBODY = 65534
GOOD = b"GET /v1/models HTTP/1.1\r\nHost: api.anthropic.com\r\nx-api-key: k\r\n\r\n"

# What two servers could read differently. All are answered 400, and the connection ends.
POST = b"POST /v1/messages HTTP/1.1\r\nHost: api.anthropic.com\r\n"
SMUGGLING = {
    "length and chunked": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "the same length twice": POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "a list of lengths": POST + b"Content-Length: 2, 2\r\n\r\n{}",
    "a signed length": POST + b"Content-Length: +2\r\n\r\n{}",
    "a negative length": POST + b"Content-Length: -2\r\n\r\n{}",
    "a hexadecimal length": POST + b"Content-Length: 0x2\r\n\r\n{}",
    "an empty length": POST + b"Content-Length: \r\n\r\n{}",
    "a length with a space inside": POST + b"Content-Length: 1 0\r\n\r\n{}",
    "an endless length": POST + b"Content-Length: 99999999999999999999999\r\n\r\n{}",
    "chunked is not last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "an unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a folded header": POST + b"X-A: 1\r\n folded\r\nContent-Length: 2\r\n\r\n{}",
    "a folded coding": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": POST + b"Content-Length : 2\r\n\r\n{}",
    "a space before the first header": POST.replace(b"Host", b" Host") + b"Content-Length: 2\r\n\r\n{}",
    "a bare CR": POST + b"X-A: 1\rContent-Length: 2\r\n\r\n{}",
    "a NUL": POST + b"X-A: \x00\r\nContent-Length: 2\r\n\r\n{}",
    "a header without a colon": POST + b"Content-Length\r\n\r\n",
    "a signed chunk size": POST + b"Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n",
    "a chunk size with 0x": POST + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
    "a chunk longer than its size": POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}x\r\n0\r\n\r\n",
    "an endless chunk size": POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    "a chunk size that is no number": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "a space in the target": b"GET /a b HTTP/1.1\r\nHost: api.anthropic.com\r\n\r\n",
    "no version": b"GET /\r\nHost: api.anthropic.com\r\n\r\n",
    "a version to come": b"GET / HTTP/3.7\r\nHost: api.anthropic.com\r\n\r\n",
}


def setUpModule():
    harness.enter()


def ending(s):
    """What came until the connection ended; a reset is an end too."""
    data = b""
    try:
        while part := s.recv(65536):
            data += part
    except (ConnectionResetError, ssl.SSLError):
        pass
    return data


class Hostile(harness.Case):
    def setUp(self):
        harness.names(harness.TRAP)
        self.provider = self.mock(tls=harness.HOSTS)
        self.ours = self.home(harness.route(HOST, self.provider), config={"timeouts": {"head": "1s"}})
        self.trap()
        self.daemon = self.ours.up()
        self.connections = self.connector(self.ours)

    def raw(self):
        return self.connections.connect("@" + HOST, 443)

    def tls(self):
        context = ssl.create_default_context(cafile=os.path.join(self.ours.state, "ca/roots.pem"))
        return context.wrap_socket(self.raw(), server_hostname=HOST)

    def check_unharmed(self, forwarded=0):
        self.assertEqual(self.provider.stats()["requests"], forwarded)
        with self.tls() as s:
            s.sendall(GOOD)
            self.assertTrue(s.recv(65536).startswith(b"HTTP/1.1 200"))
        self.assertEqual(self.ours.daemon(), self.daemon, self.ours.log())

    def test_garbage(self):
        for name, bytes_ in (("zeros", bytes(5000)), ("random", os.urandom(5000)), ("a TLS record of nothing", b"\x16\x03\x01\x00\x00" * 100),
                             ("a huge record", b"\x16\x03\x01\xff\xff" + bytes(70000)), ("lines", b"\r\n" * 5000)):
            with self.subTest(name), self.raw() as s:
                try:
                    s.sendall(bytes_)
                except ConnectionError:
                    pass
                self.assertNotIn(b" 200 ", ending(s))
        self.check_unharmed()

    def test_half_a_client_hello(self):
        hello = ssl.MemoryBIO()
        half = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), hello, server_hostname=HOST)
        with self.assertRaises(ssl.SSLWantReadError):
            half.do_handshake()
        hello = hello.read()
        for name, then_close in (("then silence", False), ("then the end", True)):
            with self.subTest(name), self.raw() as s:
                s.sendall(hello[:len(hello) // 2])
                if then_close:
                    s.shutdown(socket.SHUT_WR)
                started = time.monotonic()
                self.assertEqual(ending(s), b"")
                self.assertLess(time.monotonic() - started, 5)
        self.check_unharmed()

    def test_a_slow_client(self):
        with self.tls() as s:
            started = time.monotonic()
            s.settimeout(0.2)
            answer = None
            for byte in GOOD * 4:  # one byte each 200 ms would take minutes; head_timeout is 1 s
                s.sendall(bytes([byte]))
                try:
                    answer = s.recv(65536)
                    break
                except TimeoutError:
                    self.assertLess(time.monotonic() - started, 6, "a slow head is not ended")
        self.assertTrue(answer == b"" or answer.startswith(b"HTTP/1.1 408"), answer)
        self.check_unharmed()

    def test_a_head_of_65_kib(self):
        with self.tls() as s:
            s.sendall(GOOD[:-2] + b"X-Large: " + b"x" * (65 * 1024) + b"\r\n\r\n")
            self.assertTrue(ending(s).startswith(b"HTTP/1.1 431"))
        self.check_unharmed()

    def test_smuggling(self):
        for name, request in SMUGGLING.items():
            with self.subTest(name), self.tls() as s:
                s.sendall(request)
                self.assertTrue(ending(s).startswith(b"HTTP/1.1 400"), request)
        self.check_unharmed()

    def listener(self):
        """The port of a run's listener: of all that listens here, what the daemon holds and is no Unix socket."""
        with open("/proc/net/tcp") as f:
            rows = [line.split() for line in f][1:]
        listening = {row[9]: int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == "0A"}
        with open("/proc/net/tcp6") as f:
            listening |= {row[9]: int(row[1].rpartition(":")[2], 16) for row in (line.split() for line in list(f)[1:]) if row[3] == "0A"}
        for fd in os.listdir(f"/proc/{self.daemon}/fd"):
            try:
                link = os.readlink(f"/proc/{self.daemon}/fd/{fd}")
            except FileNotFoundError:
                continue
            if link.startswith("socket:[") and link[8:-1] in listening:
                return listening[link[8:-1]]
        raise AssertionError("the daemon holds no listener")

    def test_no_live_token(self):
        port = self.listener()
        for address in ("127.0.0.1", "127.64.0.0", "127.64.0.1", "127.64.16.7", "127.127.255.255"):
            with self.subTest(address), socket.socket() as s:
                s.settimeout(10)
                try:
                    s.connect((address, port))
                    s.sendall(GOOD)
                except ConnectionError:
                    continue
                self.assertEqual(ending(s), b"")
        self.check_unharmed()

    @unittest.skipUnless(os.getuid() == 0, "a second Unix user needs root")
    def test_a_second_user(self):
        port = self.listener()
        # Even when the folders are opened by mistake the sockets tell who it is.
        for path in (self.ours.folder, self.ours.runtime):
            os.chmod(path, 0o755)
        for name in ("control.sock", "run.sock"):
            os.chmod(os.path.join(self.ours.runtime, name), 0o666)
        guest = f"""
import socket
for kind, where in ((socket.SOCK_STREAM, "control.sock"), (socket.SOCK_SEQPACKET, "run.sock")):
    with socket.socket(socket.AF_UNIX, kind) as s:
        s.settimeout(10)
        try:
            s.connect({self.ours.runtime!r} + "/" + where)
            s.sendall(b"GET /status HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n")
            print(where, s.recv(65536)[:12])
        except OSError as error:
            print(where, type(error).__name__)
with socket.socket() as s:
    s.settimeout(10)
    try:
        s.connect(("127.64.0.1", {port}))
        s.sendall({GOOD!r})
        print("listener", s.recv(65536)[:12])
    except OSError as error:
        print("listener", type(error).__name__)
"""
        done = subprocess.run(["/usr/bin/python3", "-c", guest], user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True,
                              text=True, timeout=40, cwd="/")
        said = dict(line.split(" ", 1) for line in done.stdout.splitlines())
        self.assertEqual(sorted(said), ["control.sock", "listener", "run.sock"], done.stderr)
        refusals = ("b''", "b'HTTP/1.1 403'", "ConnectionResetError", "BrokenPipeError", "ConnectionRefusedError", "PermissionError")
        for where, what in said.items():
            self.assertIn(what, refusals, where)
        self.check_unharmed()


if __name__ == "__main__":
    harness.main()
