#include "preload/run/elf_image.h"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "preload/run/unique_fd.h"

namespace hivemind::run {
namespace {
// Reads a file that may lie about its own sizes: every length is bounded, every read may fall short.
class ElfFile {
public:
  explicit ElfFile(int fd) : fd_(fd) {}
  template <class T>
  std::optional<T> object(std::uint64_t offset) const {
    T value{};
    if (::pread(fd_, &value, sizeof value, static_cast<off_t>(offset)) != static_cast<ssize_t>(sizeof value)) return {};
    return value;
  }
  template <class T>
  std::vector<T> table(std::uint64_t offset, std::uint64_t count) const {
    std::vector<T> entries(std::min<std::uint64_t>(count, 4096));
    const auto n = ::pread(fd_, entries.data(), entries.size() * sizeof(T), static_cast<off_t>(offset));
    entries.resize(n > 0 ? static_cast<std::size_t>(n) / sizeof(T) : 0);
    return entries;
  }
  std::string text(std::uint64_t offset) const {
    char bytes[512];
    const auto n = ::pread(fd_, bytes, sizeof bytes, static_cast<off_t>(offset));
    return n > 0 ? std::string(bytes, ::strnlen(bytes, static_cast<std::size_t>(n))) : std::string();
  }

private:
  int fd_;
};

std::optional<std::uint64_t> file_offset(const std::vector<Elf64_Phdr>& segments, std::uint64_t address) {
  for (const auto& segment : segments)
    if (segment.p_type == PT_LOAD && address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_filesz)
      return segment.p_offset + (address - segment.p_vaddr);
  return {};
}

void read_needed(const ElfFile& file, const std::vector<Elf64_Phdr>& segments, const Elf64_Phdr& dynamic,
                 ElfImage& image) {
  const auto entries = file.table<Elf64_Dyn>(dynamic.p_offset, dynamic.p_filesz / sizeof(Elf64_Dyn));
  std::optional<std::uint64_t> strings;
  for (const auto& entry : entries)
    if (entry.d_tag == DT_STRTAB) strings = file_offset(segments, entry.d_un.d_ptr);
  if (!strings) return;
  for (const auto& entry : entries) {
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_NEEDED) image.needed.push_back(file.text(*strings + entry.d_un.d_val));
  }
}

bool is_go(const ElfFile& file, const Elf64_Ehdr& header, const std::vector<Elf64_Phdr>& segments) {
  for (const auto& segment : segments) {
    if (segment.p_type != PT_NOTE) continue;
    if (const auto note = file.object<Elf64_Nhdr>(segment.p_offset))
      if (note->n_namesz == 4 && file.text(segment.p_offset + sizeof *note) == "Go") return true;
  }
  const auto sections = file.table<Elf64_Shdr>(header.e_shoff, header.e_shnum);
  if (header.e_shstrndx >= sections.size()) return false;
  const auto names = sections[header.e_shstrndx].sh_offset;
  return std::any_of(sections.begin(), sections.end(),
                     [&](const Elf64_Shdr& section) { return file.text(names + section.sh_name) == ".go.buildinfo"; });
}

#if defined(__x86_64__)
constexpr Elf64_Half native_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half native_machine = EM_AARCH64;
#else
#error "name the machine's ELF number here"
#endif
std::string machine_name(const Elf64_Ehdr& header) {
  switch (header.e_machine) {
    case EM_386:
      return "i386";
    case EM_X86_64:
      return header.e_ident[EI_CLASS] == ELFCLASS32 ? "x32" : "x86-64";
    case EM_ARM:
      return "arm";
    case EM_AARCH64:
      return "aarch64";
    case EM_RISCV:
      return "riscv";
    default:
      return "machine " + std::to_string(header.e_machine);
  }
}
}  // namespace

bool is_elf(std::string_view first_bytes) { return first_bytes.starts_with(std::string_view(ELFMAG, SELFMAG)); }

bool ElfImage::needs(std::string_view prefix) const {
  return std::any_of(needed.begin(), needed.end(), [&](const std::string& name) { return name.starts_with(prefix); });
}

Result<ElfImage> read_elf_image(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return failed_to("read " + path);
  const ElfFile file(fd.get());
  const auto header = file.object<Elf64_Ehdr>(0);
  if (!header || !is_elf(std::string_view(reinterpret_cast<const char*>(header->e_ident), SELFMAG)))
    return Problem{path + " is no ELF program"};
  ElfImage image;
  image.native = header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_ident[EI_DATA] == ELFDATA2LSB &&
                 header->e_machine == native_machine;
  if (!image.native) {
    image.machine = machine_name(*header);
    return image;
  }
  image.position_independent = header->e_type == ET_DYN;
  const auto segments = file.table<Elf64_Phdr>(header->e_phoff, header->e_phnum);
  for (const auto& segment : segments) {
    if (segment.p_type == PT_INTERP) image.interpreter = file.text(segment.p_offset);
    if (segment.p_type == PT_DYNAMIC) read_needed(file, segments, segment, image);
  }
  image.go = is_go(file, *header, segments);
  return image;
}
}  // namespace hivemind::run
