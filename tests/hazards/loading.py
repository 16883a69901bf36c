"""How the object is loaded, and what turns it off: programs run as they would without it (hazards L1 to L14)."""
import os
import shutil
import struct
import unittest

from hazard import PRELOAD, Case, hazard


class Loading(Case):
    def captured_after(self, *command, **more):
        before = self.relay.total("captured")
        self.run_it(*command, **more)
        return self.relay.total("captured") - before

    def test_glibc_program(self):
        self.assertEqual(self.captured_after(hazard("connect_once"), self.echo.port), 1)

    def test_L1_musl_program(self):
        self.assertEqual(self.captured_after(hazard("connect_once.musl"), self.echo.port), 1)

    def test_L3_eager_binding(self):
        env = {"LD_BIND_NOW": "1"}
        self.assertEqual(self.captured_after(hazard("connect_once"), self.echo.port, env=env), 1)
        self.captured_after(hazard("libc_free"), env=env)

    def test_L4_program_without_libc(self):
        self.run_it(hazard("libc_free"))
        (process,) = self.relay.processes().values()
        self.assertEqual(process["comm"], "libc_free", "it was loaded, and joined the run")

    @unittest.skipUnless(os.path.exists("/lib/ld-linux.so.2"), "no 32-bit loader; `make deps` installs it")
    def test_L5_program_of_another_word_size(self):
        """Whoever starts it takes us off its list, so its loader has nothing to say."""
        program, folder = hazard("L5_other_word_size"), os.path.dirname(hazard("L5_other_word_size"))
        python = "import os, sys; sys.exit(os.waitstatus_to_exitcode(os.waitpid(os.posix_spawnp({0!r}, [{0!r}], os.environ), 0)[1]))"
        ways = [("/bin/sh", "-c", f"{program}; exit $?"), ("env", program), ("env", "-i", program), ("/bin/bash", "-c", f"exec {program}"),
                ("/usr/bin/python3", "-c", python.format(program)), ("/usr/bin/python3", "-c", python.format(os.path.basename(program)))]
        for command in ways:
            with self.subTest(command):
                done = self.run_it(*command, check=False, env={"PATH": f"/nonexistent:{folder}:{os.environ['PATH']}"})
                self.assertEqual((done.returncode, done.stdout, done.stderr), (7, "", ""))

    def test_L7_address_sanitizer(self):
        """GCC's refuses to start beside any preloaded object, unless told so; hivemind-run tells it."""
        env = {"ASAN_OPTIONS": "verify_asan_link_order=0"}
        self.assertEqual(self.captured_after(hazard("L7_asan"), self.echo.port, env=env), 1)

    def test_L8_object_that_cannot_be_read(self):
        """ld.so says so and goes on; that hivemind-run tells is tests/e2e/run_commands.py's."""
        for path in (self.relay.folder.name + "/gone.so", self.relay.folder.name):
            done = self.run_it(hazard("connect_once"), self.echo.port, env={"LD_PRELOAD": path}, check=False)
            self.assertEqual(done.returncode, 0)
            self.assertRegex(done.stderr, "^ERROR: ld.so: object '.*' from LD_PRELOAD cannot be preloaded .*: ignored.\n$")
        self.assertEqual(self.relay.total("captured"), 0)

    @unittest.skipUnless(os.getuid() == 0, "needs root: makes a setuid program")
    def test_L9_setuid_program(self):
        """The kernel drops LD_PRELOAD, and what of us comes in otherwise stays off."""
        path = shutil.copy(hazard("L9_setuid"), os.path.join(self.relay.folder.name, "setuid"))
        os.chmod(self.relay.folder.name, 0o755)
        os.chown(path, 65534, 65534)
        os.chmod(path, 0o4755)
        native = self.run_it(path, self.echo.port, preloaded=False)
        ours = self.run_it(path, self.echo.port)
        if not native.stdout.startswith("secure 1"):
            self.skipTest(f"setuid does not work in {path}")
        self.assertEqual(native.stdout, ours.stdout)
        self.assertEqual((self.relay.total("captured"), self.relay.processes()), (0, {}))

    def test_L12_constructors_that_run_before_ours(self):
        """A preloaded library that connects in its constructor finds us working (P7); on musl too."""
        for suffix in ("", ".musl"):
            env = {"LD_PRELOAD": f"{hazard('early.so' + suffix)}:{PRELOAD}", "HAZARD_PORT": str(self.echo.port)}
            self.assertEqual(self.captured_after(hazard("connect_once" + suffix), self.echo.port, env=env), 2)

    def test_L13_deep_binding(self):
        """A plug-in that binds libc directly is not covered, and not harmed; one that does not is covered."""
        self.assertEqual(self.same(hazard("L13_deepbind"), self.echo.port, hazard("plugin.so"), captured=0), "plug-in 1\n")
        code = f"import ctypes; ctypes.CDLL('{hazard('plugin.so')}').connect_once(b'{self.echo.port}')"
        self.same("/usr/bin/python3", "-c", code, captured=1)

    def test_L14_agent_that_hardens_itself(self):
        out = self.same(hazard("L14_hardened"), hazard("connect_once"), self.echo.port, captured=1)
        self.assertEqual(out, "spawn 0 child 0\n")
        self.assertEqual(self.relay.total("restored"), 1)

    def test_L10_two_copies(self):
        copy = shutil.copy(PRELOAD, os.path.join(self.relay.folder.name, "older.so"))
        for order in (f"{copy}:{PRELOAD}", f"{PRELOAD}:{copy}"):
            self.assertEqual(self.captured_after(hazard("connect_once"), self.echo.port, env={"LD_PRELOAD": order}), 1)
            self.run_it(hazard("P3_scrubbed"), "posix_spawn", hazard("connect_once"), self.echo.port, env={"LD_PRELOAD": order})

    def test_joins_the_run(self):
        self.run_it("/bin/true")
        self.assertEqual([p["comm"] for p in self.relay.processes().values()], ["true"])


class Off(Case):
    """Whatever is wrong with us, the program connects."""

    def connects_directly(self, **env):
        self.run_it(hazard("connect_once"), self.echo.port, env=env)
        self.assertEqual((self.relay.accepted, self.relay.total("captured")), ([], 0))

    def test_kill_switch(self):
        self.connects_directly(HIVEMIND_DISABLE="1")
        self.assertEqual(self.relay.processes(), {})
        out = self.run_it("strace", "-qq", "-e", "trace=openat,getpid", hazard("connect_once"), self.echo.port,
                          env={"HIVEMIND_DISABLE": "1"}, check=False).stderr
        self.assertNotIn(self.relay.path, out)

    def test_kill_switch_needs_a_one(self):
        self.run_it(hazard("connect_once"), self.echo.port, env={"HIVEMIND_DISABLE": "0"})
        self.assertEqual(self.relay.total("captured"), 1)

    def test_no_table(self):
        for path in ("", "/nonexistent", "/", "/dev/null", "/dev/zero", "/" + "x" * 5000):
            with self.subTest(path[:20]):
                self.connects_directly(HIVEMIND_TABLE=path)

    def test_damaged_table(self):
        def changed(offset, value):
            bytes_ = bytearray(self.relay.table[:])
            struct.pack_into("=I", bytes_, offset, value)
            return bytes(bytes_)
        whole = self.relay.table[:]
        cases = {"empty": b"", "short": whole[:-1], "long": whole + b"x", "another magic": changed(0, 1),
                 "another version": changed(4, 2), "other counts": changed(8, 1), "another user's": changed(32, 12345)}
        for name, content in cases.items():
            with self.subTest(name):
                path = os.path.join(self.relay.folder.name, "damaged")
                with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
                    f.write(content)
                self.connects_directly(HIVEMIND_TABLE=path)

    def test_table_others_can_write(self):
        os.chmod(self.relay.path, 0o666)
        self.connects_directly()

    def test_table_behind_a_link(self):
        link = os.path.join(self.relay.folder.name, "link")
        os.symlink(self.relay.path, link)
        self.connects_directly(HIVEMIND_TABLE=link)

    def test_no_policy_yet(self):
        self.relay.set_policy([], [])
        self.connects_directly()

    def test_policy_whose_writer_died(self):
        struct.pack_into("=I", self.relay.table, 64, 7)
        self.connects_directly()

    def test_no_free_slot(self):
        self.relay.fill_table()
        self.connects_directly()
        self.assertEqual(self.relay.total("full"), 1)

    def test_no_listener_any_more(self):
        self.relay.stop_listening()
        for name in ("C1_errno", "C2_nonblocking", "C10_v6_sockets", "C13_fast_open"):
            with self.subTest(name):
                self.same(hazard(name), self.echo.port, captured=0)
        self.assertEqual(self.relay.total("by_socket"), 1 + 1 + 6 + 6)


if __name__ == "__main__":
    unittest.main()
