#!/usr/bin/python3
"""hivemind-run and its command: flags, exit statuses, stdio, what the command and the daemon are given, reports."""
import os
import re
import signal
import subprocess
import tempfile
import unittest

from fake_home import FakeHome, Original, until

CONNECT = "import socket,sys; s=socket.create_connection(('127.0.0.1',int(sys.argv[1]))); print(s.makefile().read(),end='')"


class Commands(unittest.TestCase):
    def home(self, *arguments, **more):
        return self.enterContext(FakeHome(*arguments, **more))

    def test_wrong_flags_are_explained(self):
        home = self.home()
        for arguments, said in [(["--nam", "x", "true"], "did you mean --name?"), (["--frobnicate"], "unknown flag --frobnicate"),
                                (["--priority", "urgent", "true"], "critical, high, normal or low"),
                                (["--weight=0", "true"], "0.001 to 1000"), (["--token-budget=lots", "true"], "200k or 2M"),
                                (["--deadline", "10", "true"], "90s, 10m"), (["--fail=maybe", "true"], "open"),
                                (["--name"], "needs a value"), (["--summary=1", "true"], "takes no value"), ([], "which command")]:
            with self.subTest(arguments):
                done = home.run(*arguments)
                self.assertEqual(done.returncode, 2)
                self.assertIn(said, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertEqual(home.events("start"), [])

    def test_help_and_version(self):
        home = self.home()
        self.assertIn("--token-budget", home.run("--help").stdout)
        self.assertRegex(home.run("--version").stdout, r"^hivemind-run \d")

    def test_exit_status_and_output_are_the_commands(self):
        home = self.home()
        done = home.run("sh", "-c", "cat; echo oops >&2; exit 42", input="in\n", stdin=None)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (42, "in\n", "oops\n"))
        self.assertEqual(home.tables(), [])

    def test_death_by_signal_is_mirrored(self):
        home = self.home()
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGINT):
            with self.subTest(number):
                self.assertEqual(home.run("sh", "-c", f"kill -{int(number)} $$").returncode, -number)
        self.assertEqual(home.tables(), [])

    def test_a_command_that_cannot_run(self):
        home = self.home()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        for name, text, mode in [("plain", "x", 0o644), ("orphan", "#!/no/such/interpreter\n", 0o755), ("bare", "exit 5\n", 0o755),
                                 ("nobody", "#!/usr/bin/env no-such-program\n", 0o755)]:
            with open(f"{folder}/{name}", "w") as f:
                f.write(text)
            os.chmod(f"{folder}/{name}", mode)
        for command, status, said in [("no-such-command", 127, "command not found"), ("/no/such/file", 127, "no such file"),
                                      (f"{folder}/plain", 126, "Permission denied"), (folder, 126, "Is a directory"),
                                      (f"{folder}/orphan", 126, "interpreter is missing: /no/such/interpreter"),
                                      (f"{folder}/nobody", 127, "no-such-program: command not found"), (f"{folder}/bare", 5, "")]:
            with self.subTest(command):
                done = home.run(command)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertIn(said, done.stderr)

    def test_the_daemon_learns_of_the_run(self):
        home = self.home()
        home.run("--name", "fixer", "--priority=high", "--weight", "2.5", "--token-budget=200k", "--deadline", "10m", "--fail", "closed",
                 "--", "true", "--api-key", "sk-ant-api03-secretsecret", "x\n")
        hello, = home.events("hello")
        self.assertEqual((hello["name"], hello["priority"], hello["weight_milli"], hello["token_budget"], hello["fail_closed"]),
                         ("fixer", 1, 2500, 200_000, 1))
        self.assertEqual(hello["command"], "true --api-key *** x ")
        until(lambda: home.events("end"), "the run ends in the daemon")

    def test_the_daemon_is_detached(self):
        home = self.home()
        read, write = os.pipe()
        with subprocess.Popen(["/bin/sh", "-c", 'trap "" HUP; exec "$0" --config some.toml true', home.program],
                              env={**home.env, "LD_PRELOAD": f"{home.folder}/lib/libhivemind-preload.so", "HIVEMIND_RUN": "00000000000000aa",
                                   "ASAN_OPTIONS": "verify_asan_link_order=0"},
                              pass_fds=[write], cwd=home.folder) as process:
            self.assertEqual(process.wait(30), 0)
        os.close(write)
        self.assertEqual(os.read(read, 1), b"", "the daemon kept a descriptor of its starter")
        os.close(read)
        start, = home.events("start")
        self.assertEqual(start["argv"][-2:], ["--config", f"{home.folder}/some.toml"])
        self.assertEqual(start["cwd"], "/")
        self.assertNotEqual(start["session"], os.getsid(0))
        self.assertFalse({"LD_PRELOAD", "HIVEMIND_RUN", "HIVEMIND_TABLE", "HIVEMIND_PRELOAD"} & start["environment"].keys())
        self.assertRegex(start["status"], r"SigBlk:\t0{16}\n")
        # CPython ignores SIGPIPE and SIGXFSZ by itself.
        self.assertEqual(int(re.search(r"SigIgn:\t(\w+)", start["status"])[1], 16) & 1, 0, "SIGHUP stays ignored")

    def test_fifty_at_once_start_one_daemon(self):
        home = self.home(slow_start=0.3)
        processes = [home.start("true") for _ in range(50)]
        for process in processes:
            out, err = process.communicate(timeout=60)
            self.assertEqual((process.returncode, err), (0, ""))
        self.assertEqual(len(home.events("start")), 1)
        self.assertEqual(len(home.events("hello")), 50)

    def test_closed_stdio(self):
        """Nothing of ours takes the place of stderr: what is said there would go into the token table."""
        original = self.enterContext(Original())
        home = self.home(ports=[original.port])
        program = "import os,sys; print(os.path.exists('/proc/self/fd/2'), file=open(sys.argv[2],'w')); " + CONNECT.replace(
            "print(s.makefile().read(),end='')", "open(sys.argv[2],'a').write(s.makefile().read())")
        for when in ("cold", "warm"):
            with self.subTest(when):
                seen = f"{home.folder}/{when}"
                done = subprocess.run(["/bin/sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh", home.program, "/usr/bin/python3", "-c", program,
                                       str(original.port), seen], env={**home.env, "SSL_CERT_FILE": "/no/such/file"}, timeout=30)
                self.assertEqual(done.returncode, 0)
                with open(seen) as f:
                    self.assertEqual(f.read(), "False\ndaemon\n")

    def test_few_descriptors(self):
        home = self.home()
        done = subprocess.run(["/bin/sh", "-c", 'ulimit -n 16; exec "$0" sh -c "ulimit -n"', home.program], env=home.env,
                              capture_output=True, text=True, timeout=30)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "16\n", ""))

    def test_pipes_of_the_caller_are_not_held(self):
        home = self.home()
        read, write = os.pipe()
        process = home.start("sh", "-c", f"exec {write}>&-; exec cat", pass_fds=[write], stdin=subprocess.PIPE)
        os.close(write)
        self.assertEqual(os.read(read, 1), b"")  # its end comes although the command runs
        os.close(read)
        self.assertIsNone(process.poll())
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0)

    def test_preload_is_appended_once(self):
        home = self.home()
        object_path = f"{home.folder}/lib/libhivemind-preload.so"
        done = home.run(home.program, "sh", "-c", "echo $LD_PRELOAD", env={"LD_PRELOAD": "/no/such/one.so"})
        self.assertEqual(done.stdout, f"/no/such/one.so:{object_path}\n")

    def test_nesting(self):
        home = self.home()
        done = home.run("sh", "-c", 'echo $HIVEMIND_RUN $HIVEMIND_TABLE $SSL_CERT_FILE; "$0" sh -c \'echo $HIVEMIND_RUN $HIVEMIND_TABLE $SSL_CERT_FILE\'',
                        home.program)
        outer, inner = [line.split() for line in done.stdout.splitlines()]
        hellos = home.events("hello")
        self.assertEqual([h["parent_run_id"] for h in hellos], [0, int(outer[0], 16)])
        self.assertNotEqual(outer[1], inner[1])
        self.assertEqual(outer[2], inner[2], "roots that are there already are not merged again")
        self.assertEqual([f"{h['run_id']:016x}" for h in hellos], [outer[0], inner[0]])

    def test_connections_are_captured_and_explained(self):
        original = self.enterContext(Original())
        home = self.home(ports=[original.port])
        done = home.run("--explain", "/usr/bin/python3", "-c", CONNECT, str(original.port))
        self.assertEqual(done.stdout, "daemon\n", done.stderr)
        self.assertIn("is a dynamic program (glibc)", done.stderr)
        self.assertRegex(done.stderr, r"python3\s+preload\s+1 ")
        self.assertNotIn("uncaptured", done.stderr)
        done = home.run("--explain", "/usr/bin/python3", "-c", CONNECT, str(original.port), env={"PYTHONNOUSERSITE": "1"})
        self.assertNotIn("uncaptured", done.stderr)

    def test_kill_switch(self):
        home = self.home()
        done = home.run("sh", "-c", "echo ${HIVEMIND_RUN-none} ${LD_PRELOAD-none}; exit 3", env={"HIVEMIND_DISABLE": "1"})
        self.assertEqual((done.returncode, done.stdout, done.stderr, home.events("start")), (3, "none none\n", "", []))

    def test_capture_none(self):
        home = self.home()
        done = home.run("--capture=none", "--explain", "sh", "-c", "echo ${HIVEMIND_RUN-none} ${LD_PRELOAD-none}; exit 3")
        self.assertEqual((done.returncode, done.stdout, home.events("start")), (3, "none none\n", []))
        self.assertIn("tier none: asked for by --capture=none", done.stderr)

    def test_a_tier_that_cannot_be_had(self):
        home = self.home()  # without hivemind-ebpf
        done = home.run("--capture=ebpf", "sh", "-c", "echo ${HIVEMIND_RUN-none}; exit 3")
        self.assertEqual((done.returncode, done.stdout), (3, "none\n"))
        self.assertRegex(done.stderr, r"^hivemind-run: --capture=ebpf cannot be had: .*; running sh without HiveMind\n$")
        done = home.run("--capture=ebpf", "--fail=closed", "sh", "-c", "echo ran")
        self.assertEqual((done.returncode, done.stdout), (125, ""))
        self.assertIn("not running sh (--fail closed)", done.stderr)

    def test_a_static_program_runs_and_is_reported(self):
        home = self.home()
        source = f"{home.folder}/static.c"
        with open(source, "w") as f:
            f.write("int main(void) { return 6; }\n")
        for flag in ("-static", "-static-pie"):
            subprocess.run(["gcc", flag, source, "-o", f"{home.folder}/static"], check=True)
            done = home.run("--capture=preload", f"{home.folder}/static")
            self.assertEqual(done.returncode, 6)
            self.assertIn(f"is a {flag[1:]} program: it runs uncaptured", done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)
        done = home.run("--capture=preload", "--fail=closed", f"{home.folder}/static")
        self.assertEqual(done.returncode, 125)

    def test_static_programs_that_it_starts_are_named(self):
        home = self.home()
        with open(f"{home.folder}/static.c", "w") as f:
            f.write("int main(void) { return 0; }\n")
        subprocess.run(["gcc", "-static", f"{home.folder}/static.c", "-o", f"{home.folder}/unmoved"], check=True)
        path = {"PATH": f"{home.folder}:/usr/bin:/bin"}
        for what, program in [("execve after fork", ["sh", "-c", "unmoved; true"]), ("exec in place", ["sh", "-c", "exec unmoved"]),
                              ("posix_spawn", ["/usr/bin/python3", "-c", f"import os; os.waitpid(os.posix_spawn('{home.folder}/unmoved', ['x'], os.environ), 0)"])]:
            with self.subTest(what):
                done = home.run("--explain", "--capture=preload", *program, env=path)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertRegex(done.stderr, r"unmoved +none +0  everything: it is a static program")
                self.assertIn("1 process ran uncaptured; --capture=ebpf", done.stderr)
        done = home.run("--explain", "--capture=preload", "sh", "-c", "no-such-program; exec /usr/bin/true", env=path)
        self.assertNotIn("uncaptured", done.stderr)

    def test_a_program_that_never_loads_the_object_is_found_out(self):
        home = self.home()
        os.chmod(f"{home.folder}/lib/libhivemind-preload.so", 0o644)
        with open(f"{home.folder}/lib/libhivemind-preload.so", "wb") as f:
            f.write(b"not an object")
        done = home.run("--explain", "true")
        self.assertEqual(done.returncode, 0)
        self.assertIn("never loaded the preload object", done.stderr)

    def test_an_address_sanitizer_program_starts(self):
        home = self.home()
        source = f"{home.folder}/asan.c"
        with open(source, "w") as f:
            f.write("int main(void) { return 4; }\n")
        subprocess.run(["gcc", "-fsanitize=address", source, "-o", f"{home.folder}/asan"], check=True)
        done = home.run(f"{home.folder}/asan")
        self.assertEqual(done.returncode, 4, done.stderr)

    def test_summary(self):
        home = self.home()
        done = home.run("--summary", "--name=fixer", "--token-budget=2M", "true")
        self.assertEqual(done.returncode, 0)
        for line in (r"hivemind: fixer ran \d", r"requests +2, and 3 others", r"tokens +12.3 k in, 678 out, 900 cached",
                     r"waited +1 min 1 s in all", r"absorbed +2 retries", r"passed on +1 error\n", r"budget +4321 of 2.00 M tokens"):
            self.assertRegex(done.stderr, line)

    def test_background_processes_keep_their_run(self):
        original = self.enterContext(Original())
        home = self.home(ports=[original.port])
        go, out = f"{home.folder}/go", f"{home.folder}/out"
        script = f'(while [ ! -e {go} ]; do read -t 0.05 x <> {home.folder}/fifo; done; /usr/bin/python3 -c "$1" {original.port} > {out}) > /dev/null 2>&1 & exit 0'
        os.mkfifo(f"{home.folder}/fifo")
        done = home.run("bash", "-c", script, "bash", CONNECT, timeout=10)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(len(home.tables()), 1, "the run lives on")
        self.assertEqual(home.events("end"), [])
        open(go, "w").close()
        until(lambda: home.tables() == [], "the last process ends, and the run with it")
        with open(out) as f:
            self.assertEqual(f.read(), "daemon\n")
        until(lambda: home.events("end"), "the daemon sees the run end")


if __name__ == "__main__":
    unittest.main(verbosity=2)
