#include "tests/mock/http_message.h"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "sim/provider/dialect.h"
#include "sim/provider/time_text.h"

namespace hivemind::mock {
using namespace provider;
namespace asio = boost::asio;
namespace {
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool parse_head(Request& request) {
  std::string_view rest = request.head;
  std::vector<std::string_view> lines;
  while (!rest.empty()) {
    const auto end = rest.find("\r\n");
    if (end == rest.npos) return false;
    if (end == 0) break;
    lines.push_back(rest.substr(0, end));
    rest.remove_prefix(end + 2);
  }
  if (lines.empty()) return false;
  const auto first = lines.front().find(' '), last = lines.front().rfind(' ');
  if (first == std::string_view::npos || first == last) return false;
  request.method = lines.front().substr(0, first);
  request.target = lines.front().substr(first + 1, last - first - 1);
  request.keep_alive = lines.front().substr(last + 1) == "HTTP/1.1";
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto colon = lines[i].find(':');
    if (colon == std::string_view::npos) return false;
    request.headers.emplace_back(lines[i].substr(0, colon), trimmed(lines[i].substr(colon + 1)));
  }
  const auto connection = request.header("connection");
  if (equal_ignoring_case(connection, "close")) request.keep_alive = false;
  if (equal_ignoring_case(connection, "keep-alive")) request.keep_alive = true;
  request.chunked = equal_ignoring_case(request.header("transfer-encoding"), "chunked");
  request.expected_continue = equal_ignoring_case(request.header("expect"), "100-continue");
  return true;
}

asio::awaitable<bool> fill_to(Connection& connection, std::size_t size) {
  if (connection.input.capacity() < size && size <= (256u << 20)) connection.input.reserve(size);
  while (connection.input.size() < size) {
    const bool more = co_await connection.fill();
    if (!more) co_return false;
  }
  co_return true;
}

// Position after the next CRLF from `from` on, or 0 when the client ended.
asio::awaitable<std::size_t> line_end(Connection& connection, std::size_t from) {
  for (;;) {
    const auto end = connection.input.find("\r\n", from);
    if (end != std::string::npos) co_return end + 2;
    const bool more = co_await connection.fill();
    if (!more) co_return 0;
  }
}

asio::awaitable<ReadResult> read_chunked(Connection& connection, Request& request) {
  std::size_t at = 0;
  for (;;) {
    const auto end = co_await line_end(connection, at);
    if (end == 0) co_return ReadResult::ended;
    std::size_t size = 0;
    const auto* line = connection.input.data() + at;
    const auto parsed = std::from_chars(line, connection.input.data() + end - 2, size, 16);
    if (parsed.ec != std::errc() || size > (1u << 30)) co_return ReadResult::malformed;
    at = end;
    if (size == 0) break;
    const bool there = co_await fill_to(connection, at + size + 2);
    if (!there) co_return ReadResult::ended;
    request.body.append(connection.input, at, size);
    at += size + 2;
  }
  for (;;) {  // trailers, then the empty line
    const auto end = co_await line_end(connection, at);
    if (end == 0) co_return ReadResult::ended;
    const bool last = end == at + 2;
    at = end;
    if (last) break;
  }
  request.raw_body = connection.input.substr(0, at);
  connection.input.erase(0, at);
  co_return ReadResult::request;
}
}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string Request::header(std::string_view name) const {
  for (const auto& [field, value] : headers)
    if (equal_ignoring_case(field, name)) return value;
  return "";
}

std::string Request::query(std::string_view name) const {
  const auto mark = target.find('?');
  if (mark == target.npos) return "";
  std::string_view rest = std::string_view(target).substr(mark + 1);
  while (!rest.empty()) {
    const auto item = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    if (item.substr(0, item.find('=')) == name) return std::string(item.substr(std::min(item.size(), name.size() + 1)));
  }
  return "";
}

asio::awaitable<ReadResult> read_request(Connection& connection, Request& request) {
  std::size_t searched = 0, end = 0;
  while ((end = connection.input.find("\r\n\r\n", searched)) == std::string::npos) {
    if (connection.input.size() > (1u << 20)) co_return ReadResult::malformed;
    searched = connection.input.size() < 3 ? 0 : connection.input.size() - 3;
    const bool more = co_await connection.fill();
    if (!more) co_return ReadResult::ended;
  }
  request.head = connection.input.substr(0, end + 4);
  connection.input.erase(0, end + 4);
  if (!parse_head(request)) co_return ReadResult::malformed;
  if (request.expected_continue && connection.input.empty()) {
    const bool sent = co_await connection.write("HTTP/1.1 100 Continue\r\n\r\n");
    if (!sent) co_return ReadResult::ended;
  }
  if (request.chunked) co_return co_await read_chunked(connection, request);
  std::size_t size = 0;
  if (const auto length = request.header("content-length"); !length.empty()) {
    const auto parsed = std::from_chars(length.data(), length.data() + length.size(), size);
    if (parsed.ec != std::errc() || parsed.ptr != length.data() + length.size()) co_return ReadResult::malformed;
  }
  if (size == 0) co_return ReadResult::request;
  const bool there = co_await fill_to(connection, size);
  if (!there) co_return ReadResult::ended;
  request.body = connection.input.substr(0, size);
  connection.input.erase(0, size);
  co_return ReadResult::request;
}

std::string response_start(int status, std::string_view content_type) {
  thread_local std::time_t second = 0;
  thread_local std::string date;
  if (const auto now = std::time(nullptr); now != second) {
    second = now;
    date = header_line("Date", http_date(static_cast<double>(now)));
  }
  std::string head = "HTTP/1.1 " + std::to_string(status) + " ";
  head.reserve(512);
  head += reason_phrase(status);
  head += "\r\n";
  head += date;
  if (!content_type.empty()) head += header_line("Content-Type", content_type);
  return head;
}

std::string sized_response(int status, std::string_view content_type, std::string_view extra_headers,
                           std::string_view body, bool send_body) {
  auto response = response_start(status, content_type);
  response += "Content-Length: ";
  response += std::to_string(body.size());
  response += "\r\n";
  response += extra_headers;
  response += "\r\n";
  if (send_body) response += body;
  return response;
}

std::string chunk(std::string_view bytes) {
  if (bytes.empty()) return "";
  char size[20];
  const auto end = std::to_chars(size, size + sizeof size, bytes.size(), 16).ptr;
  std::string text(size, end);
  text += "\r\n";
  text += bytes;
  return text += "\r\n";
}
}  // namespace hivemind::mock
