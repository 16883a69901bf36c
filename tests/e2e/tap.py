#!/usr/bin/python3
"""hivemind-run --tap FILE: what CMD's sockets did, as JSON lines; credentials never among them."""
import base64
import json
import os
import re
import signal
import socket
import ssl
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness
import mock as _mock
from wire import read_message

SECRETS = ("SEKRETauth", "SEKRETkey", "SEKRETcookie", "SEKRETurl", "SEKRETbody", "SEKRETtoken", "SEKRETset", "SEKRETws",
           "SEKRETgzip", "SEKRETlong")
# Sends its argument's bytes in pieces of each size, one connection for each size and way; reads the whole answer.
CLIENT = """
import socket, sys
port, request = int(sys.argv[1]), open(sys.argv[2], "rb").read()
ways = (lambda s, d: s.send(d), lambda s, d: s.sendmsg([d[:1], d[1:]]), lambda s, d: s.sendto(d, ("127.0.0.1", port)))
for number, size in enumerate((1, 2, 3, 7, 40, 100, 100000)):
    with socket.create_connection(("127.0.0.1", port)) as s:
        for i in range(0, len(request), size):
            ways[number % 3](s, request[i:i + size])
        s.shutdown(socket.SHUT_WR)
        while s.recv(11 + number):
            pass
"""
REQUEST = (b"POST /v1/models?key=SEKRETurl&alt=sse HTTP/1.1\r\nHost: visible.test\r\nAuthorization: Bearer SEKRETauth\r\n"
           b"x-api-key: SEKRETkey\r\nCookie: a=SEKRETcookie; b=SEKRETcookie\r\nTransfer-Encoding: chunked\r\n\r\n"
           b"17\r\n{\"visible\":1,\"api_key\":\"\r\n5\r\nSEKRE\r\n5\r\nTbody\r\n1f\r\n\",\"n\":\"sk-ant-SEKRETtoken visible\"}\r\n0\r\n\r\n")
ANSWER = (b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=SEKRETset; Path=/\r\nContent-Length: 9\r\n\r\nvisible\r\n"
          b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\nSEKRETgzip"
          b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nSEKRETws")


class Tap(harness.Case):
    def setUp(self):
        self.path = os.path.join(self.folder(), "tap.jsonl")

    def lines(self, ended=True):
        """The file's records, once it is complete; the raw text is searched for secrets by the caller."""
        def read():
            with open(self.path) as f:
                lines = [json.loads(line) for line in f.read().splitlines()]
            return lines if not ended or "end" in lines[-1] else None
        return harness.until(read, "the tap's file has its end")

    def no_secret(self):
        """Neither as it is, nor in what was encoded, nor once the pieces of a connection are put together again."""
        lines, streams = self.lines(), {}
        for line in lines:
            payload = base64.b64decode(line["base64"]) if "base64" in line else line.get("text", "").encode()
            if "socket" in line:
                key = line["pid"], line["socket"], line["call"] in ("recv", "read", "recvfrom", "recvmsg", "readv")
                streams[key] = streams.get(key, b"") + payload
        with open(self.path, "rb") as f:
            whole = f.read() + b"".join(streams.values())
        for secret in SECRETS:
            for size in range(len("SEKRET") + 1, len(secret) + 1):
                self.assertNotIn(secret[:size].encode(), whole, secret)
        return lines, b"\n".join(streams.values())

    def server_for(self, answer):
        def serve(s):
            while s.recv(65536):
                pass
            s.sendall(answer)
        return self.server(serve)

    def plant(self, options, request=REQUEST, answer=ANSWER):
        server = self.server_for(answer)
        home = self.home(ports=[server.port])
        request_path = os.path.join(self.folder(), "request")
        with open(request_path, "wb") as f:
            f.write(request)
        done = home.run("/usr/bin/python3", "-c", CLIENT, str(server.port), request_path, options=("--tap", self.path, *options))
        self.assertEqual((done.returncode, done.err()), (0, ""), done.describe())
        return server

    def test_secrets_split_over_calls_are_masked(self):
        for options in ((), ("--capture=none",)):
            with self.subTest(options):
                server = self.plant(options)
                lines, text = self.no_secret()
                self.assertEqual(lines[-1]["lost"], 0)
                self.assertGreaterEqual(text.count(b"visible.test"), 7)
                self.assertGreaterEqual(text.count(b'"visible"'), 7)
                self.assertEqual({line["to"] for line in lines if line.get("call") == "connect"}, {f"127.0.0.1:{server.port}"})
                self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)

    def test_secret_beyond_what_is_recorded(self):
        """A head longer than a record: what follows the gap is trusted only where the next head begins."""
        head = b"GET / HTTP/1.1\r\nX: " + b"x" * 1850 + b"\r\nCookie: a=" + b"SEKRETlong" * 30 + b"\r\n\r\n"
        self.plant((), head + b"GET /second HTTP/1.1\r\nA: visible\r\n\r\n")
        self.no_secret()

    def test_http2_is_withheld(self):
        self.plant((), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"SEKRETkey", b"\0\0\0\4\0SEKRETset")
        lines, _ = self.no_secret()
        self.assertTrue(any(line.get("withheld") for line in lines))

    def reader(self):
        """The process that writes the file."""
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                if any(os.readlink(f"/proc/{entry}/fd/{fd}") == self.path for fd in os.listdir(f"/proc/{entry}/fd")):
                    return int(entry)
            except OSError:
                pass  # gone, or not ours
        return None

    def test_lost_records_leave_nothing_open(self):
        """More than the ring holds while nobody reads, in the middle of headers: what comes after is masked, up to a new head."""
        code = """
import os, socket
s = socket.create_connection(("127.0.0.1", int(os.environ["PORT"])))
print("ready", flush=True); input()
for i in range(6000):
    s.send(b"GET / HTTP/1.1\\r\\nAuthorization: SEK"); s.send(b"RETau"); s.send(b"th\\r\\n\\r\\n")
print("sent", flush=True); input()
for i in range(100):
    s.send(b"RETauth\\r\\n"); s.send(b"GET / HTTP/1.1\\r\\nA: visible\\r\\nAuthorization: SEK")
"""
        server = self.server_for(b"")
        home = self.home(ports=[server.port])
        ours, theirs = os.pipe()
        process = home.start("/usr/bin/python3", "-c", code, options=("--tap", self.path), env={"PORT": str(server.port)}, stdin=ours)
        os.close(ours)
        harness.until(lambda: "ready" in process.out(), "the client is ready")
        reader = harness.until(self.reader, "the reader runs")
        os.kill(reader, signal.SIGSTOP)
        os.write(theirs, b"\n")
        harness.until(lambda: "sent" in process.out(), "nobody waits for the reader")
        os.kill(reader, signal.SIGCONT)
        harness.until(lambda: len(self.lines(ended=False)) > 8000, "the ring was read")
        os.write(theirs, b"\n")
        os.close(theirs)
        self.assertEqual(process.wait(30), 0, process.describe())
        lines, text = self.no_secret()
        self.assertGreater(lines[-1]["lost"], 9000)
        self.assertGreater(text.count(b"visible"), 90)

    def test_tls_is_ciphertext_and_says_so(self):
        files = _mock.certificate(harness.program("hivemind-mock"), self.folder(), ["no-llm.test"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files["cert"], files["key"])
        server = self.server(lambda s: s.sendall(read_message(s)[1]), tls=context)
        home = self.home(ports=[server.port])
        done = home.run("curl", "-sk", f"https://localhost:{server.port}/", "-H", "x-api-key: SEKRETkey",
                        options=("--tap", self.path))
        lines, _ = self.no_secret()
        self.assertIn("ciphertext", lines[0]["note"])
        sends = [line for line in lines if line.get("call") in ("send", "write") and line["result"] > 0]
        self.assertTrue(sends and all(line.get("tls") for line in sends), done.describe())

    def test_children_and_those_left_behind(self):
        """Children with an empty environment are recorded, and so is who outlives the command."""
        server = self.server_for(b"")
        home = self.home(ports=[server.port])
        client = f"import socket, sys; s = socket.create_connection(('127.0.0.1', {server.port})); s.sendall(sys.argv[1].encode())"
        ours, theirs = os.pipe()
        script = (f'exec 3<&0; env -i /usr/bin/python3 -c "{client}" scrubbed; '
                  f'(read -r go <&3; exec /usr/bin/python3 -c "{client}" behind) >/dev/null 2>&1 &')
        done = home.start("/bin/sh", "-c", script, options=("--tap", self.path), stdin=ours)
        os.close(ours)
        self.assertEqual(done.wait(30), 0, done.describe())
        harness.until(lambda: "scrubbed" in [line.get("text") for line in self.lines(ended=False)], "the child was recorded")
        os.write(theirs, b"go\n")
        os.close(theirs)
        texts = [line.get("text") for line in self.lines()]
        self.assertIn("behind", texts)
        self.assertEqual([name for name in os.listdir(home.runtime) if name.endswith(".tap")], [])

    def test_killed_hivemind_run_leaves_no_reader(self):
        home = self.home()
        process = home.start("sleep", "60", options=("--tap", self.path))
        agent = harness.until(lambda: self.child_named(process.pid, "sleep"), "the command runs")
        os.kill(process.pid, 9)
        process.wait()
        os.kill(agent, 15)
        self.lines()
        harness.until(lambda: not [name for name in os.listdir(home.runtime) if name.endswith(".tap")], "the ring is gone")

    @staticmethod
    def child_named(pid, name):
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            for child in f.read().split():
                try:
                    with open(f"/proc/{child}/comm") as comm:
                        if comm.read().strip() == name:
                            return int(child)
                except FileNotFoundError:
                    pass  # it only helped to start
        return None

    def test_what_cannot_be_written_is_said(self):
        done = self.home().run("true", options=("--tap", "/nonexistent/tap.jsonl"))
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.err(), re.escape("--tap: cannot write /nonexistent/tap.jsonl: No such file or directory"))

    def test_full_disk_is_said_at_the_end(self):
        done = self.home().run("sh", "-c", "echo ran; exit 3", options=("--tap", "/dev/full", "--summary"))
        self.assertEqual((done.returncode, done.out()), (3, "ran\n"), done.describe())
        self.assertIn("--tap: /dev/full is not complete: No space left on device", done.err())


if __name__ == "__main__":
    harness.main()
