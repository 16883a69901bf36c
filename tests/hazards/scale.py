#!/usr/bin/python3
"""Many connections of every kind from four threads: no token lost, none to the wrong place, no slot kept.

By itself 40,000; `make soak` a million (HIVEMIND_SOAK=1).
"""
import os
import re
import socket
import subprocess
import unittest

from hazard import PRELOAD, Case, hazard
from relay import Relay

THREADS, KINDS, PORTS = 4, 8, 4


class Scale(Case):
    def setUp(self):
        servers = [socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) for _ in range(PORTS)]
        for server in servers:
            self.addCleanup(server.close)
        self.ports = [server.getsockname()[1] for server in servers]  # whoever gets there gets no answer
        self.relay = Relay(self.ports, preload=PRELOAD, serves=False)
        self.addCleanup(self.relay.close)

    def test_no_token_is_lost_and_no_slot_kept(self):
        count = 1_000_000 if os.environ.get("HIVEMIND_SOAK") else 40_000
        listener = subprocess.Popen([hazard("scale_listener"), str(self.relay.listener.fileno()), self.relay.path], text=True,
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[self.relay.listener.fileno()])
        self.addCleanup(listener.kill)
        done = self.run_it(hazard("scale_client"), count, THREADS, *self.ports, timeout=1800)
        told, _ = listener.communicate("")
        print(done.stdout + told, end="")
        rows = re.findall(r"^(.*): (\d+) lost (\d+) wrong (\d+)$", done.stdout, re.M)
        self.assertEqual([(int(ok), int(lost), int(wrong)) for _, ok, lost, wrong in rows], [(count // KINDS, 0, 0)] * KINDS)
        self.assertEqual(told, f"accepted {count} strangers 0 wrong 0\n")
        self.assertEqual(self.relay.total("captured"), count)
        self.assertEqual(self.relay.states(), [4096, 0, 0, 0])


if __name__ == "__main__":
    unittest.main()
