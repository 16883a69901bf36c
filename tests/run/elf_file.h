// elf_file.h - tiny ELF files: a header, the segments asked for, and what they point at. They tell what they are and
// run nothing.
#pragma once
#include <elf.h>

#include <cstring>
#include <string>
#include <vector>

namespace hivemind::run {
#ifdef __aarch64__
constexpr Elf64_Half this_machine = EM_AARCH64;
#else
constexpr Elf64_Half this_machine = EM_X86_64;
#endif

struct ElfKind {
  Elf64_Half type = ET_DYN;
  Elf64_Half machine = this_machine;
  unsigned char elf_class = ELFCLASS64;
  std::string interpreter = {};
  std::vector<std::string> needed = {};
  bool go_note = false, go_section = false;
};

template <class T>
std::string bytes_of(const T& object) {
  return {reinterpret_cast<const char*>(&object), sizeof object};
}

inline Elf64_Ehdr elf_header(const ElfKind& kind, std::size_t segments) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = kind.elf_class;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_type = kind.type;
  header.e_machine = kind.machine;
  header.e_phoff = sizeof header;
  header.e_phnum = static_cast<Elf64_Half>(segments);
  return header;
}

inline std::string elf_of(const std::vector<Elf64_Phdr>& segments) {
  std::string bytes = bytes_of(elf_header({}, segments.size()));
  for (const auto& segment : segments) bytes += bytes_of(segment);
  return bytes;
}

inline std::string elf(const ElfKind& kind) {
  constexpr std::size_t count = 4;  // unused ones stay PT_NULL
  const std::size_t start = sizeof(Elf64_Ehdr) + count * sizeof(Elf64_Phdr);
  auto header = elf_header(kind, count);
  Elf64_Phdr segments[count] = {};
  std::string rest;
  const auto put = [&](Elf64_Phdr& segment, Elf64_Word type, const std::string& bytes) {
    segment.p_type = type;
    segment.p_offset = segment.p_vaddr = start + rest.size();
    segment.p_filesz = bytes.size();
    rest += bytes;
  };
  if (!kind.interpreter.empty()) put(segments[0], PT_INTERP, kind.interpreter + '\0');
  if (kind.go_note) put(segments[1], PT_NOTE, std::string("\4\0\0\0\x8\0\0\0\4\0\0\0Go\0\0identity", 24));
  if (!kind.needed.empty()) {
    std::string names(1, '\0'), entries;
    for (const auto& name : kind.needed) {
      entries += bytes_of(Elf64_Dyn{DT_NEEDED, {names.size()}});
      names += name + '\0';
    }
    put(segments[2], PT_LOAD, names);
    entries += bytes_of(Elf64_Dyn{DT_STRTAB, {segments[2].p_vaddr}}) + bytes_of(Elf64_Dyn{});
    put(segments[3], PT_DYNAMIC, entries);
  }
  if (kind.go_section) {
    const std::string names = std::string(".go.buildinfo") + '\0';
    Elf64_Shdr section{};
    section.sh_offset = start + rest.size();
    rest += names;
    header.e_shoff = start + rest.size();
    header.e_shnum = 1;
    rest += bytes_of(section);
  }
  std::string bytes = bytes_of(header);
  for (const auto& segment : segments) bytes += bytes_of(segment);
  return bytes + rest;
}
}  // namespace hivemind::run
