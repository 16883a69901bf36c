#!/usr/bin/python3
"""hivemindctl system: agents without a prefix are scheduled; whatever dies and in whatever order, nothing of us is left."""
import json
import os
import random
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness
import mock as _mock
from harness import gone, until
from kernel import all_gone, cgroup2, held_by, need_privilege
from wire import read_message

QUESTION = '{"model":"claude-sonnet-4-5","max_tokens":8,"messages":[{"role":"user","content":"hi"}]}'


def hivemind_processes(root):
    """Those of ours whose environment or arguments name this installation."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid() or gone(int(entry)):
            continue
        try:
            with open(f"/proc/{entry}/environ", "rb") as e, open(f"/proc/{entry}/comm") as c:
                if root.encode() in e.read() and c.read().startswith("hivemind"):
                    found.append(int(entry))
        except OSError:
            pass
    return found


def server_context(files):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files["cert"], files["key"])
    return context


def answer(s):
    rest = b""
    while True:
        _, _, rest = read_message(s, rest)
        body = b'{"type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"text","text":"pong"}],' \
               b'"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}'
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


class SystemWide(harness.Case):
    def setUp(self):
        if os.getuid() != 0:
            self.skipTest("needs root")
        need_privilege()
        self.place = tempfile.mkdtemp(prefix="hm-system-")
        os.chmod(self.place, 0o755)
        self.addCleanup(shutil.rmtree, self.place, ignore_errors=True)
        self.root = f"{self.place}/root"
        for name in ("hivemind-run", "hivemindd", "hivemindctl", "hivemind-ebpf"):
            os.makedirs(f"{self.place}/bin", exist_ok=True)
            shutil.copy(harness.program(name), f"{self.place}/bin/{name}")
        self.provider = self.mock()
        os.makedirs(f"{self.root}/etc/hivemind")
        os.makedirs(f"{self.root}/var/lib")
        self.route = harness.route("127.0.0.1", self.provider, dialect="anthropic")
        with open(f"{self.root}/etc/hivemind/hivemind.toml", "w") as f:
            f.write(harness.toml({"ports": [self.provider.port]}, [("upstream", self.route)]))
        self.cgroup = tempfile.mkdtemp(prefix="hm-test-", dir=cgroup2())
        self.addCleanup(lambda: until(self.removed, "the test's cgroup is empty"))
        self.before = self.files()
        self.addCleanup(self.system, "disable")

    def removed(self):
        try:
            os.rmdir(self.cgroup)
        except OSError:
            return not os.path.exists(self.cgroup)
        return True

    def files(self):
        """What is there, and what is in it."""
        found = {}
        for folder, folders, files in os.walk(self.root):
            found.update({os.path.join(folder, name): None for name in folders})
            for name in files:
                path = os.path.join(folder, name)
                with open(path, "rb") as f:
                    found[path] = f.read()
        return found

    def system(self, *arguments):
        return subprocess.run([f"{self.place}/bin/hivemindctl", "system", arguments[0], "--root", self.root, *arguments[1:]],
                              capture_output=True, text=True, timeout=60)

    def enable(self, *more):
        done = self.system("enable", "--cgroup", self.cgroup, "--as", "nobody", *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def pid(self):
        return int(re.search(r"pid (\d+)", self.system("status").stdout).group(1))

    def agent(self, *prefix):
        """curl, as an agent that knows nothing of us, in the cgroup."""
        command = f"echo $$ > {self.cgroup}/cgroup.procs; exec {' '.join(prefix)} curl -sS -m 20 -H 'content-type: application/json' " \
                  f"-d '{QUESTION}' {self.provider.url('/v1/messages')}"
        done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=60)
        self.assertIn("Hello from the mock server.", done.stdout, done.stderr)

    def runs(self):
        done = subprocess.run([f"{self.place}/bin/hivemindctl", "runs", "--json"], capture_output=True, text=True, timeout=20,
                              env={"HIVEMIND_RUNTIME_DIR": f"{self.root}/run/hivemind/system", "PATH": "/usr/bin:/bin"})
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["runs"]

    def scheduled(self):
        """Requests that the system's daemon has dispatched."""
        return sum(run["requests"] for run in self.runs())

    def helper(self):
        return next((pid for pid in hivemind_processes_named("hivemind-ebpf") if any(kind == "link" for kind, _ in held_by(pid))
                     and self.cgroup in " ".join(links_of(pid))), None)

    def nothing_left(self, held=()):
        until(lambda: not hivemind_processes(self.root), f"none of our processes runs: {hivemind_processes(self.root)}", 15)
        self.assertEqual(self.files(), self.before)
        all_gone(held)

    def test_an_agent_without_a_prefix_is_scheduled(self):
        self.assertIn("not enabled", self.system("status").stdout)
        self.enable()
        held = held_by(until(self.helper, "the helper captures the cgroup"))
        self.assertEqual(len([one for one in held if one[0] == "link"]), 7)
        self.agent()
        self.assertEqual(self.scheduled(), 1)
        with open(f"{self.root}/etc/profile.d/hivemind.sh") as f:
            self.assertIn(f"export NODE_EXTRA_CA_CERTS={self.root}/etc/hivemind/root.pem", f.read())
        self.assertIn("enabled already", self.enable(), "twice is harmless")
        self.assertIn("enabled (pid", self.system("status").stdout)
        self.agent()
        self.assertEqual(self.scheduled(), 2)
        done = self.system("disable")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.nothing_left(held)
        self.agent()
        self.assertIn("not enabled", self.system("disable").stdout, "twice is harmless")

    def test_only_some_users(self):
        harness.need("setpriv")
        self.enable("--user", "61234")
        self.agent()
        self.assertEqual(self.scheduled(), 0)
        self.agent("setpriv", "--reuid", "61234", "--clear-groups", "--")
        self.assertEqual(self.scheduled(), 1)

    def test_agents_and_users_are_told_apart(self):
        harness.need("setpriv", "setsid")
        self.enable()
        self.agent("setsid", "--wait")
        self.agent("setsid", "--wait", "setpriv", "--reuid", "61234", "--clear-groups", "--")
        self.agent("setpriv", "--reuid", "61234", "--clear-groups", "--")
        agents = [agent["agent"] for run in self.runs() for agent in run["agents"]]
        self.assertEqual(len(set(agents)), 3, agents)
        self.assertEqual(sorted(agent.split()[1] for agent in agents), ["0", "61234", "61234"], agents)

    def test_its_daemon_is_not_captured_where_it_lives(self):
        """Enabled from within: the daemon's own connections would come back to it."""
        command = f"echo $$ > {self.cgroup}/cgroup.procs; exec \"$@\""
        done = subprocess.run(["/bin/sh", "-c", command, "sh", f"{self.place}/bin/hivemindctl", "system", "enable", "--root", self.root,
                               "--cgroup", self.cgroup, "--as", "nobody"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(f"{self.cgroup}/cgroup.procs") as f:
            self.assertIn(self.pid(), [int(line) for line in f])
        for expected in (1, 2):
            self.agent()
            self.assertEqual(self.scheduled(), expected)
        with open(f"{self.root}/run/hivemind/system/daemon.lock") as f:
            os.kill(int(f.read()), signal.SIGKILL)
        for _ in range(5):
            self.agent()  # by the relay, then by the next daemon, both within

    def test_who_does_not_trust_is_tunnelled(self):
        """A program that pins its roots fails once, and works from then on; who trusts is scheduled."""
        files = _mock.certificate(harness.program("hivemind-mock"), self.folder(), ["localhost"])
        provider = self.server(answer, tls=server_context(files))
        route = {"host": "localhost", "address": "127.0.0.1", "port": provider.port, "ca_file": files["ca"], "dialect": "anthropic"}
        os.chmod(os.path.dirname(files["ca"]), 0o755)
        with open(f"{self.root}/etc/hivemind/hivemind.toml", "w") as f:
            f.write(harness.toml({"ports": [provider.port]}, [("upstream", route)]))
        self.before = self.files()
        self.enable()
        pinned = shutil.copy(shutil.which("curl"), f"{self.place}/pinned-curl")
        url = f"https://localhost:{provider.port}/v1/messages"

        def ask(program, roots):
            command = f"echo $$ > {self.cgroup}/cgroup.procs; exec {program} -sS -m 20 --cacert {roots} -d '{QUESTION}' {url}"
            return subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=60, env={"PATH": "/usr/bin:/bin"})
        trusting = ask("curl", f"{self.root}/etc/hivemind/ca.pem")
        self.assertIn("pong", trusting.stdout, trusting.stderr)
        self.assertEqual(self.scheduled(), 1)
        first = ask(pinned, files["ca"])
        self.assertNotEqual(first.returncode, 0)
        for _ in range(3):
            again = ask(pinned, files["ca"])
            self.assertIn("pong", again.stdout, again.stderr)
        self.assertEqual(self.scheduled(), 1)
        self.assertIn("pong", ask("curl", f"{self.root}/etc/hivemind/ca.pem").stdout)
        self.assertEqual(self.scheduled(), 2, "others are not taken for it")

    def test_root_in_the_systems_store(self):
        harness.need("update-ca-certificates")
        os.makedirs(f"{self.root}/etc/ssl/certs")
        os.makedirs(f"{self.root}/usr/local/share/ca-certificates")
        with open(f"{self.root}/etc/ca-certificates.conf", "w") as f:
            f.write("mozilla/ISRG_Root_X1.crt\n")
        subprocess.run(["update-ca-certificates", "--fresh", "--localcertsdir", f"{self.root}/usr/local/share/ca-certificates",
                        "--etccertsdir", f"{self.root}/etc/ssl/certs", "--certsconf", f"{self.root}/etc/ca-certificates.conf"],
                       check=True, capture_output=True, timeout=60)
        self.before = self.files()
        self.enable("--install-ca")
        with open(f"{self.root}/etc/hivemind/root.pem") as ours, open(f"{self.root}/etc/ssl/certs/ca-certificates.crt") as store:
            self.assertIn(ours.read().split("-----")[2], store.read())
        self.assertEqual(self.system("disable").returncode, 0)
        self.nothing_left()

    def test_a_renewed_root_is_spread(self):
        self.assertNotEqual(self.system("refresh").returncode, 0, "not enabled")
        self.enable()
        with open(f"{self.root}/var/lib/hivemind/ca/roots.pem", "a") as f:
            f.write("# another\n")
        self.assertEqual(self.system("refresh").returncode, 0)
        for name in ("root.pem", "ca.pem"):
            with open(f"{self.root}/etc/hivemind/{name}") as f:
                self.assertTrue(f.read().endswith("# another\n"), name)
        self.assertEqual(self.system("refresh").returncode, 0)
        self.assertEqual(self.system("disable").returncode, 0)
        self.nothing_left()

    def test_killed_it_captures_nobody_and_can_be_enabled_again(self):
        self.enable()
        held = held_by(until(self.helper, "the helper captures the cgroup"))
        os.kill(self.pid(), signal.SIGKILL)
        until(lambda: "has ended" in self.system("status").stdout, "status says so")
        all_gone({one for one in held if one[0] != "map"})
        self.agent()
        self.enable()
        self.agent()
        self.assertEqual(self.scheduled(), 1)
        self.assertEqual(self.system("disable").returncode, 0)
        self.nothing_left(held)

    def test_a_killed_daemon_comes_back(self):
        self.enable()
        self.agent()
        with open(f"{self.root}/run/hivemind/system/daemon.lock") as f:
            first = int(f.read())
        os.kill(first, signal.SIGKILL)
        for _ in range(10):
            self.agent()
        self.assertEqual(self.system("disable").returncode, 0)
        self.nothing_left()

    def test_disable_after_a_crash_in_the_middle(self):
        random.seed(7)
        for _ in range(8):
            enabling = subprocess.Popen([f"{self.place}/bin/hivemindctl", "system", "enable", "--root", self.root, "--cgroup", self.cgroup,
                                         "--as", "nobody"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(random.uniform(0, 0.25))  # wherever that is: every moment is to be survived
            enabling.kill()
            enabling.wait()
            done = self.system("disable")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.nothing_left()

    def test_disable_that_was_killed_and_two_at_once(self):
        random.seed(8)
        for _ in range(6):
            both = [subprocess.Popen([f"{self.place}/bin/hivemindctl", "system", "enable", "--root", self.root, "--cgroup", self.cgroup,
                                      "--as", "nobody"], stdout=subprocess.PIPE, text=True) for _ in range(2)]
            told = sorted(one.communicate(timeout=60)[0].split()[1] for one in both)
            self.assertEqual(told, ["already", "what"], "one enables, the other finds it enabled")
            self.agent()
            disabling = subprocess.Popen([f"{self.place}/bin/hivemindctl", "system", "disable", "--root", self.root],
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(random.uniform(0, 0.06))  # wherever that is
            disabling.kill()
            disabling.wait()
            self.agent()
            done = self.system("disable")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.nothing_left()

    def test_what_is_somebody_elses_is_not_replaced(self):
        os.makedirs(f"{self.root}/etc/profile.d")
        with open(f"{self.root}/etc/profile.d/hivemind.sh", "w") as f:
            f.write("# mine\n")
        self.before = self.files()
        done = self.system("enable", "--cgroup", self.cgroup, "--as", "nobody")
        self.assertEqual(done.returncode, 1)
        self.assertIn("is there already, and is not ours to replace", done.stderr)
        self.nothing_left()


def hivemind_processes_named(name):
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/comm") as f:
                    if f.read().strip() == name:
                        found.append(int(entry))
            except OSError:
                pass
    return found


def links_of(pid):
    found = []
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            found.append(os.readlink(f"/proc/{pid}/fd/{name}"))
        except OSError:
            pass
    return found


if __name__ == "__main__":
    harness.main()
