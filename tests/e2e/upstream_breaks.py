#!/usr/bin/python3
"""Upstreams that break off, answer too early, too oddly or not at all: what the client gets is whole or visibly broken."""
import concurrent.futures
import json
import os
import re
import socket
import struct
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness
import wire
from proxy_bytes import HOST, MIB, OK, message, post

STEP = int(os.environ.get("HIVEMIND_BREAK_STEP", "53"))  # 1: a break after every single byte
QUICK = {"backoff_base": "1ms", "backoff_cap": "5ms", "breakers": False, "retry_floor": 100000, "max_attempts": 3}


def event(kind, **more):
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n".encode()


EVENTS = [
    event("message_start", message={"id": "m", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": [],
                                    "usage": {"input_tokens": 9, "output_tokens": 1}}),
    event("ping"),
    event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    *(event("content_block_delta", index=0, delta={"type": "text_delta", "text": f"word {i} "}) for i in range(8)),
    event("content_block_stop", index=0),
    event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 20}),
    event("message_stop"),
]


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nrequest-id: r1\r\n\r\n"
STREAM = HEAD + b"".join(chunk(e) for e in EVENTS) + b"0\r\n\r\n"
# Content has certainly not begun before the first block, and certainly has after it.
BEFORE = len(HEAD) + sum(len(chunk(e)) for e in EVENTS[:2])
AFTER = BEFORE + len(chunk(EVENTS[2]))


def abort(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def everything(s):
    """What came, and whether the connection was broken rather than ended."""
    data = b""
    try:
        while part := s.recv(65536):
            data += part
    except ConnectionResetError:
        return data, True
    return data, False


class UpstreamBreaks(harness.Case):
    def world(self, handler, **config):
        self.upstream = self.server(handler)
        self.ours = self.home({"host": HOST, "plain": True, "dialect": "anthropic"}, ports=[self.upstream.port],
                              config={"scheduler": QUICK, "provider.anthropic": {"concurrency": 64}, **config})
        self.daemon = self.ours.up()
        self.connections = self.connector(self.ours)

    def connect(self):
        return self.connections.connect(self.upstream.address, self.upstream.port)

    def settled(self):
        """Nothing is under way or waiting any more."""
        def idle():
            status = self.ours.status()
            return all(pool["in_flight"] == 0 and pool["waiting"] == 0 for pool in status["pools"])
        harness.until(idle, "every request is settled", 10)

    def test_a_break_after_any_byte(self):
        """Before content it is tried again unseen; after it the client sees a break. Nothing is sent a third time."""
        asked, lock = {}, threading.Lock()

        def handler(s):
            rest = b""
            while True:
                head, _, rest = wire.read_message(s, rest)
                key = re.search(rb"x-api-key: (\S+)", head).group(1)
                with lock:
                    asked[key] = asked.get(key, 0) + 1
                    first = asked[key] == 1
                if not first:
                    s.sendall(STREAM)
                    continue
                how, size = key.split(b"-")
                s.sendall(STREAM[:int(size)])
                if how == b"rst":
                    abort(s)
                return

        self.world(handler)
        cases = [(how, size) for how in ("rst", "fin") for size in sorted({*range(0, len(STREAM), STEP), BEFORE, AFTER, len(STREAM) - 1})]
        connecting = threading.Lock()

        def ask(case):
            how, size = case
            with connecting:
                s = self.connect()
            key = f"{how}-{size}".encode()
            s.sendall(post(b"/v1/messages", message(300), b"x-api-key: " + key, b"Connection: close"))
            got, broken = everything(s)
            s.close()
            body = got.partition(b"\r\n\r\n")[2]
            whole = body == STREAM[len(HEAD):]
            if size <= BEFORE:
                right = whole and asked[key] == 2
            elif size >= AFTER:
                right = broken and not body.endswith(b"0\r\n\r\n") and STREAM[len(HEAD):].startswith(body) and asked[key] == 1
            else:
                right = (whole and asked[key] == 2) or (broken and not body.endswith(b"0\r\n\r\n") and asked[key] == 1)
            return None if right else (case, asked[key], broken, whole, got[-60:])

        with concurrent.futures.ThreadPoolExecutor(32) as threads:
            wrong = [bad for bad in threads.map(ask, cases) if bad]
        self.assertEqual(wrong, [])
        self.settled()

    def test_a_pooled_connection_that_is_just_being_closed(self):
        """The upstream closes after every answer without having said so; the next request is neither lost nor doubled."""
        asked = []

        def handler(s):
            head, _, _ = wire.read_message(s)
            asked.append(head)
            s.sendall(OK)
            if len(asked) % 2:
                abort(s)

        self.world(handler)
        s = self.connect()
        for i in range(40):
            path = b"/v1/messages" if i % 3 else b"/v1/models"
            s.sendall(post(path, message(300), b"X-Number: %d" % i) if i % 3 else b"GET /v1/models HTTP/1.1\r\nHost: llm.example.com\r\nX-Number: %d\r\n\r\n" % i)
            head, body, _ = wire.read_message(s)
            self.assertEqual(body, b"ok")
        numbers = [re.search(rb"X-Number: (\d+)", head).group(1) for head in asked]
        self.assertEqual(numbers, [b"%d" % i for i in range(40)])

    def test_an_early_answer_to_a_long_body(self):
        """The upstream answers before it has read the body; some then read on, others just close."""
        answer = b"HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntoo large"

        def handler(s):
            head, _ = wire.read_until(s, b"\r\n\r\n")
            s.sendall(answer)
            if b"X-Polite" not in head:
                return
            s.shutdown(socket.SHUT_WR)
            while s.recv(65536):
                pass

        self.world(handler)
        for path in (b"/v1/messages", b"/v1/files"):
            for header in (b"X-Polite: yes", b"X-Rude: yes"):
                with self.subTest(path=path, header=header), self.connect() as s:
                    try:
                        s.sendall(post(path, message(24 * MIB), header))
                    except ConnectionError:
                        pass
                    head, body, _ = wire.read_message(s)
                    self.assertTrue(head.startswith(b"HTTP/1.1 413"), head)
                    self.assertEqual(body, b"too large")
        self.settled()

    def test_responses_that_are_none(self):
        """What two readers could read differently, or nobody at all, breaks; it never looks like an answer, nor stays pooled."""
        odd = {
            b"both": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            b"lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokx",
            b"chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
            b"short": b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok",
            b"head": b"HTTP/1.1 200 OK\r\nX-Large: " + b"x" * 70000 + b"\r\n\r\n",
            b"headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300 + b"\r\n",
            b"interim": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 5000,
            b"garbage": b"\x00\xff" * 500 + b"\n\n",
            b"upgrade": b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
        }

        def handler(s):
            rest = b""
            while True:
                head, _, rest = wire.read_message(s, rest)
                kind = re.search(rb"X-Kind: (\S+)", head)
                s.sendall(odd[kind.group(1)] if kind else OK)
                if kind and kind.group(1) in (b"short", b"interim"):
                    return

        self.world(handler)
        for path in (b"/v1/messages", b"/v1/files"):
            for kind in odd:
                if (path, kind) == (b"/v1/files", b"upgrade"):
                    continue  # what is no generation gets what the upstream says
                with self.subTest(path=path, kind=kind), self.connect() as s:
                    s.sendall(post(path, message(300), b"X-Kind: " + kind, b"x-api-key: " + kind))
                    got, broken = everything(s)
                    self.assertTrue(broken, got[:100])
                    self.assertNotIn(b" 101 ", got)
                with self.connect() as s:
                    s.sendall(post(path, message(300)))
                    self.assertEqual(wire.read_message(s)[1], b"ok")
        self.settled()

    def test_bodies_without_a_length(self):
        """HTTP/1.0 and Connection: close upstreams: the end is the end, a reset is a break."""
        def handler(s):
            head, _, _ = wire.read_message(s)
            s.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + b"x" * (2 * MIB))
            if b"X-Break" in head:
                s.recv(1)  # until the client has some of it
                abort(s)

        self.world(handler)
        for path in (b"/v1/messages", b"/v1/files"):
            with self.subTest(path), self.connect() as s:
                s.sendall(post(path, message(300)))
                got, broken = everything(s)
                self.assertFalse(broken)
                self.assertEqual(len(got.partition(b"\r\n\r\n")[2]), 2 * MIB)

    def test_connect_becomes_a_tunnel(self):
        """CONNECT to a captured proxy: after 2xx the bytes are the client's, and the connection is nobody else's."""
        def handler(s):
            head, rest = wire.read_until(s, b"\r\n\r\n")
            if head.startswith(b"CONNECT"):
                s.sendall(b"HTTP/1.1 200 Established\r\n\r\n")
                s.sendall(wire.read_exactly(s, 5, rest)[::-1])
            else:
                s.sendall(OK)

        self.world(handler)
        with self.connect() as s:
            s.sendall(b"CONNECT llm.example.com:443 HTTP/1.1\r\nHost: llm.example.com:443\r\n\r\n")
            _, rest = wire.read_until(s, b"\r\n\r\n")
            s.sendall(b"\x16\x03\x01\x00\x05")
            self.assertEqual(wire.read_exactly(s, 5, rest), b"\x05\x00\x01\x03\x16")
        with self.connect() as s:
            s.sendall(b"GET /v1/models HTTP/1.1\r\nHost: llm.example.com\r\n\r\n")
            self.assertEqual(wire.read_message(s)[1], b"ok")

    def test_an_offer_of_http2_is_passed_over(self):
        """Java's client offers h2c with every plain request. It is scheduled like any other."""
        heads = []

        def handler(s):
            rest = b""
            while True:
                head, _, rest = wire.read_message(s, rest)
                heads.append(head)
                s.sendall(OK)

        self.world(handler)
        with self.connect() as s:
            s.sendall(post(b"/v1/messages", message(300), b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAEAAEAA"))
            self.assertEqual(wire.read_message(s)[1], b"ok")
        self.assertNotIn(b"h2c", heads[0])
        self.assertNotIn(b"Settings", heads[0])
        self.assertEqual(sum(run["requests"] for run in self.ours.status()["runs"]), 1)

    def test_one_of_our_own_listeners_is_no_upstream(self):
        """A destination inside the token range would have the daemon serve itself."""
        upstream = self.server(lambda s: s.sendall(OK))
        ours = self.home({"host": HOST, "plain": True, "address": "127.64.0.1", "dialect": "anthropic"}, ports=[upstream.port],
                         config={"scheduler": QUICK})
        ours.up()
        with self.connector(ours).connect(upstream.address, upstream.port) as s:
            s.sendall(b"GET /v1/models HTTP/1.1\r\nHost: llm.example.com\r\n\r\n")
            self.assertEqual(everything(s), (b"", True))
        self.assertEqual(upstream.connections, 0)
        self.assertIn("upstream unreachable", ours.log())


if __name__ == "__main__":
    harness.main()
