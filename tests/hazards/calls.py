"""Calls, errno, blocking: the same program without and with the preload object prints the same (hazards C1 to C22)."""
import os
import unittest

from hazard import Case, hazard


class Calls(Case):
    def test_C1_errno_is_left_alone(self):
        self.same(hazard("C1_errno"), self.echo.port, captured=1)

    def test_C2_non_blocking_stays_non_blocking(self):
        self.same(hazard("C2_nonblocking"), self.echo.port, captured=1)

    def test_C3_event_loop_is_never_held_up(self):
        """Nobody accepts and the queue is full: no connect waits for that, and none is refused."""
        self.relay.stop_accepting()
        out = self.run_it(hazard("C3_event_loop"), self.echo.port).stdout
        self.assertIn("connected 0, other 0", out)
        self.assertIn("in progress 1000", self.run_it(hazard("C3_event_loop"), self.echo.port, preloaded=False).stdout)
        self.assertEqual(self.relay.total("captured"), 1000)

    def test_C4_interrupted_connect_goes_on(self):
        self.same(hazard("C4_interrupted"), self.echo.port, captured=300)

    def test_C5_second_connect_claims_nothing(self):
        self.same(hazard("C5_second_connect"), self.echo.port, captured=2)

    def test_C6_unspec_dissolves(self):
        self.same(hazard("C6_unspec"), self.echo.port, captured=2)

    def test_C7_bad_pointers_are_the_kernels_to_judge(self):
        out = self.same(hazard("C7_bad_pointers"), self.echo.port, captured=7)
        self.assertIn("straddling: -1 Bad address", out)

    def test_C8_sockaddr_is_not_written_to(self):
        self.same(hazard("C8_sockaddr"), self.echo.port, captured=3)

    def test_C9_getpeername_tells_what_was_asked_for(self):
        out = self.same(hazard("C9_getpeername"), self.echo.port, captured=4)
        self.assertNotIn("same 0", out)
        self.assertNotIn("same peer 0", out)

    def test_C9_getsockname_tells_where_from(self):
        addresses = ("127.0.0.1", "127.0.0.9", "::1", "::ffff:127.0.0.1")
        for suffix in ("", ".musl"):
            out = self.same(hazard("C9_getsockname" + suffix), self.echo.port, *addresses, captured=len(addresses) + 1)
            self.assertIn("bound to 127.0.0.5: from 127.0.0.5", out)
            self.assertIn("::1: from ::1", out)

    def test_C9_server_among_the_tokens_is_told_as_it_is(self):
        self.run_it(hazard("connect_once"), self.echo.port)  # slot 0, first generation: 127.64.16.0
        code = f"""
import socket
print(socket.create_connection(("127.64.16.0", {self.plain.port})).getpeername())
"""
        self.same("/usr/bin/python3", "-c", code, captured=0)

    def test_C10_v6_sockets(self):
        # A bound V6ONLY socket cannot reach a token, nor can one bound to an IPv6 address.
        out = self.same(hazard("C10_v6_sockets"), self.echo.port, captured=3)
        self.assertNotIn("peer 0", out)
        self.assertEqual(self.relay.total("by_socket"), 3)

    def test_C11_socket_bound_to_a_device(self):
        self.same(hazard("C11_device"), self.echo.port, captured=1)

    def test_C12_bound_source_is_kept(self):
        self.same(hazard("C12_bound_source"), self.echo.port, captured=1)

    def test_C13_fast_open(self):
        self.same(hazard("C13_fast_open"), self.echo.port, captured=6)

    def test_C14_udp_is_untouched(self):
        self.same(hazard("C14_udp"), self.echo.port, captured=0)

    def test_C15_other_families_are_untouched(self):
        self.same(hazard("C15_other_families"), captured=0)

    def test_C16_mptcp(self):
        self.same(hazard("C16_mptcp"), self.echo.port)

    def test_C17_special_destinations_stay_what_they_are(self):
        native = self.run_it(hazard("C17_special"), self.echo.port, self.relay.port, self.closed, preloaded=False)
        ours = self.run_it(hazard("C17_special"), self.echo.port, self.relay.port, self.closed)
        self.assertEqual(native.stdout, ours.stdout)
        self.assertEqual(self.relay.total("captured"), 0)

    def test_C18_cancelled_connect_unwinds(self):
        self.assertEqual(self.same(hazard("C18_cancel"), captured=0), "cancelled 1 cleaned 1\n")
        self.relay.stop_accepting()  # and through our own frame
        self.assertEqual(self.run_it(hazard("C18_cancel"), self.echo.port).stdout, "cancelled 1 cleaned 1\n")
        self.assertEqual(self.relay.states()[2], 1, "it waited for a token")

    def test_C18_cancelled_connect_unwinds_cxx(self):
        wanted = "cancelled 1 destroyed 4 passed by 1\nthrown -1\n"
        self.relay.stop_accepting()
        self.assertEqual(self.run_it(hazard("C18_unwind"), self.echo.port).stdout, wanted)
        self.assertEqual(self.relay.states()[2], 1, "it waited for a token")
        self.assertEqual(self.run_it(hazard("C18_unwind"), self.relay.port, preloaded=False).stdout, wanted)

    def test_C19_io_uring_connects_by_itself(self):
        out = self.same(hazard("C19_io_uring"), self.echo.port, captured=0)
        if out == "no io_uring here\n":
            self.skipTest(out.strip())
        self.assertEqual(out, "connect 0, peer 1, echoes 1\n")

    def test_C20_raw_system_calls_go_by_themselves(self):
        out = self.same(hazard("C20_raw_syscall"), self.echo.port, captured=0)
        self.assertIn("peer 1 echoes 1", out)
        self.assertIn("Function not implemented", out)

    def test_C20_go_programs_go_by_themselves(self):
        for name in ("go_static", "go_cgo"):
            with self.subTest(name):
                if not os.path.exists(hazard(name)):
                    self.skipTest("go is not installed; `make deps` installs it")
                self.assertIn("failed 0\n", self.same(hazard(name), self.echo.port, 50, captured=0))

    def test_C21_payload_in_every_way(self):
        self.same(hazard("C21_payload"), self.echo.port, captured=1)

    def test_C22_half_close(self):
        self.assertIn("got 20000, then the end", self.same(hazard("C22_half_close"), self.echo.port, captured=1))

    def test_closed_local_port_is_refused(self):
        self.same(hazard("closed_port"), self.closed, captured=0)
        self.assertEqual(self.relay.total("refused"), 12)

    def test_P12_sandbox_without_netlink(self):
        self.same(hazard("P12_no_netlink"), self.echo.port, captured=1)

    def test_musl_behaves_as_without_us_too(self):
        for name, captured in (("C7_bad_pointers", 7), ("C9_getpeername", 4), ("C13_fast_open", 6)):
            with self.subTest(name):
                self.same(hazard(f"{name}.musl"), self.echo.port, captured=captured)

    def test_uncaptured_program_makes_the_same_network_calls(self):
        def trace(preloaded):
            env = "".join(f" -E {k}={v}" for k, v in self.relay.environment().items()).split() if preloaded else []
            done = self.run_it("strace", "-f", "-qq", "-e", "trace=%network", *env, hazard("connect_once"), self.plain.port,
                               preloaded=False, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stderr.splitlines()
        native, ours = trace(False), trace(True)
        self.assertEqual(native, ours)
        self.assertTrue(any(line.startswith("connect(") for line in ours), ours)


if __name__ == "__main__":
    unittest.main()
