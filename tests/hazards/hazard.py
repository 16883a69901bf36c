"""What the hazard tests share: a case with an echo server, a relay in front of it, and programs run with and without us."""
import os
import socket
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get("HIVEMIND_BUILD", os.path.join(ROOT, "build")))
PRELOAD = os.path.join(BUILD, "lib", "libhivemind-preload.so")
TAP = os.path.join(BUILD, "lib", "libhivemind-tap.so")
sys.path.insert(0, HERE)
from relay import Echo, Relay  # noqa: E402


def hazard(name):
    return os.path.join(BUILD, "bin", "hazards", name)


def closed_port():
    """A port on which nothing listens. Bound, so that nobody takes it while the caller keeps the socket."""
    s = socket.socket(socket.AF_INET6)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.bind(("::", 0))
    return s, s.getsockname()[1]


class Case(unittest.TestCase):
    maxDiff = None
    hosts = ("api.anthropic.com", "*.example.test")
    environment = ("HAZARD_CA=/ca.pem",)

    def setUp(self):
        for path in (PRELOAD, hazard("C1_errno")):
            self.assertTrue(os.path.exists(path), f"{path} is not built; `make tests` builds it")
        self.echo = Echo()
        self.addCleanup(self.echo.close)
        self.plain = Echo()  # on a port that is not captured
        self.addCleanup(self.plain.close)
        holder, self.closed = closed_port()
        self.addCleanup(holder.close)
        self.relay = self.new_relay()

    def new_relay(self, **more):
        relay = Relay([443, self.echo.port, self.closed], self.hosts, self.environment, PRELOAD, **more)
        self.addCleanup(relay.close)
        return relay

    def run_it(self, *command, env=None, preloaded=True, check=True, **more):
        """Runs a program under the preload object, or without; stdout and stderr are text."""
        base = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD" and not k.startswith("HIVEMIND_")}
        if preloaded:
            base |= self.relay.environment()
        more = {"stdin": subprocess.DEVNULL, **more}
        done = subprocess.run([str(word) for word in command], env=base | (env or {}), capture_output=True, text=True,
                              **{"timeout": 60, **more})
        if check:
            self.assertEqual((done.returncode, done.stderr), (0, ""), f"{command}: {done.stdout}")
        return done

    def same(self, *command, captured=None):
        """The program prints the same without us and with us. `captured`: how many connects went through the relay."""
        native = self.run_it(*command, preloaded=False)
        before = self.relay.total("captured")
        ours = self.run_it(*command)
        self.assertEqual(native.stdout, ours.stdout)
        if captured is not None:
            self.assertEqual(self.relay.total("captured") - before, captured, ours.stdout)
        self.no_slot_is_held()
        return ours.stdout

    def no_slot_is_held(self):
        """Every connection has ended, so every slot is free again in the end."""
        deadline = time.monotonic() + 10
        while (states := self.relay.states())[0] != sum(states):
            self.assertLess(time.monotonic(), deadline, f"slots FREE, CLAIMED, LIVE, ACCEPTED: {states}")
            time.sleep(0.01)
        self.assertEqual(self.relay.strangers, 0, "connections without a live token")
