#!/usr/bin/python3
"""Codex as its npm package installs it: a Node script that starts a static program, which no preload object can be in.
Run through seccomp, and where the tests are root's as an ordinary user.

It asks for a WebSocket first, which the mock refuses as its makers provide for, and then by HTTPS.
"""
import os

import carried
import harness

setUpModule = carried.enter_with_packages

NOBODY = 65534
NOWHERE = "127.0.0.7"  # nothing listens there
OTHER_HOSTS = ("chatgpt.com", "ab.chatgpt.com", "github.com")  # asked for besides, on every start


def belongs_to_user(folder):
    if os.getuid() != 0:
        return
    for path, folders, files in os.walk(folder):
        for name in (".", *folders, *files):
            os.chown(os.path.join(path, name), NOBODY, NOBODY)


class UsersHome(harness.Home):
    """hivemind-run, the daemon and what is run directly are an ordinary user's."""

    options = ()

    def __init__(self, *routes, **more):
        super().__init__(*routes, **more)
        self.user = {"user": NOBODY, "cwd": self.folder} if os.getuid() == 0 else {"cwd": self.folder}
        belongs_to_user(self.folder)

    def start(self, *command, options=(), **more):
        return super().start(*command, options=[*self.options, *options], **self.user, **more)

    def direct(self, *command, **more):
        return super().direct(*command, **self.user, **more)


class Codex(carried.FromNpm, harness.Case):
    kinds = (("text", False), ("json", True))
    seconds = 120

    def environment(self):
        return {"CODEX_API_KEY": "sk-fake", "PATH": f"{self.packages}/.bin:/usr/local/bin:/usr/bin:/bin"}

    def command(self, streaming):
        return ["codex", "exec", "--skip-git-repo-check", *(["--json"] if streaming else []), "say hi"]

    def home(self, *routes, **more):
        with open("/etc/hosts", "a") as f:
            f.write("".join(f"{NOWHERE} {host}\n" for host in OTHER_HOSTS))
        home = UsersHome(*routes, **more)
        home.options = ["--capture", "seccomp", "--explain"]
        return self.using(home)

    def mock(self, *flags, **more):
        mock = super().mock(*flags, **more)
        os.chmod(os.path.dirname(mock.ca), 0o755)  # its root is for everybody
        return mock

    def test_is_captured_as_the_static_program_it_is(self):
        _, home, _ = self.world()
        done = home.run(*self.command(False), seconds=self.seconds)
        self.check_answer(done)
        self.assertRegex(done.err(), r"bin/codex is a static-pie program\n")
        self.assertRegex(done.err(), r"(?m)^  \d+ +codex +seccomp +[1-9]\d* ")


if __name__ == "__main__":
    harness.main()
