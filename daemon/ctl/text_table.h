// text_table.h - columns of text for people, aligned, in a given width.
// Invariant: nothing that a client sent reaches the terminal as a control character. Lines that would be too wide are
// cut where their columns allow it, the least needed columns first, none below twelve characters. Names keep both ends.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hivemind::ctl {

enum class Align { left, right };
enum class Cut { never, last, first };
struct Column {
  std::string title;
  Align align = Align::left;
  Cut cut = Cut::never;
  bool keep_end = false;  // names differ at their ends: cut out of the middle
};

class TextTable {
public:
  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  std::string render(std::size_t width) const;

private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// `text` in valid UTF-8, printable; control characters become spaces.
std::string printable(std::string_view text);
// Characters, each taken as one column wide.
std::size_t length(std::string_view utf8);
// At most `width` characters, the last a "…" when something was cut.
std::string cut(const std::string& utf8, std::size_t width);
// The same, with the "…" in the middle.
std::string cut_middle(const std::string& utf8, std::size_t width);
}  // namespace hivemind::ctl
