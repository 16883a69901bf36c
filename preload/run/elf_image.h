// elf_image.h - what the dynamic loader will do with a program, read from its file without running it.
#pragma once
#include <string>
#include <vector>

#include "preload/run/result.h"

namespace hivemind::run {
struct ElfImage {
  bool native = false;      // this machine's class and byte order
  std::string machine;      // what it is made for when it is not native: "i386", "aarch64"; nothing else is then known
  std::string interpreter;  // PT_INTERP; empty: static or static-pie
  bool position_independent = false;
  bool go = false;                  // its socket calls are raw system calls, whatever it links
  std::vector<std::string> needed;  // DT_NEEDED
  bool needs(std::string_view prefix) const;
};
bool is_elf(std::string_view first_bytes);
Result<ElfImage> read_elf_image(const std::string& path);
}  // namespace hivemind::run
