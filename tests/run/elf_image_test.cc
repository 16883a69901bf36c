#include "preload/run/elf_image.h"

#include <elf.h>
#include <gtest/gtest.h>

#include "tests/run/elf_file.h"
#include "tests/run/temporary_folder.h"

namespace hivemind::run {
namespace {
TEST(ElfImage, ThisProgram) {
  const auto image = read_elf_image("/proc/self/exe");
  ASSERT_TRUE(image);
  EXPECT_TRUE(image->native);
  EXPECT_NE(image->interpreter.find("ld-linux"), std::string::npos);
  EXPECT_TRUE(image->needs("libc.so"));
  EXPECT_FALSE(image->needs("libasan.so.99"));
  EXPECT_FALSE(image->go);
}

TEST(ElfImage, Kinds) {
  const TemporaryFolder folder;
  struct Want {
    bool native = false;
    std::string machine = {}, interpreter = {};
    bool position_independent = false, go = false;
    std::vector<std::string> needed = {};
  };
  const struct {
    const char* name;
    std::string bytes;
    Want want;
  } cases[] = {
      {"static", elf({.type = ET_EXEC}), {.native = true}},
      {"static-pie", elf({.type = ET_DYN}), {.native = true, .position_independent = true}},
      {"Go by its note", elf({.type = ET_EXEC, .go_note = true}), {.native = true, .go = true}},
      {"Go by its section", elf({.type = ET_EXEC, .go_section = true}), {.native = true, .go = true}},
      {"Go that links a C library",
       elf({.interpreter = "/lib64/ld-linux-x86-64.so.2", .go_note = true}),
       {.native = true, .interpreter = "/lib64/ld-linux-x86-64.so.2", .position_independent = true, .go = true}},
      {"musl",
       elf({.interpreter = "/lib/ld-musl-x86_64.so.1"}),
       {.native = true, .interpreter = "/lib/ld-musl-x86_64.so.1", .position_independent = true}},
      {"AddressSanitizer",
       elf({.interpreter = "/lib64/ld-linux-x86-64.so.2", .needed = {"libasan.so.8", "libc.so.6"}}),
       {.native = true,
        .interpreter = "/lib64/ld-linux-x86-64.so.2",
        .position_independent = true,
        .needed = {"libasan.so.8", "libc.so.6"}}},
      {"32-bit", elf({.machine = EM_386, .elf_class = ELFCLASS32}), {.machine = "i386"}},
      {"x32", elf({.machine = EM_X86_64, .elf_class = ELFCLASS32}), {.machine = "x32"}},
      {"another processor", elf({.machine = EM_RISCV}), {.machine = "riscv"}},
      {"nobody knows which", elf({.machine = 4711}), {.machine = "machine 4711"}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto image = read_elf_image(folder.write("program", c.bytes));
    ASSERT_TRUE(image) << image.problem();
    EXPECT_EQ(image->native, c.want.native);
    EXPECT_EQ(image->machine, c.want.machine);
    EXPECT_EQ(image->interpreter, c.want.interpreter);
    EXPECT_EQ(image->position_independent, c.want.position_independent);
    EXPECT_EQ(image->go, c.want.go);
    EXPECT_EQ(image->needed, c.want.needed);
  }
}

TEST(ElfImage, FilesThatLie) {
  const TemporaryFolder folder;
  EXPECT_FALSE(read_elf_image(folder.write("empty", "")));
  EXPECT_FALSE(read_elf_image(folder.write("text", "#!/bin/sh\n")));
  EXPECT_FALSE(read_elf_image(folder.write("short", std::string(ELFMAG) + "\2\1")));
  EXPECT_FALSE(read_elf_image(folder.path()));
  Elf64_Phdr segment{};
  segment.p_type = PT_DYNAMIC;
  segment.p_offset = ~0ull - 7;
  segment.p_filesz = ~0ull;
  auto bytes = elf_of({segment, segment});
  auto& header = *reinterpret_cast<Elf64_Ehdr*>(bytes.data());
  header.e_phnum = 65535;
  header.e_shnum = 65535;
  header.e_shoff = 1;
  header.e_shstrndx = 65534;
  EXPECT_TRUE(read_elf_image(folder.write("liar", bytes)));
}
}  // namespace
}  // namespace hivemind::run
