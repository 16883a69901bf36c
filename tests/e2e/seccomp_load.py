#!/usr/bin/python3
"""The seccomp tier under load: 40,000 connects of every kind from four threads, and Go's goroutines and signals. None is
lost, none ends at another server, and no slot of the token table stays taken."""
import glob
import json
import mmap
import os
import socket
import struct
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness
from harness import until
from supervised import SECCOMP, Case, captured, program, rows

SLOT_TABLE, SLOT_SIZE, SLOTS = 4096 + 64 * 512, 128, 4096
QUESTION = {"model": "claude-sonnet-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": "say hi"}]}


def listening():
    s = socket.socket(socket.AF_INET6)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.bind(("::", 0))
    s.listen(4096)
    os.set_inheritable(s.fileno(), True)
    return s


def taken(table):
    """How many slots are not free."""
    return sum(struct.unpack_from("=I", table, SLOT_TABLE + SLOT_SIZE * i)[0] & 7 != 0 for i in range(SLOTS))


class Mix(Case):
    @classmethod
    def setUpClass(cls):
        cls.servers = [listening() for _ in range(8)]
        for server in cls.servers:
            cls.addClassCleanup(server.close)
        cls.ports = [server.getsockname()[1] for server in cls.servers]
        super().setUpClass()

    @unittest.skipIf(harness.SANITIZED, "it is about numbers")
    def test_40000_from_4_threads(self):
        reading, writing = os.pipe()
        descriptors = [server.fileno() for server in self.servers]
        process = self.home_of_all.start(program("mix"), "4", "10000", *map(str, descriptors), options=[*SECCOMP, "--explain"],
                                         stdin=reading, pass_fds=descriptors)
        os.close(reading)
        until(lambda: process.out() or process.popen.poll() is not None, "all are connected", 150, 0.1)
        self.assertEqual(process.out(), "right 40000 wrong 0 lost 0\n", process.describe())
        path, = glob.glob(os.path.join(self.home_of_all.runtime, "runs", "*.table"))
        with open(path, "rb") as f, mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as table:
            until(lambda: taken(table) == 0, "every slot is free again")
        os.close(writing)
        process.returncode = process.wait()
        self.assertEqual((process.returncode, captured(process, "mix")), (0, 40000), process.describe())


class HttpClients(harness.Case):
    """Programs that were built without any libc to preload into, as they ask a provider."""

    def setUp(self):
        self.provider = self.mock()
        self.world = self.home(harness.route("127.0.0.1", self.provider, dialect="anthropic"), ports=[self.provider.port])

    def ask(self, *command, **more):
        done = self.world.run(*command, options=[*SECCOMP, "--explain", "--summary"], **more)
        self.assertEqual(done.returncode, 0, done.describe())
        self.assertIn("Hello from the mock server.", done.out())
        self.assertRegex(done.err(), r"requests  1[,\n]", done.describe())
        return done

    def test_static_musl(self):
        harness.need("musl-gcc")
        done = self.ask(program("ask.musl"), "127.0.0.1", str(self.provider.port), "/v1/messages", json.dumps(QUESTION))
        self.assertEqual([row[1:3] for row in rows(done)["ask.musl"]], [("seccomp", 1)], done.describe())

    def test_static_go_and_its_signals(self):
        harness.need("go")
        done = self.ask(program("ask_go"), self.provider.url("/v1/messages"), json.dumps(QUESTION), f"127.0.0.1:{self.provider.port}",
                        "10000", env={"GOMAXPROCS": "8"}, seconds=120)
        self.assertIn("connected 10000\n", done.out(), done.describe())
        self.assertEqual([row[1:3] for row in rows(done)["ask_go"]], [("seccomp", 10001)], done.describe())

    def test_each_process_has_its_own_row(self):
        arguments = f"127.0.0.1 {self.provider.port} /v1/messages '{json.dumps(QUESTION)}'"
        done = self.world.run("sh", "-c", f"{program('ask')} {arguments}; {program('ask')} {arguments}; {program('ask')} {arguments}",
                              options=[*SECCOMP, "--explain"])
        self.assertEqual(done.returncode, 0, done.describe())
        self.assertEqual([row[1:3] for row in rows(done)["ask"]], [("seccomp", 1)] * 3, done.describe())


if __name__ == "__main__":
    harness.main()
