#!/usr/bin/python3
"""A real agent captured in the kernel: Codex, a static program below a Node script."""
import carried
import harness
import with_codex
from kernel import EBPF, need_privilege


def setUpModule():
    need_privilege()
    carried.enter_with_packages()


class CodexThroughEbpf(with_codex.Codex):
    def home(self, *routes, **more):
        with open("/etc/hosts", "a") as f:
            f.write("".join(f"{with_codex.NOWHERE} {host}\n" for host in with_codex.OTHER_HOSTS))
        home = self.using(harness.Home(*routes, **more))
        start = home.start
        home.start = lambda *command, options=(), **how: start(*command, options=[*EBPF, "--explain", *options], cwd=home.folder, **how)
        return home

    def test_is_captured_as_the_static_program_it_is(self):
        _, home, _ = self.world()
        done = home.run(*self.command(False), seconds=self.seconds)
        self.check_answer(done)
        self.assertRegex(done.err(), r"(?m)^  \d+ +codex +ebpf +[1-9]\d* ")


if __name__ == "__main__":
    harness.main()
