#!/usr/bin/python3
"""A program that we have no business with makes the same network system calls, with the same results, as without us."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness

# Everything that a program may do on the network, to ports that are not captured.
PROGRAM = r"""
import errno, select, socket, sys
port, closed = int(sys.argv[1]), int(sys.argv[2])
s = socket.create_connection(("127.0.0.1", port), timeout=5); s.sendall(b"GET / HTTP/1.0\r\n\r\n"); s.recv(100); s.getpeername(); s.close()
s = socket.socket(); s.setblocking(False); assert s.connect_ex(("127.0.0.1", port)) in (0, errno.EINPROGRESS)
select.select([], [s], [], 5); s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR); s.close()
s = socket.socket(); assert s.connect_ex(("127.0.0.1", closed)) == errno.ECONNREFUSED; s.close()
try: s = socket.socket(socket.AF_INET6); s.connect_ex(("::1", closed)); s.close()
except OSError: pass  # no IPv6 here
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(("127.0.0.1", port)); s.send(b"x"); s.close()
s = socket.socket(socket.AF_UNIX); assert s.connect_ex("/nonexistent") == errno.ENOENT; s.close()
s = socket.socket(); s.sendto(b"GET / HTTP/1.0\r\n\r\n", 0x20000000, ("127.0.0.1", port)); s.recv(100); s.close()
print(socket.getaddrinfo("localhost", port, socket.AF_INET, socket.SOCK_STREAM)[0][4][0])
"""


def normal(trace):
    """The calls in order, without what differs from run to run: process ids, ephemeral ports, netlink sequence and port ids."""
    calls = []
    for line in trace.splitlines():
        line = re.sub(r"^\d+ +", "", line)
        if line.startswith(("+++", "---")):
            continue
        calls.append(re.sub(r"nlmsg_(seq|pid)=\d+|nl_pid=\d+|\[0x[0-9a-f]+\]|0x[0-9a-f]{6,}", "_", re.sub(r"\s+=", " =", line)))
    return calls


class Uncaptured(harness.Case):
    def setUp(self):
        harness.need("strace")
        self.other = self.server(lambda s: s.sendall(b"HTTP/1.0 200 OK\r\n\r\n" if s.recv(100) else b""))
        self.closed = harness.Server(lambda s: None)
        with self.closed:
            pass  # its port is closed now

    def trace(self, way, name):
        path = os.path.join(self.folder(), name)
        done = way("strace", "-f", "-e", "trace=%network", "-o", path, "/usr/bin/python3", "-c", PROGRAM,
                   str(self.other.port), str(self.closed.port))
        self.assertEqual((done.returncode, done.out()), (0, "127.0.0.1\n"), done.describe())
        with open(path) as f:
            return normal(f.read())

    def test_the_same_calls_and_results(self):
        home = self.home()
        home.up()
        without = self.trace(home.direct, "without")
        self.assertEqual(self.trace(home.run, "with"), without)
        self.assertGreater(len(without), 20, without)
        self.assertEqual(without, self.trace(home.direct, "again"), "the trace itself is not repeatable")

    def test_the_preload_object_was_there(self):
        # Otherwise the comparison says nothing.
        home = self.home()
        done = home.run("/usr/bin/python3", "-c", "print(open('/proc/self/maps').read())")
        self.assertIn("libhivemind-preload.so", done.out())


if __name__ == "__main__":
    harness.main()
