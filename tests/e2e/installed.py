#!/usr/bin/python3
"""make install: what lands there works from there, make uninstall takes it all away, impossible folders are refused."""
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness


@unittest.skipIf(harness.SANITIZED, "only the release build is installed")
class Installed(harness.Case):
    def make(self, *arguments):
        env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        # `-o all`: what is tested is what was built, nothing is built here.
        return subprocess.run(["make", "-o", "all", *arguments], cwd=harness.ROOT, env=env, capture_output=True, text=True,
                              timeout=60, check=False)

    def files(self, folder):
        return [os.path.join(path, name) for path, _, names in os.walk(folder) for name in names]

    def test_works_from_there_and_leaves_nothing(self):
        there = self.folder()
        done = self.make("install", f"DESTDIR={there}", "PREFIX=/opt/hm")
        self.assertEqual(done.returncode, 0, done.stderr)
        home = self.home()
        ran = home.direct(f"{there}/opt/hm/bin/hivemind-run", "sh", "-c", "echo $LD_PRELOAD")
        self.assertEqual(ran.out(), f"{there}/opt/hm/lib/hivemind/libhivemind-preload.so\n", ran.describe())
        tapped = home.direct(f"{there}/opt/hm/bin/hivemind-run", "--tap", os.path.join(home.folder, "tap.jsonl"), "sh", "-c", "echo $LD_PRELOAD")
        self.assertEqual(tapped.out(), f"{there}/opt/hm/lib/hivemind/libhivemind-tap.so:{ran.out()}", tapped.describe())
        status = subprocess.run([f"{there}/opt/hm/bin/hivemindctl", "status"], env=home.env, capture_output=True, text=True,
                                timeout=15, check=False)
        self.assertIn(f"configured by {home.config}", status.stdout, status.stderr)
        self.assertTrue(os.path.exists(f"{there}/opt/hm/share/hivemind/hivemind.toml"))
        self.assertEqual(self.make("uninstall", f"DESTDIR={there}", "PREFIX=/opt/hm").returncode, 0)
        self.assertEqual(self.files(there), [])

    def test_folders_that_cannot_be_named_are_refused(self):
        there = self.folder()
        for prefix in (f"{there}/two words", f"{there}/a:b"):
            for target in ("install", "uninstall"):
                done = self.make(target, f"PREFIX={prefix}")
                self.assertEqual(done.returncode, 2, prefix)
                self.assertIn("LD_PRELOAD takes no path with a space or a colon", done.stderr)
        self.assertEqual(os.listdir(there), [])


if __name__ == "__main__":
    harness.main()
