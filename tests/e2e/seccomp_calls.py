#!/usr/bin/python3
"""The seccomp tier: static programs say the same under it as without us (all but getpeername's answer, which it cannot
change), and what they connected to was captured."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness
from supervised import Case


class Calls(Case):
    def test_C1_errno_is_left_alone(self):
        self.same("C1_errno", self.echo.port, count=1)

    def test_C2_non_blocking_stays_non_blocking(self):
        self.same("C2_nonblocking", self.echo.port, count=1)

    def test_C4_interrupted_connect_goes_on(self):
        self.same("C4_interrupted", self.echo.port)  # a call that is interrupted before we have it never began

    def test_C5_second_connect_claims_nothing(self):
        self.same("C5_second_connect", self.echo.port, count=2)

    def test_C6_unspec_dissolves(self):
        self.same("C6_unspec", self.echo.port, count=2)

    def test_C7_bad_pointers_are_the_kernels_to_judge(self):
        out = self.same("C7_bad_pointers", self.echo.port, count=7)
        self.assertIn("straddling: -1 Bad address", out)

    def test_C8_sockaddr_is_not_written_to(self):
        self.same("C8_sockaddr", self.echo.port, count=3)

    def test_C10_v6_sockets(self):
        self.same("C10_v6_sockets", self.echo.port, count=3)

    def test_C13_fast_open(self):
        self.same("C13_fast_open", self.echo.port, count=4)

    def test_C14_udp_is_not_for_us(self):
        self.same("C14_udp", self.echo.port, count=0)

    def test_C15_other_families_are_not_for_us(self):
        self.same("C15_other_families", self.echo.port, count=0)

    def test_C16_multipath(self):
        self.same("C16_mptcp", self.echo.port, count=1)

    def test_C17_special_addresses(self):
        self.same("C17_special", self.echo.port, self.plain.port, self.closed, count=0)

    def test_P1_fork_in_the_middle(self):
        self.same("P1_fork", self.echo.port)

    def test_P5_descriptors_are_reused(self):
        self.same("P5_fd_reuse", self.echo.port, self.plain.port, count=1)

    def test_P6_signal_handler_connects(self):
        self.same("P6_signal", self.echo.port)

    def test_P8_small_stack(self):
        self.same("P8_small_stack", self.echo.port, count=1)

    def test_closed_port_stays_refused(self):
        self.same("closed_port", self.closed, count=0)

    def test_epoll_tells_once_of_a_socket_registered_before(self):
        out = self.same("epoll", self.echo.port, count=1)
        self.assertIn("after: 1 out 1 error 0 hang-up 0", out)

    def test_thousand_connects_under_way_at_once(self):
        out = self.same("many", self.echo.port, count=1000)
        self.assertEqual(out, "begun 1000 connected 1000 failed 0\n")

    def test_unix_sockets_are_let_go(self):
        self.same("unix", self.folder(), count=0)

    def test_signals_all_the_time(self):
        self.same("storm", self.echo.port, count=1200)

    def test_32_bit_program(self):
        self.same("narrow", self.echo.port, count=2)


if __name__ == "__main__":
    harness.main()
