"""What getaddrinfo tells us (hazards D1, D3, D4): names_in_namespace.py, in namespaces of its own."""
import os
import subprocess
import unittest

from hazard import HERE


class Names(unittest.TestCase):
    def test_D1_D3_D4_names_in_a_namespace(self):
        unshare = ["unshare", "-n", "-m", *([] if os.getuid() == 0 else ["-r"])]
        probe = subprocess.run([*unshare, "ip", "link", "set", "lo", "up"], capture_output=True, text=True, timeout=10)
        if probe.returncode != 0:
            self.skipTest(f"no private namespaces here: {probe.stderr.strip()}")
        done = subprocess.run([*unshare, "/usr/bin/python3", os.path.join(HERE, "names_in_namespace.py")],
                              capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            self.fail(done.stderr)


if __name__ == "__main__":
    unittest.main()
