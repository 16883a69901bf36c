"""Processes, threads, signals, and how a program comes to be started (hazards P1 to P14, L6, L15)."""
import os
import shutil
import unittest

from hazard import HERE, PRELOAD, Case, hazard


class Processes(Case):
    def test_P1_fork_while_threads_connect(self):
        self.same(hazard("P1_fork"), self.echo.port)

    def test_P2_vfork(self):
        for suffix in ("", ".musl"):
            with self.subTest(suffix or "glibc"):
                out = self.same(hazard(f"P2_vfork{suffix}"), self.echo.port, hazard("connect_once"), captured=4)
                self.assertIn("execve 0\n", out)

    def test_P4_socket_that_is_passed_on(self):
        out = self.same(hazard("P4_passed_on"), self.echo.port, captured=1)
        self.assertIn("inherited: peer 1 echoes 1", out)
        self.assertIn("received: peer 1 echoes 1", out)

    def test_P5_nothing_is_remembered_by_descriptor(self):
        out = self.same(hazard("P5_fd_reuse"), self.echo.port, self.plain.port, captured=1)
        self.assertIn("copies 1 1 1", out)

    def test_P6_connect_in_a_signal_handler(self):
        self.assertEqual(self.same(hazard("P6_signal"), self.echo.port), "bad 0\n")

    def test_P8_small_stack(self):
        out = self.same(hazard("P8_small_stack"), self.echo.port, captured=1)
        self.assertEqual(out, "connect 0 peer 1, stack within bounds 1\n")

    def test_P9_stdio_closed_at_start(self):
        command = f"exec {hazard('connect_once')} {self.echo.port} 0<&- 1>&- 2>&-"
        self.same("/bin/sh", "-c", command, captured=1)

    def test_P10_few_descriptors(self):
        self.same("/bin/sh", "-c", f"ulimit -n 16; exec {hazard('connect_once')} {self.echo.port} 40", captured=40)

    def test_P7_library_that_connects_in_its_constructor(self):
        env = {"LD_PRELOAD": f"{hazard('early.so')}:{PRELOAD}", "HAZARD_PORT": str(self.echo.port)}
        self.run_it(hazard("connect_once"), self.echo.port, env=env)
        self.assertEqual(self.relay.total("captured"), 2)

    def test_P11_object_that_is_not_there_in_a_sandbox(self):
        """A mount namespace without our folder: ld.so says so, the program connects by itself."""
        program = shutil.copy(hazard("connect_once"), self.relay.folder.name)
        done = self.in_sandbox("--tmpfs", os.path.dirname(PRELOAD), "--", program, self.echo.port)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, "^(ERROR: ld.so: object .* cannot be preloaded .*\n)*$")
        self.assertEqual(self.relay.total("captured"), 0, self.relay.processes())

    def test_P11_read_only_sandbox(self):
        """The table can be read there and not written: nothing is captured, nothing breaks."""
        self.in_sandbox("--", hazard("connect_once"), self.echo.port, ends=0, bind="--ro-bind")
        self.assertEqual(self.relay.total("captured"), 0)

    def test_P13_pid_namespace(self):
        """Inside, it is process 1 or 2; that is what it tells of itself."""
        done = self.run_it("unshare", "-fp", "--kill-child", hazard("connect_once"), self.echo.port, check=False)
        if "unshare" in done.stderr:
            self.skipTest(f"no pid namespaces here: {done.stderr.strip()}")
        self.assertEqual((done.returncode, self.relay.total("captured")), (0, 1), done.stderr)

    def test_P14_end_of_a_program_whose_threads_connect(self):
        for way, status in (("return", 5), ("exit", 5), ("_exit", 5), ("signal", -15)):
            for _ in range(5):
                done = self.run_it(hazard("P14_exit"), self.echo.port, way, check=False)
                self.assertEqual((done.returncode, done.stderr), (status, ""), way)

    def in_sandbox(self, *arguments, ends=None, bind="--bind"):
        if not shutil.which("bwrap"):
            self.skipTest("bwrap is not installed; `make deps` installs it")
        probe = self.run_it("bwrap", "--bind", "/", "/", "true", preloaded=False, check=False)
        if probe.returncode != 0:
            self.skipTest(f"no sandboxes here: {probe.stderr.strip()}")
        done = self.run_it("bwrap", bind, "/", "/", *arguments, check=False)
        if ends is not None:
            self.assertEqual((done.returncode, done.stderr), (ends, ""))
        return done

    def test_L15_sandbox_that_clears_the_environment(self):
        self.in_sandbox("--dev", "/dev", "--clearenv", "--", hazard("connect_once"), self.echo.port, ends=0)
        self.assertEqual((self.relay.total("captured"), self.relay.total("restored")), (1, 1))

    @unittest.skipUnless(os.getuid() == 0, "needs root: su asks others for a password")
    def test_L15_login_shell(self):
        self.run_it("su", "-", "root", "-s", "/bin/sh", "-c", f"{hazard('connect_once')} {self.echo.port}")
        self.assertEqual(self.relay.total("captured"), 1)

    def test_child_is_counted_as_itself(self):
        done = self.run_it("/bin/sh", "-c", f"{hazard('connect_once')} {self.echo.port} 3; exec {hazard('connect_once')} {self.plain.port}")
        processes = self.relay.processes().values()
        self.assertEqual(done.returncode, 0)
        self.assertEqual([(p["comm"], p["captured"], p["by_port"]) for p in processes],
                         [("connect_once", 0, 1), ("connect_once", 3, 0)], "the shell became the one that is not captured")

    def test_slot_tells_who_connects_where(self):
        self.run_it(hazard("connect_once"), self.echo.port)
        (accepted,), (pid,) = self.relay.accepted, self.relay.processes()
        self.assertEqual((accepted.pid, accepted.address, accepted.port), (pid, "127.0.0.1", self.echo.port))


class Scrubbed(Case):
    """P3, L15: a program started with another environment stays in the run."""

    ways = ("execve", "execve of null", "execvpe", "execle", "fexecve", "execv", "execvp", "execl", "execlp", "posix_spawn",
            "posix_spawnp")

    def scrub(self, way, *environment, suffix="", command=None):
        command = command or (hazard("connect_once"), self.echo.port)
        return self.run_it(hazard(f"P3_scrubbed{suffix}"), way, *command, *environment)

    def environment_of(self, *given, way="execve"):
        return self.scrub(way, *given, command=("/usr/bin/env", "-0")).stdout.split("\0")[:-1]

    def restored(self):
        return ["HIVEMIND_TABLE=" + self.relay.path, "HIVEMIND_RUN=0123456789abcdef", "HIVEMIND_PRELOAD=" + PRELOAD,
                "HAZARD_CA=/ca.pem"]

    def test_P3_empty_environment_is_put_back(self):
        for suffix in ("", ".musl"):
            for way in self.ways:
                with self.subTest(way + suffix):
                    before = self.relay.total("captured")
                    self.scrub(way, suffix=suffix)
                    self.assertEqual(self.relay.total("captured") - before, 1)
        self.assertEqual(self.relay.total("restored"), 2 * len(self.ways))

    def test_L15_env_i_is_put_back(self):
        self.run_it("env", "-i", hazard("connect_once"), self.echo.port)
        self.run_it("/bin/bash", "-c", f"unset LD_PRELOAD; exec -c {hazard('connect_once')} {self.echo.port}")
        self.run_it("/usr/bin/python3", "-c", "import subprocess, sys; subprocess.run(sys.argv[1:], env={}, check=True)",
                    hazard("connect_once"), self.echo.port)
        self.assertEqual(self.relay.total("captured"), 3)

    def test_what_was_given_stays(self):
        given = ["A=1", "HAZARD_CA=/mine.pem", "B=", "novalue", "A=2"]
        self.assertEqual(self.environment_of(*given)[:5], given)

    def test_only_what_lacks_is_added(self):
        wanted = ["LD_PRELOAD=" + PRELOAD, *self.restored()]
        self.assertEqual(self.environment_of("A=1"), ["A=1", *wanted])
        self.assertEqual(self.environment_of(*wanted), wanted)
        self.assertEqual(self.environment_of("HAZARD_CA=/mine", "HIVEMIND_TABLE=" + self.relay.path),
                         ["HAZARD_CA=/mine", "HIVEMIND_TABLE=" + self.relay.path, "LD_PRELOAD=" + PRELOAD,
                          "HIVEMIND_RUN=0123456789abcdef", "HIVEMIND_PRELOAD=" + PRELOAD])

    def test_existing_preload_keeps_its_place(self):
        early = hazard("early.so")
        for given, wanted in ((early, f"{early}:{PRELOAD}"), ("", PRELOAD), (f"{PRELOAD} {early}", f"{PRELOAD} {early}"),
                              (f"{early}:{PRELOAD}", f"{early}:{PRELOAD}"), (PRELOAD, PRELOAD)):
            with self.subTest(given):
                self.assertIn("LD_PRELOAD=" + wanted, self.environment_of("LD_PRELOAD=" + given))

    def test_L6_preload_of_4_KiB(self):
        early = hazard("early.so")
        long = ":".join([early] * (4096 // len(early) + 1))
        self.assertGreater(len(long), 4096)
        self.run_it(hazard("connect_once"), self.echo.port, env={"LD_PRELOAD": f"{long}:{PRELOAD}"})
        self.assertIn(f"LD_PRELOAD={long}:{PRELOAD}", self.environment_of("LD_PRELOAD=" + long))
        self.scrub("execve", "LD_PRELOAD=" + long)
        self.assertEqual(self.relay.total("captured"), 2)

    def test_large_environment(self):
        given = [f"VARIABLE_{i}={i}" for i in range(5000)]
        for way in ("execve", "posix_spawn"):
            self.assertEqual(self.environment_of(*given, way=way), [*given, "LD_PRELOAD=" + PRELOAD, *self.restored()])

    def test_opting_out(self):
        self.assertEqual(self.environment_of("HIVEMIND_DISABLE=1"), ["HIVEMIND_DISABLE=1"])
        self.scrub("posix_spawn", "HIVEMIND_DISABLE=1")
        self.assertEqual(self.relay.total("captured"), 0)

    def test_bad_pointers_are_the_kernels_to_judge(self):
        self.scrub("bad pointer")


class Clients(Case):
    """What programs people run do: one request each, captured, the peer's name as ever."""

    def test_python(self):
        code = f"""
import socket, asyncio
with socket.create_connection(("localhost", {self.echo.port})) as s:
    s.sendall(b"hello")
    print(s.recv(5), s.getpeername()[1] == {self.echo.port})
async def main():
    reader, writer = await asyncio.open_connection("127.0.0.1", {self.echo.port})
    writer.write(b"hello")
    print(await reader.readexactly(5), writer.get_extra_info("peername") == ("127.0.0.1", {self.echo.port}))
    writer.close()
asyncio.run(main())
"""
        self.same("/usr/bin/python3", "-c", code, captured=2)

    @unittest.skipUnless(shutil.which("node"), "node is not installed; `make deps` installs it")
    def test_node(self):
        code = f"""
const s = require("net").connect({self.echo.port}, "127.0.0.1", () => s.write("hello"));
s.on("data", d => {{ console.log(String(d), s.remoteAddress, s.remotePort === {self.echo.port}); s.end(); }});
"""
        self.assertIn("127.0.0.1 true", self.same("node", "-e", code, captured=1))

    @unittest.skipUnless(shutil.which("java"), "java is not installed; `make deps` installs it")
    def test_java(self):
        out = self.same("java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", os.path.join(HERE, "Connect.java"), self.echo.port)
        self.assertEqual(out, "blocking 127.0.0.1 true 12345678\nchannel true 12345678\nhalf closed -1\n")
        self.assertEqual(self.relay.total("captured"), 2)

    def test_bash(self):
        command = f"exec 3<>/dev/tcp/127.0.0.1/{self.echo.port}; echo hello >&3; read -r line <&3; echo $line"
        self.assertEqual(self.same("/bin/bash", "-c", command, captured=1), "hello\n")


if __name__ == "__main__":
    unittest.main()
