#include "tests/bench/http_client.h"

#include <array>
#include <charconv>
#include <stdexcept>

namespace hivemind::bench {
namespace {

// Of a header line, whose name is given in lower case with its colon.
std::string_view header(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != head.npos; at = head.find("\r\n", at + 2)) {
    auto line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    if (line.size() < name.size()) continue;
    bool same = true;
    for (std::size_t i = 0; i < name.size() && same; ++i) same = (line[i] | 0x20) == (name[i] | 0x20);
    if (!same) continue;
    line.remove_prefix(name.size());
    while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    return line;
  }
  return {};
}

std::size_t number(std::string_view text, int base) {
  std::size_t value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value, base).ec != std::errc{})
    throw std::runtime_error("not a length: '" + std::string(text) + "'");
  return value;
}
}  // namespace

std::string generation(const Target& target, std::string_view path, bool streaming) {
  std::string body = R"({"model":"claude-sonnet-4-5","max_tokens":64,"stream":)";
  body += streaming ? "true" : "false";
  body += R"(,"messages":[{"role":"user","content":")";
  const std::string_view end = R"("}]})";
  while (body.size() + end.size() < 1024) body += "benchmark "[body.size() % 10];
  body += end;
  std::string request = "POST " + std::string(path) + " HTTP/1.1\r\nHost: " + target.host +
                        "\r\nx-api-key: sk-bench\r\nanthropic-version: 2023-06-01\r\nContent-Type: application/json"
                        "\r\nContent-Length: " +
                        std::to_string(body.size()) + "\r\n\r\n";
  return request + body;
}

void HttpClient::fill() {
  if (used_ == buffer_.size()) {
    buffer_.clear();
    used_ = 0;
  }
  std::array<char, 16384> bytes;
  const auto n = stream_.read(bytes);
  if (n == 0) throw std::runtime_error("the connection ended inside an answer");
  buffer_.append(bytes.data(), n);
}

std::string_view HttpClient::read_head() {
  for (;;) {
    const auto end = buffer_.find("\r\n\r\n", used_);
    if (end == buffer_.npos) {
      fill();
      continue;
    }
    const auto head = std::string_view(buffer_).substr(used_, end + 2 - used_);
    if (head.substr(0, 12) != "HTTP/1.1 200")
      throw std::runtime_error("answer: " + std::string(head.substr(0, head.find('\r'))));
    used_ = end + 4;
    return head;
  }
}

std::size_t HttpClient::exchange(std::string_view request) {
  stream_.write(request);
  const auto length = number(header(read_head(), "content-length:"), 10);
  while (buffer_.size() - used_ < length) fill();
  used_ += length;
  return length;
}

void HttpClient::stream(std::string_view request, const Piece& piece) {
  stream_.write(request);
  if (header(read_head(), "transfer-encoding:") != "chunked") throw std::runtime_error("the answer is not chunked");
  for (;;) {
    auto line = buffer_.find("\r\n", used_);
    for (; line == buffer_.npos; line = buffer_.find("\r\n", used_)) fill();
    auto left = number(std::string_view(buffer_).substr(used_, line - used_), 16);
    used_ = line + 2;
    const bool last = left == 0;
    while (left > 0) {
      if (buffer_.size() == used_) fill();
      const auto part = std::string_view(buffer_).substr(used_, left);
      used_ += part.size();
      left -= part.size();
      if (!piece(part)) return;
    }
    while (buffer_.size() - used_ < 2) fill();
    used_ += 2;
    if (last) return;
  }
}
}  // namespace hivemind::bench
