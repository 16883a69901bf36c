"""The preload object's dynamic symbols, pinned: what it exports shadows every program's own, what it needs can kill one."""
import re
import subprocess
import unittest

from hazard import PRELOAD

HOOKS = """connect sendto sendmsg sendmmsg getpeername getaddrinfo execve execv execvp execvpe execl execlp execle fexecve
posix_spawn posix_spawnp""".split()
# Each may be missing: glibc, musl and no libc at all are all fine.
WEAK = "__connect __errno_location __libc_dlopen_mode __libc_dlsym dlsym environ getauxval".split()


def read_elf(*flags):
    return subprocess.run(["readelf", "-W", *flags, PRELOAD], capture_output=True, text=True, check=True).stdout


class Symbols(unittest.TestCase):
    def setUp(self):
        self.symbols = re.findall(r"^ +\d+: \w+ +\d+ (\w+) +(\w+) +(\w+) +(\w+) ?(\S*)$", read_elf("--dyn-syms"), re.M)
        self.assertTrue(self.symbols)

    def test_exports_exactly_the_hooks(self):
        exported = [(kind, name) for kind, _, _, section, name in self.symbols if section != "UND"]
        self.assertEqual(sorted(exported), sorted(("FUNC", name) for name in HOOKS))

    def test_every_undefined_symbol_is_weak_and_known(self):
        undefined = [(binding, name) for _, binding, _, section, name in self.symbols if section == "UND" and name]
        self.assertEqual(sorted(undefined), sorted(("WEAK", name) for name in WEAK))

    def test_needs_nothing(self):
        dynamic = read_elf("--dynamic")
        for tag in ("NEEDED", "VERNEED", "VERDEF", "TEXTREL", "RPATH", "RUNPATH"):
            self.assertNotIn(f"({tag})", dynamic)
        self.assertIn("libhivemind-preload.so", dynamic)
        self.assertIn("NOW", dynamic)
        self.assertNotIn("GLIBC", read_elf("--version-info"))

    def test_has_no_thread_local_storage_nor_executable_stack(self):
        headers = read_elf("--program-headers")
        self.assertIsNone(re.search(r"^ +TLS ", headers, re.M))
        self.assertRegex(headers, r"(?m)^ +GNU_STACK .* RW +0x")

    def test_can_be_unwound(self):
        self.assertIn(".eh_frame_hdr", read_elf("--sections"))

    def test_is_small(self):
        text = re.search(r"LOAD +\w+ \w+ \w+ (\w+) \w+ R E", read_elf("--program-headers"))
        self.assertLessEqual(int(text.group(1), 16), 64 * 1024)


if __name__ == "__main__":
    unittest.main()
