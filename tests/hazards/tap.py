"""libhivemind-tap.so: programs behave as without it, beside the preload object and alone, and what it tells is what happened."""
import os
import struct
import unittest

from hazard import TAP, Case, hazard
from ring import CELLS, Ring


class Tap(Case):
    def setUp(self):
        super().setUp()
        self.ring = Ring(self.relay.folder.name)

    def run_it(self, *command, preloaded=True, env=None, alone=False, **more):
        if not preloaded:
            return super().run_it(*command, preloaded=False, env=env, **more)
        tapped = {"HIVEMIND_TAP": self.ring.path, "LD_PRELOAD": TAP if alone else f"{TAP}:{self.relay.preload}"}
        return super().run_it(*command, preloaded=not alone, env=tapped | (env or {}), **more)

    def same_alone(self, *command):
        native, ours = self.run_it(*command, preloaded=False), self.run_it(*command, alone=True)
        self.assertEqual(native.stdout, ours.stdout)

    def test_T1_every_call_is_as_without_it(self):
        self.same(hazard("T1_calls"), self.echo.port, captured=1)
        self.same_alone(hazard("T1_calls"), self.echo.port)

    def test_T2_every_hazard_with_both(self):
        cases = (("C1_errno", 1), ("C2_nonblocking", 1), ("C5_second_connect", 2), ("C7_bad_pointers", 7),
                 ("C9_getpeername", 4), ("C10_v6_sockets", 3), ("C13_fast_open", 6), ("C14_udp", 0), ("C21_payload", 1),
                 ("C22_half_close", 1), ("P4_passed_on", 1), ("P8_small_stack", 1), ("P6_signal", None))
        for name, captured in cases:
            with self.subTest(name):
                self.same(hazard(name), self.echo.port, captured=captured)
                self.same_alone(hazard(name), self.echo.port)

    def test_T2_cancellation_unwinds_through_it(self):
        self.same(hazard("C18_cancel"), captured=0)
        self.same_alone(hazard("C18_cancel"))

    def test_T2_fork_while_threads_connect(self):
        self.assertEqual(self.run_it(hazard("P1_fork"), self.echo.port).stdout, "bad 0\n")

    def test_T2_vfork_children(self):
        self.same(hazard("P2_vfork"), self.echo.port, hazard("connect_once"), captured=4)

    def test_T2_musl_and_no_libc(self):
        for name in ("connect_once.musl", "C9_getpeername.musl", "C13_fast_open.musl"):
            self.same(hazard(name), self.echo.port)
            self.same_alone(hazard(name), self.echo.port)
        self.same_alone(hazard("libc_free"))

    def test_T3_tells_what_happened(self):
        self.run_it(hazard("T1_calls"), self.echo.port)
        records = self.ring.records()
        told = {(r.call, r.result, r.error) for r in records}
        for wanted in (("send", -1, 32), ("connect", 0, 0), ("write", 8, 0), ("writev", 8, 0), ("sendmsg", 8, 0), ("recvmsg", 8, 0),
                       ("recvfrom", 8, 0), ("connect", -1, 14), ("write", -1, 14), ("recv", 4000, 0), ("send", 0, 0),
                       ("shutdown", 0, 0), ("close", 0, 0), ("recv", -1, 11), ("read", -1, 4)):
            self.assertIn(wanted, told)
        self.assertEqual([r.payload for r in records if r.call == "writev" and r.result == 8], [b"12345678"])
        (cut,) = [r for r in records if r.result == 4000 and r.call == "recv"]
        self.assertEqual(cut.payload, b"12345678\0\0", "no more than the buffer that was given")
        connect = next(r for r in records if r.call == "connect")
        self.assertEqual(connect.address[:8], struct.pack("=H", 2) + struct.pack("!H", self.echo.port) + b"\x7f\0\0\1",
                         "the address asked for, not the token")
        self.assertEqual(len({r.socket for r in records if r.fd == connect.fd and r.call in ("connect", "writev")}), 1)
        self.assertNotIn(0, {r.tid for r in records})

    def test_T4_full_ring_loses_and_holds_nobody_up(self):
        self.ring.fill()
        self.same(hazard("T1_calls"), self.echo.port, captured=1)
        self.assertGreater(self.ring.lost(), 20)
        self.assertEqual(self.ring.written(), CELLS)

    def test_T5_off(self):
        for env in ({"HIVEMIND_DISABLE": "1"}, {"HIVEMIND_TAP": ""}, {"HIVEMIND_TAP": "/nonexistent"}, {"HIVEMIND_TAP": "/dev/zero"},
                    {"HIVEMIND_TAP": self.relay.path}):
            with self.subTest(env):
                self.run_it(hazard("connect_once"), self.echo.port, env=env)
        os.chmod(self.ring.path, 0o666)
        self.run_it(hazard("connect_once"), self.echo.port)
        self.assertEqual(self.ring.records(), [])

    def test_T6_interpreters(self):
        code = f"import socket; s = socket.create_connection(('127.0.0.1', {self.echo.port})); s.sendall(b'hello'); print(s.recv(5))"
        self.same("/usr/bin/python3", "-c", code, captured=1)
        self.assertIn(b"hello", [r.payload for r in self.ring.records()])


if __name__ == "__main__":
    unittest.main()
