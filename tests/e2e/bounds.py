#!/usr/bin/python3
"""Memory, descriptors and time are bounded, whatever clients and upstreams do; figures are printed for the curious."""
import os
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness
import wire
from proxy_bytes import HOST, MIB, OK, message, post

CHUNKED = b"POST /v1/messages HTTP/1.1\r\nHost: llm.example.com\r\nTransfer-Encoding: chunked\r\n\r\n"


class World(harness.Case):
    def world(self, handler, **config):
        self.upstream = self.server(handler)
        self.ours = self.home({"host": HOST, "plain": True, "dialect": "anthropic"}, ports=[self.upstream.port], config=config)
        self.daemon = self.ours.up()
        self.connections = self.connector(self.ours)
        self.before = harness.memory(self.daemon)

    def connect(self):
        return self.connections.connect(self.upstream.address, self.upstream.port)

    def check_memory(self, most, what):
        peak = harness.memory(self.daemon, "VmHWM") - self.before
        print(f"{what}: at most {peak / MIB:.1f} MiB more than at rest", file=sys.stderr)
        if not harness.SANITIZED:
            self.assertLess(peak, most)

    def check_serves(self):
        with self.connect() as s:
            s.sendall(b"GET /v1/models HTTP/1.1\r\nHost: llm.example.com\r\n\r\n")
            self.assertEqual(wire.read_message(s)[1], b"ok")

    def answer(self, s):
        rest = b""
        while True:
            _, _, rest = wire.read_message(s, rest)
            s.sendall(OK)


class Bounds(World):
    def test_announced_bodies_beyond_the_limit_are_refused(self):
        """Each announces 16 MiB and sends one; only four fit into 64 MiB, the others get an answer and cost nothing."""
        self.world(self.answer, limits={"max_buffered": "64MiB"})
        large = post(b"/v1/messages", message(16 * MIB))
        accepted = []
        for _ in range(4):
            s = self.connect()
            s.sendall(large[:MIB])
            accepted.append(s)
        harness.until(lambda: harness.memory(self.daemon) - self.before > 3 * MIB or harness.SANITIZED, "they are being read")
        for _ in range(60):
            with self.connect() as s:
                s.sendall(large[:MIB])
                head, body, _ = wire.read_message(s)
                self.assertRegex(head, rb"^HTTP/1.1 (429|503|529) ")
                self.assertIn(b"max_buffered", body)
        for s in accepted:
            s.sendall(large[MIB:])
            self.assertEqual(wire.read_message(s)[1], b"ok")
        self.check_memory(80 * MIB, "64 announced bodies of 16 MiB, 64 MiB allowed")

    def test_chunked_bodies_beyond_the_limit_are_refused(self):
        self.world(self.answer, limits={"max_buffered": "64MiB"})
        piece = b"100000\r\n" + b"x" * MIB + b"\r\n"
        held, refused = [], 0
        for _ in range(24):
            s = self.connect()
            try:
                s.sendall(CHUNKED + piece * 12)
            except ConnectionError:
                pass
            s.settimeout(0.3)
            try:
                refused += b"max_buffered" in s.recv(4096)
            except TimeoutError:
                held.append(s)
            except ConnectionError:
                pass
        self.assertGreater(refused, 10)
        for s in held:
            s.close()
        self.check_serves()
        self.check_memory(160 * MIB, "24 chunked bodies of 12 MiB, 64 MiB allowed")

    def test_slow_readers(self):
        """200 clients that read nothing of 8 MiB each."""
        block = bytes(256 * 1024)

        def handler(s):
            wire.read_message(s)
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n" % (8 * MIB))
            for _ in range(32):
                s.sendall(block)

        self.world(handler)
        slow = []
        for i in range(200):
            s = self.connect()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            s.sendall(b"GET /v1/files/1/content HTTP/1.1\r\nHost: llm.example.com\r\n\r\n")
            slow.append(s)
        harness.until(lambda: self.upstream.connections == 200, "all are under way", 30)
        for s in slow:
            self.assertTrue(s.recv(12))
        self.check_memory(200 * 128 * 1024, "200 slow readers")

    def test_idle_connections(self):
        self.world(self.answer)
        idle = []
        for _ in range(1000):
            s = self.connect()
            s.sendall(b"GET /v1/mod")
            idle.append(s)
        self.check_serves()
        self.check_memory(1000 * 16 * 1024, "1,000 connections with half a head")
        for s in idle:
            s.close()
        harness.until(lambda: self.ours.status()["daemon"]["connections"] == 0, "all are gone", 10)

    def test_one_busy_connection_leaves_room_for_others(self):
        """A transfer that never has to wait must not keep the event loop to itself."""
        stop = threading.Event()
        self.addCleanup(stop.set)
        block = bytes(1 << 20)

        def handler(s):
            head, _, _ = wire.read_message(s)
            if b"content" not in head.split(b"\r\n")[0]:
                return s.sendall(OK)
            s.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while not stop.is_set():
                s.sendall(block)

        self.world(handler)
        busy = self.connect()
        busy.sendall(b"GET /v1/files/1/content HTTP/1.1\r\nHost: llm.example.com\r\n\r\n")

        def drain():
            try:
                while not stop.is_set():
                    busy.recv(1 << 20)
            except OSError:
                pass

        thread = threading.Thread(target=drain, daemon=True)
        thread.start()
        for _ in range(20):
            started = time.monotonic()
            self.check_serves()
            self.assertLess(time.monotonic() - started, 2)
        stop.set()
        thread.join(10)

    def test_slow_heads_and_bodies_end(self):
        self.world(self.answer, timeouts={"head": "1s", "stall": "1s"})
        for name, begun in (("half a head", post(b"/v1/messages", b"{}")[:40]), ("half a body", post(b"/v1/messages", message(400))[:-100]),
                            ("half a chunk", CHUNKED + b"400\r\nabc")):
            with self.subTest(name), self.connect() as s:
                s.sendall(begun)
                started = time.monotonic()
                try:
                    while s.recv(4096):
                        pass
                except ConnectionResetError:
                    pass
                self.assertLess(time.monotonic() - started, 5)


class Descriptors(World):
    """With hardly any descriptors: what cannot be served waits, the loop does not spin, and it recovers."""

    def test_few_descriptors(self):
        self.world(self.answer)
        os.system(f"prlimit --pid {self.daemon} --nofile=64:64")
        many = []
        for _ in range(120):
            try:
                many.append(self.connect())
            except OSError:
                pass
        harness.until(lambda: "accept paused" in self.ours.log(), "descriptors run out", 10)
        used = harness.cpu(self.daemon)
        started = time.monotonic()
        while time.monotonic() - started < 1:
            time.sleep(0.05)  # what is measured is one second of doing nothing
        spent = harness.cpu(self.daemon) - used
        print(f"out of descriptors: {spent:.3f} s of CPU in a second", file=sys.stderr)
        self.assertLess(spent, 0.2)
        for s in many:
            s.close()
        harness.until(lambda: self.ours.status()["daemon"]["connections"] == 0, "they are closed", 15)
        self.check_serves()


class UnderLoad(World):
    def test_reloads_and_the_drain_break_no_stream(self):
        """100 streams go on through twenty reloads and a SIGTERM, and all end whole; then the daemon is gone."""
        go, asked = threading.Event(), threading.Semaphore(0)

        def handler(s):
            wire.read_message(s)
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 200000\r\n\r\n" + bytes(1000))
            asked.release()
            go.wait(30)
            s.sendall(bytes(199000))

        self.world(handler, **{"provider.anthropic": {"concurrency": 100, "max_concurrency": 100}, "scheduler": {"slow_start": False}})
        streams = []
        for i in range(100):
            s = self.connect()
            s.sendall(post(b"/v1/messages" if i % 2 else b"/v1/files", message(300)))
            streams.append(s)
        for _ in streams:
            self.assertTrue(asked.acquire(timeout=20))
        for _ in range(20):
            os.kill(self.daemon, signal.SIGHUP)
            self.assertEqual(self.ours.status()["daemon"]["connections"], 100)
        os.kill(self.daemon, signal.SIGTERM)
        harness.until(lambda: "stopping" in self.ours.log(), "the drain began")
        go.set()
        for s in streams:
            head, body, _ = wire.read_message(s)
            self.assertEqual(len(body), 200000)
        harness.until(lambda: harness.gone(self.daemon), "the daemon has ended", 10)


if __name__ == "__main__":
    harness.main()
