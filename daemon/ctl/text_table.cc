#include "ctl/text_table.h"

#include <algorithm>

namespace hivemind::ctl {
namespace {

constexpr std::size_t least_width = 12;
constexpr std::string_view gap = "  ";

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Where the character number `index` begins.
std::size_t offset_of(std::string_view utf8, std::size_t index) {
  std::size_t at = 0;
  for (; at < utf8.size(); ++at)
    if (!continues(utf8[at]) && index-- == 0) break;
  return at;
}

void pad(std::string& line, const std::string& cell, std::size_t width, Align align, bool last) {
  const std::size_t fill = width - std::min(width, length(cell));
  if (align == Align::right) line.append(fill, ' ');
  line += cell;
  if (align == Align::left && !last) line.append(fill, ' ');
}
}  // namespace

std::size_t length(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return !continues(c); }));
}

std::string cut(const std::string& utf8, std::size_t width) {
  if (length(utf8) <= width) return utf8;
  return utf8.substr(0, offset_of(utf8, std::max<std::size_t>(width, 1) - 1)) + "…";
}

std::string cut_middle(const std::string& utf8, std::size_t width) {
  const std::size_t all = length(utf8);
  if (all <= width) return utf8;
  const std::size_t kept = std::max<std::size_t>(width, 1) - 1, tail = kept / 2;
  return utf8.substr(0, offset_of(utf8, kept - tail)) + "…" + utf8.substr(offset_of(utf8, all - tail));
}

std::string printable(std::string_view text) {
  std::string clean(text);
  for (std::size_t i = 0; i < clean.size(); ++i) {
    const auto c = static_cast<unsigned char>(clean[i]);
    if (c < 0x20 || c == 0x7F) clean[i] = ' ';
    // U+0080..U+009F, which terminals obey too.
    if (c == 0xC2 && i + 1 < clean.size() && static_cast<unsigned char>(clean[i + 1]) < 0xA0) clean.replace(i, 2, " ");
  }
  return clean;
}

void TextTable::add(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (auto& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

std::string TextTable::render(std::size_t width) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t widest = length(columns_[i].title);
    for (const auto& row : rows_) widest = std::max(widest, length(row[i]));
    widths.push_back(widest);
  }
  const auto total = [&] {
    std::size_t sum = gap.size() * (widths.size() - 1);
    for (const auto w : widths) sum += w;
    return sum;
  };
  for (const Cut cut_now : {Cut::first, Cut::last}) {
    while (total() > width) {
      std::size_t widest = columns_.size();
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (columns_[i].cut != cut_now || widths[i] <= least_width) continue;
        if (widest == columns_.size() || widths[i] > widths[widest]) widest = i;
      }
      if (widest == columns_.size()) break;
      --widths[widest];
    }
  }
  std::string text;
  const auto line = [&](auto cell) {
    std::string one;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (i) one += gap;
      const auto text_of_cell = columns_[i].keep_end ? cut_middle(cell(i), widths[i]) : cut(cell(i), widths[i]);
      pad(one, text_of_cell, widths[i], columns_[i].align, i + 1 == columns_.size());
    }
    one.erase(one.find_last_not_of(' ') + 1);
    text += one + '\n';
  };
  line([&](std::size_t i) { return columns_[i].title; });
  for (const auto& row : rows_) line([&](std::size_t i) { return row[i]; });
  return text;
}
}  // namespace hivemind::ctl
