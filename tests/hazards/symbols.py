"""The dynamic symbols of the objects we load into programs, pinned: what they export shadows every program's own, what
they need can kill one (hazards L1, L2, L3, L11)."""
import os
import re
import subprocess
import unittest

from hazard import PRELOAD, TAP

HOOKS = """connect sendto sendmsg sendmmsg getpeername getsockname getaddrinfo execve execv execvp execvpe execl execlp execle
fexecve posix_spawn posix_spawnp""".split()
TAP_HOOKS = """connect shutdown close send sendto sendmsg write writev recv recvfrom recvmsg read readv
__recv_chk __recvfrom_chk __read_chk""".split()
# Each may be missing: glibc, musl and no libc at all are all fine.
WEAK = "__connect __errno_location __libc_dlopen_mode __libc_dlsym dlsym environ getauxval".split()


class Symbols(unittest.TestCase):
    path, hooks = PRELOAD, HOOKS

    def read_elf(self, *flags):
        return subprocess.run(["readelf", "-W", *flags, self.path], capture_output=True, text=True, check=True).stdout

    def setUp(self):
        self.symbols = re.findall(r"^ +\d+: \w+ +\d+ (\w+) +(\w+) +(\w+) +(\w+) ?(\S*)$", self.read_elf("--dyn-syms"), re.M)
        self.assertTrue(self.symbols)

    def test_L11_exports_exactly_the_hooks(self):
        exported = [(kind, name) for kind, _, _, section, name in self.symbols if section != "UND"]
        self.assertEqual(sorted(exported), sorted(("FUNC", name) for name in self.hooks))

    def test_L3_every_undefined_symbol_is_weak_and_known(self):
        undefined = [(binding, name) for _, binding, _, section, name in self.symbols if section == "UND" and name]
        self.assertEqual(sorted(undefined), sorted(("WEAK", name) for name in WEAK))

    def test_L1_L2_needs_nothing(self):
        dynamic = self.read_elf("--dynamic")
        for tag in ("NEEDED", "VERNEED", "VERDEF", "TEXTREL", "RPATH", "RUNPATH"):
            self.assertNotIn(f"({tag})", dynamic)
        self.assertIn(os.path.basename(self.path), dynamic)
        self.assertIn("NOW", dynamic)
        self.assertNotIn("GLIBC", self.read_elf("--version-info"))

    def test_has_no_thread_local_storage_nor_executable_stack(self):
        headers = self.read_elf("--program-headers")
        self.assertIsNone(re.search(r"^ +TLS ", headers, re.M))
        self.assertRegex(headers, r"(?m)^ +GNU_STACK .* RW +0x")

    def test_can_be_unwound(self):
        self.assertIn(".eh_frame_hdr", self.read_elf("--sections"))

    def test_is_small(self):
        text = re.search(r"LOAD +\w+ \w+ \w+ (\w+) \w+ R E", self.read_elf("--program-headers"))
        self.assertLessEqual(int(text.group(1), 16), 64 * 1024)


class TapSymbols(Symbols):
    path, hooks = TAP, TAP_HOOKS


if __name__ == "__main__":
    unittest.main()
