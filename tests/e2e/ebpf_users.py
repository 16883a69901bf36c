#!/usr/bin/python3
"""The eBPF tier and its privilege: an ordinary user with a privileged helper, with one as a service, and with none."""
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness
from harness import until
from kernel import EBPF, cgroup2, left_cgroups, need_privilege
from process import Process, libc

NOBODY = 65534
PIDFD_GETFD = 438
CAPABILITIES = bytes.fromhex("010000020010000000000000" "8000000000000000")  # cap_net_admin, cap_bpf: effective
ASK = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20) as s:
    s.sendall(b"?")
    print("direct" if int(s.makefile().readline()) == s.getsockname()[1] else "captured")
"""


def tell_source(s):
    if s.recv(1):
        s.sendall(b"%d\n" % s.getpeername()[1])


class Users(harness.Case):
    """hivemind-run as nobody, from programs that are copies of ours, in a cgroup that may be nobody's."""

    def setUp(self):
        if os.getuid() != 0:
            self.skipTest("needs root")
        need_privilege()
        self.before = left_cgroups()
        self.asked = self.server(tell_source)
        self.place = tempfile.mkdtemp(prefix="hm-nobody-")
        self.addCleanup(shutil.rmtree, self.place, ignore_errors=True)
        for name in ("hivemind-run", "hivemindd", "hivemindctl", "hivemind-ebpf"):
            os.makedirs(f"{self.place}/bin", exist_ok=True)
            shutil.copy(harness.program(name), f"{self.place}/bin/{name}")
        shutil.copytree(os.path.join(harness.BUILD, "lib"), f"{self.place}/lib")
        for name in ("run", "state", "home"):
            os.mkdir(f"{self.place}/{name}", 0o700)
        with open(f"{self.place}/hivemind.toml", "w") as f:
            f.write(f"ports = [{self.asked.port}]\n")
        for folder, _, files in os.walk(self.place):
            for path in (folder, *(os.path.join(folder, file) for file in files)):
                os.chown(path, NOBODY, NOBODY)
        self.env = {"PATH": "/usr/bin:/bin", "HOME": f"{self.place}/home", "HIVEMIND_RUNTIME_DIR": f"{self.place}/run",
                    "HIVEMIND_STATE_DIR": f"{self.place}/state", "HIVEMIND_CONFIG": f"{self.place}/hivemind.toml",
                    "HIVEMIND_EBPF_SOCKET": f"{self.place}/none.sock"}

    def stop_daemon(self):
        subprocess.run(["setpriv", "--reuid", str(NOBODY), "--clear-groups", f"{self.place}/bin/hivemindctl", "stop"], env=self.env,
                       capture_output=True, timeout=20)

    def cgroup(self, owner):
        """A cgroup as a session manager makes one for `owner`."""
        path = tempfile.mkdtemp(prefix="hm-test-", dir=cgroup2())
        self.addCleanup(lambda: until(lambda: self.removed(path), "the test's cgroup is empty"))
        self.addCleanup(self.stop_daemon)  # it may have been started there
        for name in ("", "cgroup.procs", "cgroup.subtree_control"):
            os.chown(os.path.join(path, name), owner, owner)
        os.chmod(path, 0o755)
        return path

    @staticmethod
    def removed(path):
        try:
            os.rmdir(path)
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    def privileged(self):
        os.setxattr(f"{self.place}/bin/hivemind-ebpf", "security.capability", CAPABILITIES)

    def run_as_nobody(self, cgroup):
        """(what the asker said, what hivemind-run said)"""
        enter = f"echo $$ > {cgroup}/cgroup.procs && exec setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups -- " + \
                f"{self.place}/bin/hivemind-run --capture ebpf --explain -- /usr/bin/python3 -c '{ASK}' {self.asked.port}"
        done = subprocess.run(["/bin/sh", "-c", enter], env=self.env, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        until(lambda: left_cgroups() <= self.before, "every cgroup of a run is gone")
        return done.stdout.strip(), done.stderr

    def test_capabilities_of_the_file_suffice(self):
        self.privileged()
        said, told = self.run_as_nobody(self.cgroup(NOBODY))
        self.assertEqual(said, "captured", told)

    def test_without_them_it_runs_direct_and_says_how_to_have_them(self):
        said, told = self.run_as_nobody(self.cgroup(NOBODY))
        self.assertEqual(said, "direct", told)
        self.assertIn("sudo setcap cap_bpf,cap_net_admin=ep", told)

    def test_in_a_cgroup_of_others_it_runs_direct_and_says_so(self):
        self.privileged()
        said, told = self.run_as_nobody(self.cgroup(0))
        self.assertEqual(said, "direct", told)
        self.assertIn("systemd-run --user --scope", told)

    def service(self):
        path = f"{self.place}/ebpf.sock"
        process = self.using(Process([harness.program("hivemind-ebpf"), "--serve", path], self.place, name="hivemind-ebpf"))
        until(lambda: os.path.exists(path) or process.popen.poll() is not None, "the service listens")
        self.assertIsNone(process.popen.poll(), process.describe())
        self.env["HIVEMIND_EBPF_SOCKET"] = path
        return process

    def test_a_service_captures_in_any_cgroup(self):
        service = self.service()
        for cgroup in (self.cgroup(0), self.cgroup(NOBODY)):
            said, told = self.run_as_nobody(cgroup)
            self.assertEqual(said, "captured", told)
        os.kill(service.pid, signal.SIGTERM)
        self.assertEqual(service.wait(10), 0)
        self.assertFalse(os.path.exists(f"{self.place}/ebpf.sock"))
        said, told = self.run_as_nobody(self.cgroup(NOBODY))
        self.assertEqual(said, "direct", told)

    def test_a_service_moves_nobody_of_another_user(self):
        """Who asks cannot have root's processes captured, also when root sends on its socket."""
        self.service()
        code = """
import os, socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect(sys.argv[1])
pid = os.fork()
if pid == 0: os._exit(0)
os.waitpid(pid, 0)
s.send(struct.pack("=IIQ240x", 1, 1, 0xABC))
data = socket.recv_fds(s, 512, 1)[0]
assert struct.unpack_from("=III", data) == (2, 1, 0), data[16:100]
os.write(1, b"x"); os.read(0, 1)
"""
        asker = subprocess.Popen(["setpriv", "--reuid", str(NOBODY), "--clear-groups", "/usr/bin/python3", "-c", code,
                                  self.env["HIVEMIND_EBPF_SOCKET"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(asker.stdout.close)
        self.assertEqual(asker.stdout.read(1), b"x")
        # Its socket, taken by root: as if it had been passed on.
        pidfd = os.pidfd_open(asker.pid)
        fd = next(int(name) for name in os.listdir(f"/proc/{asker.pid}/fd") if os.readlink(f"/proc/{asker.pid}/fd/{name}").startswith("socket:"))
        taken = libc.syscall(PIDFD_GETFD, pidfd, fd, 0)
        os.close(pidfd)
        self.assertGreaterEqual(taken, 0)
        with socket.socket(fileno=taken) as s:
            s.send(struct.pack("=II", 3, 1))
            answer = s.recv(512)
        self.assertEqual(struct.unpack_from("=III", answer), (2, 1, 1))
        self.assertIn(b"another user", answer)
        asker.communicate(b"y", timeout=20)
        self.assertEqual(asker.returncode, 0)
        until(lambda: left_cgroups() <= self.before, "every cgroup of a run is gone")


if __name__ == "__main__":
    harness.main()
