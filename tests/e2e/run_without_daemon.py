#!/usr/bin/python3
"""hivemind-run where something is missing or broken: the command runs as it would without us, and one line says why."""
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import unittest

from fake_home import FakeHome

SHOW = "echo ${HIVEMIND_RUN-none} ${LD_PRELOAD-none} ${SSL_CERT_FILE-none}; exit 5"
BARE = "none none none\n"


class WithoutDaemon(unittest.TestCase):
    def home(self, *arguments, **more):
        return self.enterContext(FakeHome(*arguments, **more))

    def runs_bare(self, home, said, env=None, lines=1):
        done = home.run("sh", "-c", SHOW, env=env)
        self.assertEqual((done.returncode, done.stdout), (5, BARE), done.stderr)
        self.assertIn(said, done.stderr)
        self.assertIn("running sh without HiveMind", done.stderr)
        self.assertEqual(done.stderr.count("\n"), lines, done.stderr)
        self.assertEqual(home.tables(), [])
        closed = home.run("--fail=closed", "sh", "-c", SHOW, env=env)
        self.assertEqual((closed.returncode, closed.stdout), (125, ""))
        self.assertIn("not running sh (--fail closed)", closed.stderr)

    def test_daemon_missing(self):
        home = self.home()
        os.unlink(f"{home.folder}/bin/hivemindd")
        self.runs_bare(home, "hivemindd: No such file or directory")

    def test_daemon_that_cannot_be_executed(self):
        home = self.home()
        with open(f"{home.folder}/bin/hivemindd", "w") as f:
            f.write("#!/no/such/interpreter\n")
        self.runs_bare(home, "cannot start")

    def test_daemon_with_a_broken_config(self):
        self.runs_bare(self.home("error"), "hivemind.toml line 3: no such key: prots")

    def test_daemon_that_dies(self):
        self.runs_bare(self.home("die"), "ended before it was ready; its log is ")

    def test_daemon_that_is_never_ready(self):
        home = self.home("silent", seconds=11)
        done = home.run("sh", "-c", SHOW)
        self.assertEqual((done.returncode, done.stdout), (5, BARE))
        self.assertIn("not ready within 10 s", done.stderr)

    def test_daemon_that_refuses(self):
        self.runs_bare(self.home("refuse"), "refused the run: too many runs")

    def test_preload_object_missing(self):
        home = self.home()
        os.unlink(f"{home.folder}/lib/libhivemind-preload.so")
        self.runs_bare(home, "libhivemind-preload.so is neither in")

    def test_preload_object_where_it_cannot_be_named(self):
        for name in ("two words", "a:b"):
            with self.subTest(name):
                self.runs_bare(self.home(folder_name=name), "no path with a space or a colon")

    def test_installed_layout(self):
        home = self.home()
        os.mkdir(f"{home.folder}/lib/hivemind")
        shutil.move(f"{home.folder}/lib/libhivemind-preload.so", f"{home.folder}/lib/hivemind/")
        done = home.run("sh", "-c", "echo $LD_PRELOAD")
        self.assertEqual(done.stdout, f"{home.folder}/lib/hivemind/libhivemind-preload.so\n", done.stderr)

    def test_runtime_directory(self):
        home = self.home()
        with open(f"{home.folder}/file", "w"):
            pass
        os.chmod(home.runtime, 0o755)
        self.runs_bare(home, "open to other users; chmod 700 it")
        self.assertEqual(stat.S_IMODE(os.stat(home.runtime).st_mode), 0o755)
        self.runs_bare(home, "no runtime directory", env={"HIVEMIND_RUNTIME_DIR": f"{home.folder}/file/run"})
        self.runs_bare(home, "is not a directory", env={"HIVEMIND_RUNTIME_DIR": f"{home.folder}/file"})
        os.symlink("/tmp", f"{home.folder}/link")
        self.runs_bare(home, "is not a directory", env={"HIVEMIND_RUNTIME_DIR": f"{home.folder}/link"})
        self.runs_bare(home, "too long for a socket's path", env={"HIVEMIND_RUNTIME_DIR": f"{home.folder}/{'x' * 100}"})
        if os.geteuid() == 0:
            os.mkdir(f"{home.folder}/theirs", 0o700)
            os.chown(f"{home.folder}/theirs", 65534, 65534)
            self.runs_bare(home, "belongs to another user", env={"HIVEMIND_RUNTIME_DIR": f"{home.folder}/theirs"})

    def test_runtime_directory_is_made(self):
        home = self.home()
        done = home.run("true", env={"HIVEMIND_RUNTIME_DIR": f"{home.folder}/a/b"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(stat.S_IMODE(os.stat(f"{home.folder}/a/b").st_mode), 0o700)

    def test_state_directory(self):
        home = self.home()
        os.chmod(home.state, 0o750)
        self.runs_bare(home, "no state directory")

    def test_socket_that_nobody_serves(self):
        home = self.home()
        with open(f"{home.runtime}/run.sock", "w"):
            pass
        self.assertEqual(home.run("true").stderr, "")  # what a dead daemon left is no daemon
        self.assertEqual(len(home.events("start")), 1)

    def test_unreadable_bundle_of_the_user(self):
        home = self.home()
        done = home.run("sh", "-c", "echo $SSL_CERT_FILE $REQUESTS_CA_BUNDLE", env={"SSL_CERT_FILE": "/no/such/roots.pem"})
        named, requests = done.stdout.split()
        self.assertEqual(named, "/no/such/roots.pem")
        self.assertTrue(requests.startswith(home.state))
        self.assertIn("SSL_CERT_FILE stays as it is", done.stderr)
        self.assertIn("/no/such/roots.pem: No such file", done.stderr)

    def test_full_disk(self):
        if os.geteuid() != 0:
            self.skipTest("mounting a small tmpfs needs root")
        home = self.home()
        self.assertEqual(home.run("true").returncode, 0)  # the daemon is up
        for folder, said in ((f"{home.runtime}/runs", "cannot make the token table"), (f"{home.state}/bundles", "cannot write")):
            with self.subTest(folder):
                script = (f'mount -t tmpfs -o size=64k,mode=700 tmpfs {folder} && '
                          f'exec "$0" sh -c \'{SHOW}; \'')
                done = subprocess.run(["unshare", "-m", "sh", "-c", script, home.program], env={**home.env, "SSL_CERT_FILE": ""},
                                      capture_output=True, text=True, timeout=30)
                self.assertEqual(done.returncode, 5, done.stderr)
                self.assertIn("No space left on device", done.stderr)
                self.assertIn(said, done.stderr)
                self.assertEqual(home.tables(), [])

    def test_a_limit_on_the_size_of_files(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

        done = self.home().run("sh", "-c", f"grep SigIgn /proc/self/status >&2; {SHOW}", preexec_fn=limit)
        self.assertEqual((done.returncode, done.stdout), (5, BARE), done.stderr)
        self.assertIn("File too large; running sh without HiveMind", done.stderr)
        ignored = int(re.search(r"SigIgn:\s*(\w+)", done.stderr)[1], 16)
        self.assertFalse(ignored >> (signal.SIGXFSZ - 1) & 1, "for sh the limit is what it was")


if __name__ == "__main__":
    unittest.main(verbosity=2)
