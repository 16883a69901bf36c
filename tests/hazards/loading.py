"""How the object is loaded, and what turns it off: programs run as they would without it (hazards L1 to L6, A2.7, §9.1)."""
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
