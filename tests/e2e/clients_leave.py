#!/usr/bin/python3
"""A client may leave at any moment, in any way: what was reserved for it is given back, and its upstream hears at once."""
import os
import socket
import struct
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness
import wire
from proxy_bytes import HOST, MIB, OK, message, post
from upstream_breaks import EVENTS, HEAD, chunk

REQUEST = post(b"/v1/messages", message(300))
LARGE = post(b"/v1/messages", message(24 * MIB))


def leave(s, how):
    if how == "reset":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def fill_backlog(s):
    """Connections to `s` hang from now on; returns what holds them off."""
    held = []
    for _ in range(8):
        c = socket.socket()
        c.setblocking(False)
        c.connect_ex(s.getsockname())
        held.append(c)
    return held


class ClientsLeave(harness.Case):
    def world(self, handler, port=None):
        self.upstream = self.server(handler)
        way = {"host": HOST, "plain": True, "dialect": "anthropic", **({"address": "127.0.0.1", "port": port} if port else {})}
        self.ours = self.home(way, ports=[self.upstream.port],
                              config={"scheduler": {"slow_start": False},
                                      "provider.anthropic": {"concurrency": 1, "max_concurrency": 1},
                                      "limits": {"max_body": "32MiB", "max_buffered": "40MiB"}})
        self.daemon = self.ours.up()
        self.connections = self.connector(self.ours)

    def connect(self):
        return self.connections.connect(self.upstream.address, self.upstream.port)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.daemon}/fd"))

    def counts(self):
        pools = self.ours.status()["pools"]
        return sum(p["in_flight"] for p in pools), sum(p["waiting"] for p in pools)

    def each_way(self, prepare, reached):
        """`prepare(s)` brings a connection to a moment, `reached()` says it is there. Three rounds: one leak would show."""
        before = None
        for how in ("end", "reset") * 3:
            s = self.connect()
            prepare(s)
            harness.until(reached, "the moment to leave", 10)
            leave(s, how)
            harness.until(lambda: self.counts() == (0, 0), f"all is given back ({how})", 3)
            if before is not None:
                harness.until(lambda: self.descriptors() <= before, "all descriptors are closed", 3)
            before = before or self.descriptors()

    def answers(self, s):
        head, _ = wire.read_until(s, b"\r\n\r\n")
        wire.read_exactly(s, wire.content_length(head))
        s.sendall(OK)

    def test_before_a_request_is_whole(self):
        self.world(lambda s: s.recv(1))
        for sent in (b"", b"P", REQUEST[:30], REQUEST[:-1], LARGE[:20 * MIB]):
            with self.subTest(len(sent)):
                # 20 MiB of 24 are more than half of max_buffered: what is not given back refuses the next one.
                self.each_way(lambda s: s.sendall(sent), lambda: True)

    def test_while_queued(self):
        go, asked = threading.Event(), threading.Event()

        def handler(s):
            wire.read_message(s)
            asked.set()
            go.wait(30)
            s.sendall(OK)

        self.world(handler)
        first = self.connect()
        first.sendall(REQUEST)
        self.assertTrue(asked.wait(10))
        for how in ("end", "reset") * 2:
            s = self.connect()
            s.sendall(LARGE)
            harness.until(lambda: self.counts() == (1, 1), "it is queued", 10)
            leave(s, how)
            harness.until(lambda: self.counts() == (1, 0), "it has left the queue", 3)
        go.set()
        self.assertEqual(wire.read_message(first)[1], b"ok")
        self.assertEqual(self.upstream.connections, 1)

    def test_while_connecting(self):
        full = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.addCleanup(full.close)
        for held in fill_backlog(full):
            self.addCleanup(held.close)
        self.world(lambda s: None, port=full.getsockname()[1])
        self.each_way(lambda s: s.sendall(REQUEST), lambda: self.counts() == (1, 0))

    def test_while_the_body_is_sent(self):
        reading, ended = threading.Event(), threading.Semaphore(0)

        def handler(s):
            wire.read_until(s, b"\r\n\r\n")
            reading.set()
            # Nothing more is read until the daemon has given up.
            harness.until(lambda: self.counts() == (0, 0), "the slot is free although nothing was read", 10)
            ended.release()

        self.world(handler)

        def prepare(s):
            reading.clear()
            s.sendall(LARGE)

        self.each_way(prepare, reading.is_set)
        for _ in range(6):
            self.assertTrue(ended.acquire(timeout=10))

    def upstream_hears(self, begin, path=b"/v1/messages"):
        asked, ended = threading.Event(), threading.Semaphore(0)

        def handler(s):
            wire.read_message(s)
            s.sendall(begin)
            asked.set()
            try:
                self.assertEqual(s.recv(1), b"")
            except ConnectionResetError:
                pass
            ended.release()

        self.world(handler)

        def prepare(s):
            asked.clear()
            s.sendall(post(path, message(300)))

        self.each_way(prepare, asked.is_set)
        for _ in range(6):
            self.assertTrue(ended.acquire(timeout=2), "the upstream request goes on")

    def test_before_the_response(self):
        self.upstream_hears(b"")

    def test_inside_the_response_head(self):
        self.upstream_hears(HEAD[:40])

    def test_while_the_response_is_held_back(self):
        self.upstream_hears(HEAD + chunk(EVENTS[0]) + chunk(EVENTS[1]))

    def test_inside_the_stream(self):
        self.upstream_hears(HEAD + b"".join(chunk(e) for e in EVENTS[:6]))

    def test_inside_a_response_that_is_passed_through(self):
        self.upstream_hears(HEAD + b"".join(chunk(e) for e in EVENTS[:6]), b"/v1/files")

    def test_with_the_next_request_already_sent(self):
        asked, ended = threading.Event(), threading.Semaphore(0)

        def handler(s):
            wire.read_message(s)
            asked.set()
            try:
                s.recv(1)
            except ConnectionResetError:
                pass
            ended.release()

        self.world(handler)

        def prepare(s):
            asked.clear()
            s.sendall(REQUEST)
            asked.wait(10)
            s.sendall(REQUEST)

        self.each_way(prepare, asked.is_set)


if __name__ == "__main__":
    harness.main()
