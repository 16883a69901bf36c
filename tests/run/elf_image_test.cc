#include "preload/run/elf_image.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/run/temporary_folder.h"

namespace hivemind::run {
namespace {
// An ELF file of a header, segments and whatever bytes follow.
std::string elf(Elf64_Half type, const std::vector<Elf64_Phdr>& segments, const std::string& rest = {}) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_type = type;
  header.e_machine = EM_X86_64;
#ifdef __aarch64__
  header.e_machine = EM_AARCH64;
#endif
  header.e_phoff = sizeof header;
  header.e_phnum = static_cast<Elf64_Half>(segments.size());
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  bytes.append(reinterpret_cast<const char*>(segments.data()), segments.size() * sizeof(Elf64_Phdr));
  return bytes + rest;
}

TEST(ElfImage, ThisProgram) {
  const auto image = read_elf_image("/proc/self/exe");
  ASSERT_TRUE(image);
  EXPECT_TRUE(image->native);
  EXPECT_NE(image->interpreter.find("ld-linux"), std::string::npos);
  EXPECT_TRUE(image->needs("libc.so"));
  EXPECT_FALSE(image->needs("libasan.so.99"));
  EXPECT_FALSE(image->go);
}

TEST(ElfImage, StaticAndStaticPie) {
  const TemporaryFolder folder;
  const auto fixed = read_elf_image(folder.write("fixed", elf(ET_EXEC, {})));
  EXPECT_TRUE(fixed->interpreter.empty());
  EXPECT_FALSE(fixed->position_independent);
  EXPECT_TRUE(read_elf_image(folder.write("pie", elf(ET_DYN, {})))->position_independent);
}

TEST(ElfImage, GoIsToldByItsNote) {
  const TemporaryFolder folder;
  const std::string note("\4\0\0\0\x8\0\0\0\4\0\0\0Go\0\0identity", 24);
  Elf64_Phdr segment{};
  segment.p_type = PT_NOTE;
  segment.p_offset = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
  segment.p_filesz = note.size();
  EXPECT_TRUE(read_elf_image(folder.write("go", elf(ET_EXEC, {segment}, note)))->go);
}

TEST(ElfImage, Musl) {
  const TemporaryFolder folder;
  Elf64_Phdr segment{};
  segment.p_type = PT_INTERP;
  segment.p_offset = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
  const auto image =
      read_elf_image(folder.write("musl", elf(ET_DYN, {segment}, std::string("/lib/ld-musl-x86_64.so.1", 25))));
  EXPECT_EQ(image->interpreter, "/lib/ld-musl-x86_64.so.1");
}

TEST(ElfImage, Another32BitMachine) {
  const TemporaryFolder folder;
  auto bytes = elf(ET_EXEC, {});
  bytes[EI_CLASS] = ELFCLASS32;
  EXPECT_FALSE(read_elf_image(folder.write("old", bytes))->native);
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
  auto bytes = elf(ET_DYN, {segment, segment});
  auto& header = *reinterpret_cast<Elf64_Ehdr*>(bytes.data());
  header.e_phnum = 65535;
  header.e_shnum = 65535;
  header.e_shoff = 1;
  header.e_shstrndx = 65534;
  EXPECT_TRUE(read_elf_image(folder.write("liar", bytes)));
}
}  // namespace
}  // namespace hivemind::run
