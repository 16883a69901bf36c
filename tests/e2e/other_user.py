#!/usr/bin/python3
"""A child of root that becomes another user and keeps the environment still has roots to trust."""
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness


def setUpModule():
    if os.getuid() != 0:
        raise unittest.SkipTest("becoming another user needs root")
    harness.enter()
    # Root's bundles lie below /run, which must stay as it is outside.
    if subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], capture_output=True).returncode != 0:
        raise unittest.SkipTest("no private /run here")


class OtherUser(harness.Case):
    def test_roots_can_be_read(self):
        home = self.home(env={"XDG_STATE_HOME": os.path.join(self.folder(), "state")})
        home.env.pop("HIVEMIND_STATE_DIR")
        show = ("for name in SSL_CERT_FILE REQUESTS_CA_BUNDLE NODE_EXTRA_CA_CERTS; do "
                "eval file=\\$$name; grep -c BEGIN $file; done")
        done = home.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", show)
        self.assertEqual(done.returncode, 0, done.describe())
        counts = [int(line) for line in done.out().split()]
        self.assertEqual((len(counts), counts[2] > 0, counts[0] > counts[2], counts[1] > counts[2]), (3, True, True, True))
        folder = os.stat("/run/hivemind-bundles")
        self.assertEqual((folder.st_uid, folder.st_mode & 0o777), (0, 0o755))

    def test_a_folder_that_others_could_write_is_not_used(self):
        os.makedirs("/run/hivemind-bundles", exist_ok=True)
        os.chmod("/run/hivemind-bundles", 0o777)
        home = self.home(env={"XDG_STATE_HOME": os.path.join(self.folder(), "state")})
        home.env.pop("HIVEMIND_STATE_DIR")
        done = home.run("sh", "-c", "echo $SSL_CERT_FILE")
        self.assertIn(f"{home.env['XDG_STATE_HOME']}/hivemind/bundles/", done.out())
        os.chmod("/run/hivemind-bundles", 0o755)

    def test_the_runtime_folder_of_who_was_before(self):
        # su keeps XDG_RUNTIME_DIR. What root put there its owner could not use any more.
        os.makedirs("/tmp/hivemind-0", mode=0o700, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=700", "none", "/tmp/hivemind-0"], check=True)  # ours alone
        self.addCleanup(subprocess.run, ["umount", "/tmp/hivemind-0"])
        home = self.home()
        theirs = self.folder()
        os.chown(theirs, 65534, 65534)
        del home.env["HIVEMIND_RUNTIME_DIR"]
        home.env["XDG_RUNTIME_DIR"] = theirs
        done = home.run("sh", "-c", "echo $HIVEMIND_RUN")
        self.addCleanup(home.control, "stop", "--wait")
        self.assertNotEqual(done.out(), "\n", done.describe())
        self.assertEqual(os.listdir(theirs), [])
        self.assertEqual(home.control("status").returncode, 0)

    def test_who_gave_up_root_reaches_the_server(self):
        # The daemon would reset the connection: it serves nobody but its own user.
        mock = self.mock()
        home = self.home(harness.route("127.0.0.1", mock), ports=[mock.port])
        ask = "import os, sys, urllib.request; {} print(urllib.request.urlopen(sys.argv[1]).status)"
        url = mock.url("/v1/models")
        for tier in ("preload", "seccomp"):
            for become, captured in (("", 1), ("os.setuid(65534);", 0)):
                with self.subTest(tier=tier, become=become):
                    done = home.run("/usr/bin/python3", "-c", ask.format(become), url, options=["--capture", tier, "--explain"])
                    self.assertEqual((done.returncode, done.out()), (0, "200\n"), done.describe())
                    self.assertRegex(done.err(), rf"python3 +preload +{captured}  ")
        done = home.run("setpriv", "--reuid=65534", "--clear-groups", "curl", "-sS", url,
                        options=["--capture", "seccomp", "--explain"])
        self.assertRegex(done.err(), r"curl +seccomp +0  1 on sockets that cannot be redirected", done.describe())


if __name__ == "__main__":
    harness.main()
