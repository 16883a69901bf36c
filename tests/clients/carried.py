"""What every real client must live through, so that a client's own file only says how it is called.

A subclass gives `host` and `command(streaming)`: the command asks `host` once, by its real name, with its library's
own retries off, and prints the answer's text. Nothing tells the client of HiveMind or of the mock.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness
import packages

PROGRAMS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")
ANSWER = "Hello from the mock server."
# Provider time runs ten times as fast, so a second of Retry-After costs a tenth.
SCALED = {"scheduler": {"minute": "6s", "backoff_base": "50ms", "breaker_open": "200ms"}}


def credentials():
    return {"ANTHROPIC_API_KEY": "sk-ant-api03-fake", "OPENAI_API_KEY": "sk-fake"}


class Carried:
    """Mixed into harness.Case."""

    host = None
    kinds = (("whole", False), ("streaming", True))
    seconds = 60

    def command(self, streaming):
        raise NotImplementedError

    def environment(self):
        return credentials()

    def check_answer(self, done):
        self.assertEqual(done.returncode, 0, done.describe())
        self.assertIn(ANSWER, done.out())

    def world(self):
        """Mock, home with the routes to it, and the trap where the real names lead."""
        harness.names(harness.TRAP)
        mock = self.mock("--speed", "10", tls=harness.HOSTS)
        home = self.home(*(harness.route(host, mock) for host in harness.HOSTS), config=SCALED, env=self.environment())
        return mock, home, self.trap()

    def test_reaches_the_mock_without_us(self):
        # Proves the client and the harness: the names lead to the mock itself, and its root is trusted by hand.
        harness.names(harness.DIRECT)
        mock = self.mock(tls=harness.HOSTS, listen=f"{harness.DIRECT}:443")
        variables = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
        home = self.home(env={**self.environment(), **{name: mock.ca for name in variables}})
        for name, streaming in self.kinds:
            with self.subTest(name):
                self.check_answer(home.direct(*self.command(streaming), seconds=self.seconds))
        self.assertEqual(mock.stats()["completed"], len(self.kinds))

    def test_is_carried(self):
        mock, home, _ = self.world()
        for name, streaming in self.kinds:
            with self.subTest(name):
                mock.forget()
                self.check_answer(home.run(*self.command(streaming), seconds=self.seconds))
                stats = mock.stats()
                self.assertEqual((stats["generations"], stats["completed"]), (1, 1), stats)

    def test_sees_no_failure_before_content(self):
        mock, home, _ = self.world()
        for name, streaming in self.kinds:
            with self.subTest(name):
                mock.forget()
                mock.script("429:1s,529,reset")
                self.check_answer(home.run(*self.command(streaming), seconds=self.seconds))
                stats = mock.stats()
                self.assertEqual((stats["generations"], stats["completed"]), (4, 1), stats)
                self.assertEqual((stats["rate_limited"], stats["overloaded"], stats["retries_seen"]), (1, 1, 0), stats)


class FromNpm(Carried):
    """Clients whose packages npm installs; `make check` needs them, so without them the tests fail and say so."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.packages = packages.installed()

    def environment(self):
        return {**credentials(), "NODE_PATH": self.packages}


def enter_with_packages():
    packages.install()  # before the network is gone
    harness.enter()
