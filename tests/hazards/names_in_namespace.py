"""What a host name changes. Run by names.py in a network and mount namespace of its own: only lo, which also has a public
address, and an /etc/hosts that says where names lead."""
import os
import subprocess
import tempfile
import unittest

from hazard import Case, hazard
from relay import HINT_LLM, LOCAL_SERVER

PUBLIC, PUBLIC6, NOWHERE = "198.51.100.1", "2001:db8::1", "203.0.113.9"
HOSTS = f"""127.0.0.1 localhost
{PUBLIC} api.anthropic.com a.b.example.test github.test
{PUBLIC6} api6.example.test github6.test
{NOWHERE} nowhere.example.test
127.0.0.1 local.example.test local.test
"""


def setUpModule():
    with tempfile.NamedTemporaryFile("w", prefix="hm-hosts-") as f:
        f.write(HOSTS)
        f.flush()
        for command in ("ip link set lo up", f"ip address add {PUBLIC}/32 dev lo", "mount --make-rprivate /",
                        f"mount --bind {f.name} /etc/hosts"):
            subprocess.run(command.split(), check=True, timeout=10)
    os.system(f"ip -6 address add {PUBLIC6}/128 dev lo 2>/dev/null")


class Names(Case):
    def resolve(self, name, family=4, captured=0, suffix=""):
        out = self.same(hazard(f"resolve{suffix}"), name, self.echo.port, family, captured=captured)
        self.assertIn("connect: 0", out)
        return self.relay.accepted[-1] if captured else None

    def test_llm_host_is_captured_and_named(self):
        for name, suffix in (("api.anthropic.com", ""), ("api.anthropic.com", ".musl"), ("a.b.example.test", ""),
                             ("API.Anthropic.com", "")):  # musl's hosts file minds the case
            with self.subTest(name + suffix):
                accepted = self.resolve(name, captured=1, suffix=suffix)
                self.assertEqual((accepted.name, accepted.flags, accepted.address), (name.lower(), HINT_LLM, PUBLIC))

    def test_D1_getaddrinfo_answers_as_without_us(self):
        names = ("api.anthropic.com", "github.test", "api6.example.test", "localhost", "no.such.test", "127.0.0.1", "::1",
                 "1.2.3", "a" * 300, "", "api.anthropic.com.", "x..y")
        out = self.same(hazard("D1_getaddrinfo"), *names, captured=0)
        self.assertIn("api.anthropic.com 443 flags 2 family 2: 0", out)
        self.assertIn("Bad value for ai_flags", out)

    def test_other_host_goes_direct(self):
        for suffix in ("", ".musl"):
            self.resolve("github.test", captured=0, suffix=suffix)
        self.assertEqual(self.relay.total("by_name"), 2)

    @unittest.skipUnless(os.path.exists("/proc/net/if_inet6"), "no IPv6 here")
    def test_v6(self):
        accepted = self.resolve("api6.example.test", 6, captured=1)
        self.assertEqual((accepted.name, accepted.address), ("api6.example.test", PUBLIC6))
        self.resolve("github6.test", 6, captured=0)

    def test_D3_address_nobody_resolved_is_captured(self):
        accepted = self.resolve(PUBLIC, captured=1)
        self.assertEqual((accepted.name, accepted.flags), ("", 0))

    def test_local_server_is_captured_under_any_name(self):
        accepted = self.resolve("local.test", captured=1)
        self.assertEqual((accepted.name, accepted.flags), ("", LOCAL_SERVER))
        accepted = self.resolve("local.example.test", captured=1)
        self.assertEqual((accepted.name, accepted.flags), ("local.example.test", LOCAL_SERVER | HINT_LLM))

    def test_D4_shared_address_is_captured(self):
        code = f"""
import socket
for name in ("github.test", "api.anthropic.com", "github.test"):
    to = socket.getaddrinfo(name, {self.echo.port}, socket.AF_INET, socket.SOCK_STREAM)[0][4]
    socket.create_connection(to).close()
"""
        self.run_it("/usr/bin/python3", "-c", code)
        self.assertEqual((self.relay.total("by_name"), self.relay.total("captured")), (1, 2))

    def test_C9_getsockname_tells_the_address_towards_that_destination(self):
        for address in (PUBLIC, *([PUBLIC6] if os.path.exists("/proc/net/if_inet6") else [])):
            out = self.same(hazard("C9_getsockname"), self.echo.port, address, captured=2)
            self.assertIn(f"{address}: from {address}", out)

    def test_unreachable_stays_unreachable(self):
        for address, family in ((NOWHERE, 4), ("2001:db8::9", 6)):
            out = self.run_it(hazard("resolve"), address, self.echo.port, family).stdout
            self.assertEqual(out, self.run_it(hazard("resolve"), address, self.echo.port, family, preloaded=False).stdout)
            self.assertIn("Network is unreachable", out)
        self.assertEqual(self.relay.total("by_socket"), 2)

    def test_llm_host_is_captured_without_a_route(self):
        """The daemon finds its own way there, or waits for one."""
        self.relay = self.new_relay(upstream=("127.0.0.1", self.echo.port))
        out = self.run_it(hazard("resolve"), "nowhere.example.test", self.echo.port, 4).stdout
        self.assertIn("connect: 0", out)
        self.assertEqual(self.relay.total("captured"), 1)

    def test_another_network_namespace_has_no_listener(self):
        """A sandbox with a network of its own: whatever it can reach, it reaches by itself."""
        command = ["unshare", "-n", "sh", "-c", f"ip link set lo up; exec {hazard('closed_port')} {self.closed}"]
        native, ours = self.run_it(*command, preloaded=False), self.run_it(*command)
        self.assertEqual(native.stdout, ours.stdout)
        self.assertEqual(self.relay.total("captured"), 0)

    def test_token_that_cannot_be_reached(self):
        """A policy route that forbids the tokens: the original address is tried, on a socket as it was."""
        rules = ("add pref 100 lookup local", "del pref 0", "add pref 50 to 127.64.0.0/10 prohibit")
        undo = ("add pref 0 lookup local", "del pref 50", "del pref 100")
        if subprocess.run(["ip", "rule"], capture_output=True).returncode != 0:
            self.skipTest("no policy routing here")
        for rule in rules:
            subprocess.run(["ip", "rule", *rule.split()], check=True)
        try:
            for name in ("C1_errno", "C2_nonblocking", "C10_v6_sockets", "C13_fast_open"):
                with self.subTest(name):
                    out = self.same(hazard(name), self.echo.port, "v6only", captured=0)
                    self.assertNotIn("peer 0", out)
            self.assertGreater(self.relay.total("by_socket"), 0)
        finally:
            for rule in undo:
                subprocess.run(["ip", "rule", *rule.split()], check=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
