#!/usr/bin/python3
"""HTTP/1.1 through the daemon, byte by byte: the test speaks as the agent and listens as the provider."""
import hashlib
import json
import os
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness
import wire

HOST = "llm.example.com"
MIB = 1 << 20
# Per RFC 9110 these belong to one connection and may be other ones behind us.
HOP_BY_HOP = (b"connection", b"keep-alive", b"proxy-connection", b"te", b"transfer-encoding", b"upgrade", b"trailer")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def lines(head):
    """A head without its hop-by-hop lines; everything else byte for byte and in order."""
    return [line for line in head.split(b"\r\n") if line.partition(b":")[0].lower() not in HOP_BY_HOP]


def message(size):
    """An Anthropic request body of exactly `size` bytes."""
    body = json.dumps({"model": "claude-sonnet-4-5", "max_tokens": 8, "messages": [{"role": "user", "content": ""}]}).encode()
    return body.replace(b'"content": ""', b'"content": "' + b"x" * (size - len(body)) + b'"')


def post(path, body, *headers):
    extra = b"".join(header + b"\r\n" for header in headers)
    return b"POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n%s\r\n" % (path, HOST.encode(), len(body), extra) + body


class ProxyBytes(harness.Case):
    """`ask` goes through capture to `server`; both ends are plain sockets."""

    def world(self, handler, **config):
        self.upstream = self.server(handler)
        self.ours = self.home({"host": HOST, "plain": True, "dialect": "anthropic"}, ports=[self.upstream.port],
                              config={"provider.anthropic": {"requests_per_minute": "unlimited", "tokens_per_minute": "unlimited"}, **config})
        self.daemon = self.ours.up()
        self.connections = self.connector(self.ours)
        return self.connections.connect(self.upstream.address, self.upstream.port)

    def exchange(self, request, response=OK):
        """Sends one request and returns (head the provider saw, body it saw, all that came back up to the framed end)."""
        seen = []

        def handler(s):
            rest = b""
            while True:
                head, body, rest = wire.read_message(s, rest)
                seen.append((head, body))
                s.sendall(response)

        s = self.world(handler)
        s.sendall(request)
        answer = wire.read_exactly(s, len(response))
        return (*seen[0], answer)

    def test_targets_headers_and_bodies_arrive_as_sent(self):
        for path in (b"/v1/messages", b"/v1/models"):  # scheduled, and passed through
            with self.subTest(path):
                body = message(700) if path == b"/v1/messages" else b"\x00\xff" * 300
                request = post(path + b"/../" + path[1:] + b"?a=%2F%2f&&b=x+y;#", body, b"X-MiXeD: One", b"x-repeat: 1", b"X-REPEAT:2",
                               b"x-repeat:   3  ", b"Accept: */*", b"x-latin: caf\xe9", b"X-Empty:", b"User-Agent: t")
                request = request.replace(path + b"/../" + path[1:], path)
                response = (b"HTTP/1.1 200 Quite Alright\r\ncontent-TYPE: application/json\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\n"
                            b"X-Odd:  spaced \r\nContent-Length: 14\r\n\r\n{\"usage\": { } ")
                head, seen, answer = self.exchange(request, response)
                self.assertEqual(lines(head), lines(request[:request.index(b"\r\n\r\n") + 4]))
                self.assertEqual(seen, body)
                self.assertEqual(lines(answer[:answer.index(b"\r\n\r\n") + 4]), lines(response[:response.index(b"\r\n\r\n") + 4]))
                self.assertEqual(answer[-14:], response[-14:])
                self.doCleanups()

    def test_odd_targets_are_kept(self):
        for target in (b"/v1//models/../%7e?x=%zz", b"/?", b"*", b"/v1/models/%00%ff"):
            with self.subTest(target):
                method = b"OPTIONS " if target == b"*" else b"GET "
                head, _, _ = self.exchange(method + target + b" HTTP/1.1\r\nHost: llm.example.com\r\n\r\n")
                self.assertEqual(head.split(b"\r\n")[0], method + target + b" HTTP/1.1")
                self.doCleanups()

    def test_chunked_bodies_and_trailers(self):
        for path in (b"/v1/messages", b"/v1/models"):
            with self.subTest(path):
                body, bodies = message(900), []
                pieces = [body[:1], body[1:400], body[400:]]

                def handler(s):
                    head, rest = wire.read_until(s, b"\r\n\r\n")
                    if b"chunked" in head.lower():
                        text, _ = wire.read_until(wire._Begun(s, rest), b"0\r\n\r\n")
                        bodies.append(unchunk(text))
                    else:
                        bodies.append(wire.read_exactly(s, wire.content_length(head), rest))
                    s.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n"
                              b"A;ext=1\r\n0123456789\r\n0\r\nX-Sum: 15\r\n\r\n")

                s = self.world(handler)
                s.sendall(b"POST %s HTTP/1.1\r\nHost: llm.example.com\r\nTransfer-Encoding: chunked\r\n\r\n" % path)
                for piece in pieces:
                    s.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
                s.sendall(b"0\r\n\r\n")
                head, rest = wire.read_until(s, b"\r\n\r\n")
                self.assertIn(b"transfer-encoding: chunked", head.lower())
                text, _ = wire.read_until(wire._Begun(s, rest), b"X-Sum: 15\r\n\r\n")
                self.assertEqual(unchunk(text), b"hello0123456789")
                self.assertEqual(bodies, [body])
                self.doCleanups()

    def test_head_has_no_body(self):
        responses = iter((b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n", OK))

        def handler(s):
            rest = b""
            while True:
                _, _, rest = wire.read_message(s, rest)
                s.sendall(next(responses))

        s = self.world(handler)
        s.sendall(b"HEAD /v1/models HTTP/1.1\r\nHost: llm.example.com\r\n\r\n")
        head, rest = wire.read_until(s, b"\r\n\r\n")
        self.assertIn(b"Content-Length: 12345", head)
        s.sendall(b"GET /v1/models HTTP/1.1\r\nHost: llm.example.com\r\n\r\n")
        head, body, _ = wire.read_message(s, rest)
        self.assertEqual(body, b"ok")

    def test_expect_is_answered_before_the_body(self):
        for path in (b"/v1/messages", b"/v1/files"):
            with self.subTest(path):
                bodies = []

                def handler(s):
                    head, rest = wire.read_until(s, b"\r\n\r\n")
                    if b"expect:" in head.lower():
                        s.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                    bodies.append(wire.read_exactly(s, wire.content_length(head), rest))
                    s.sendall(OK)

                s = self.world(handler)
                body = message(3000)
                request = post(path, body, b"Expect: 100-continue")
                s.sendall(request[:-len(body)])
                go, rest = wire.read_until(s, b"\r\n\r\n")
                self.assertTrue(go.startswith(b"HTTP/1.1 100"), go)
                s.sendall(body)
                head, answer, _ = wire.read_message(s, rest)
                self.assertTrue(head.startswith(b"HTTP/1.1 200"), head)
                self.assertEqual((answer, bodies), (b"ok", [body]))
                self.doCleanups()

    def test_pipelined_requests_are_answered_in_order(self):
        def handler(s):
            rest = b""
            while True:
                head, _, rest = wire.read_message(s, rest)
                target = head.split(b" ")[1]
                s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(target), target))

        s = self.world(handler)
        s.sendall(b"".join(b"GET /v1/models/%d HTTP/1.1\r\nHost: llm.example.com\r\n\r\n" % i for i in range(5)) + post(b"/v1/messages", message(300)))
        rest, bodies = b"", []
        for _ in range(6):
            _, body, rest = wire.read_message(s, rest)
            bodies.append(body)
        self.assertEqual(bodies, [b"/v1/models/%d" % i for i in range(5)] + [b"/v1/messages"])

    def test_an_upgrade_becomes_a_tunnel(self):
        def handler(s):
            head, rest = wire.read_until(s, b"\r\n\r\n")
            assert b"upgrade: websocket" in head.lower() and rest == b"", head
            s.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02hi")
            s.sendall(wire.read_all(s)[::-1])

        s = self.world(handler)
        s.sendall(b"GET /v1/responses HTTP/1.1\r\nHost: llm.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                  b"Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n\r\n")
        head, rest = wire.read_until(s, b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 101"), head)
        frames = os.urandom(100000)
        s.sendall(frames)
        s.shutdown(socket.SHUT_WR)
        self.assertEqual(rest + wire.read_all(s), b"\x81\x02hi" + frames[::-1])

    def test_a_body_of_64_mib_passes_and_one_more_byte_does_not(self):
        sums = []

        def handler(s):
            head, rest = wire.read_until(s, b"\r\n\r\n")
            sums.append(hashlib.sha256(wire.read_exactly(s, wire.content_length(head), rest)).digest())
            s.sendall(OK)

        s = self.world(handler)
        body = message(64 * MIB)
        s.sendall(post(b"/v1/messages", body))
        self.assertEqual(wire.read_message(s)[1], b"ok")
        self.assertEqual(sums, [hashlib.sha256(body).digest()])
        s = self.connections.connect(self.upstream.address, self.upstream.port)
        s.sendall(post(b"/v1/messages", b"").replace(b"Content-Length: 0", b"Content-Length: %d" % (64 * MIB + 1)))
        self.assertTrue(s.recv(4096).startswith(b"HTTP/1.1 413"))
        self.assertEqual(len(sums), 1)

    def test_a_slow_reader_holds_back_its_upstream(self):
        for path in (b"/v1/messages", b"/v1/files/1/content"):
            with self.subTest(path):
                sent, blocked = [0], threading.Event()
                block = bytes(64 * 1024)

                def handler(s):
                    wire.read_message(s)
                    s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n" % (256 * MIB))
                    s.settimeout(1.0)
                    try:
                        while True:
                            sent[0] += s.send(block)
                    except TimeoutError:
                        blocked.set()
                    s.settimeout(30)
                    while sent[0] < 256 * MIB:
                        sent[0] += s.send(block[:256 * MIB - sent[0]])

                s = self.world(handler)
                before = harness.memory(self.daemon)
                s.sendall(post(path, message(300)))
                self.assertTrue(blocked.wait(60), "the upstream was never held back")
                # Socket buffers of the kernel may hold megabytes at each of the two hops; the daemon may not.
                self.assertLess(sent[0], 64 * MIB)
                if not harness.SANITIZED:
                    self.assertLess(harness.memory(self.daemon) - before, 2 * MIB)
                _, rest = wire.read_until(s, b"\r\n\r\n")
                left = 256 * MIB - len(rest)
                while left:
                    left -= len(s.recv(min(left, 1 << 20)))
                if not harness.SANITIZED:
                    self.assertLess(harness.memory(self.daemon, "VmHWM") - before, 4 * MIB)
                self.doCleanups()

    def test_a_client_that_leaves_cancels_its_request(self):
        for path in (b"/v1/messages", b"/v1/files"):
            for when in ("before the head", "inside the body"):
                with self.subTest(path, when=when):
                    asked, left = threading.Event(), threading.Event()

                    def handler(s):
                        wire.read_message(s)
                        if when == "inside the body":
                            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegin")
                        asked.set()
                        try:
                            gone = s.recv(1) == b""
                        except ConnectionResetError:
                            gone = True
                        if gone:
                            left.set()

                    s = self.world(handler)
                    s.sendall(post(path, message(300)))
                    self.assertTrue(asked.wait(10))
                    if when == "inside the body":
                        wire.read_until(s, b"begin")
                    s.close()
                    self.assertTrue(left.wait(2), "the upstream request goes on")
                    self.doCleanups()


def unchunk(text):
    body = b""
    while True:
        size, _, text = text.partition(b"\r\n")
        size = int(size.partition(b";")[0], 16)
        if size == 0:
            return body
        body, text = body + text[:size], text[size + 2:]


if __name__ == "__main__":
    harness.main()
