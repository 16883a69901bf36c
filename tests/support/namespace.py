"""A private network and mount namespace in which the providers' real names lead where the test says, and the trap.

Invariant: after `enter()` this process and all it starts see only a loopback interface, and an /etc/hosts of ours;
nothing outside changes, and all of it is gone with the last process.
"""
import atexit
import ctypes
import os
import selectors
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest

from process import libc

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
TRAP = "127.0.0.9"      # where the real names lead when everything must be captured
DIRECT = "127.0.0.8"    # where they lead when a client is to reach the mock without us
HOSTS = ("api.anthropic.com", "api.openai.com")

_hosts_file = None


def enter():
    """Once per test program, before any thread: setUpModule. Skips aloud where the kernel does not allow it."""
    global _hosts_file
    if _hosts_file:
        return
    uid, gid = os.getuid(), os.getgid()
    flags = CLONE_NEWNS | CLONE_NEWNET | (0 if uid == 0 else CLONE_NEWUSER)
    if libc.unshare(flags) != 0:
        raise unittest.SkipTest(f"no private namespaces here: {os.strerror(ctypes.get_errno())}")
    if flags & CLONE_NEWUSER:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"0 {uid} 1")
        _write("/proc/self/gid_map", f"0 {gid} 1")
    folder = tempfile.mkdtemp(prefix="hm-names-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _hosts_file = os.path.join(folder, "hosts")
    resolver = os.path.join(folder, "resolv.conf")
    _write(resolver, f"nameserver {TRAP}\noptions timeout:1 attempts:1\n")
    names(TRAP)
    for command in (
            ["mount", "--make-rprivate", "/"],
            ["mount", "--bind", _hosts_file, "/etc/hosts"],
            *([["mount", "--bind", resolver, "/etc/resolv.conf"]] if os.path.exists("/etc/resolv.conf") else []),
            ["ip", "link", "set", "lo", "up"],
            # glibc's AI_ADDRCONFIG does not count 127.0.0.1 as having IPv4.
            ["ip", "address", "add", f"{TRAP}/8", "dev", "lo"]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
        if done.returncode != 0:
            raise unittest.SkipTest(f"no private namespaces here: {' '.join(command)}: {done.stderr.strip()}")


def names(address, hosts=HOSTS):
    """From now on the real names lead to `address`."""
    _write(_hosts_file, "127.0.0.1 localhost\n" + "".join(f"{address} {host}\n" for host in hosts))


def _write(path, text):
    with open(path, "w") as f:
        f.write(text)


class Trap:
    """Listens where the real names lead. Whoever gets here was not captured: `seen` keeps who and the first bytes."""

    def __init__(self, address=TRAP, port=443):
        self.seen = []
        self._listener = socket.create_server((address, port), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        with selectors.DefaultSelector() as ready:
            ready.register(self._listener, selectors.EVENT_READ)
            ready.register(self._woken, selectors.EVENT_READ)
            while True:
                if any(key.fileobj is self._woken for key, _ in ready.select()):
                    return
                connection, client = self._listener.accept()
                with connection:
                    connection.settimeout(1.0)
                    try:
                        first = connection.recv(256)
                    except OSError as error:
                        first = repr(error).encode()
                    self.seen.append((client, first))

    def check(self):
        """Fails when anything came."""
        if self.seen:
            raise AssertionError(f"not captured, went to the trap: {self.seen}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._wake.send(b"x")
        self._thread.join(5)
        for s in (self._listener, self._wake, self._woken):
            s.close()
