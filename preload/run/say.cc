#include "preload/run/say.h"

#include <unistd.h>

#include <string>

namespace hivemind::run {
namespace {
bool keeping = false;
std::string& kept() {
  static std::string text;
  return text;
}
void write_all(std::string_view text) {
  while (!text.empty()) {
    const auto n = ::write(STDERR_FILENO, text.data(), text.size());
    if (n <= 0) return;  // nobody to tell
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}
}  // namespace

void print_text(std::string_view text) {
  if (keeping) {
    if (kept().size() < 16384) kept() += text;
  } else {
    write_all(text);
  }
}

void say(std::string_view sentence) {
  std::string line = "hivemind-run: ";
  // It may quote what a file or a flag said: nothing of that is an order to the terminal.
  for (const char c : sentence) line += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  line += '\n';
  print_text(line);
}

void agent_has_terminal(bool whether) {
  if (whether) {
    keeping = ::isatty(STDERR_FILENO) != 0;
    return;
  }
  keeping = false;
  write_all(kept());
  kept().clear();
}
}  // namespace hivemind::run
