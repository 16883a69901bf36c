#!/usr/bin/python3
"""--config names the configuration of a daemon that is started; one that runs already keeps its own, and that is said."""
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness


class ConfigTold(harness.Case):
    def test_what_a_running_daemon_reads_stays(self):
        home = self.home()
        home.up()
        other, link = f"{home.folder}/other.toml", f"{home.folder}/link.toml"
        shutil.copy(home.config, other)
        os.symlink(home.config, link)
        for file, said in [(home.config, False), (link, False), (other, True), (f"{home.folder}/missing.toml", True)]:
            with self.subTest(file):
                done = home.run("true", options=[f"--config={file}"])
                self.assertEqual(done.returncode, 0)
                self.assertEqual(f"{file} has no effect" in done.err(), said, done.describe())
        home.control("stop", "--wait")
        done = home.run("true", options=["--config", other])
        self.assertEqual((done.returncode, done.err()), (0, ""))
        self.assertEqual(home.status()["daemon"]["config_file"], other)


if __name__ == "__main__":
    harness.main()
