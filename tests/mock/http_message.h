// http_message.h - one HTTP/1.1 request as it arrived, and the heads we send. A simulator reads leniently and keeps the
// raw bytes: tests compare them.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "tests/mock/connection.h"

namespace hivemind::mock {

struct Request {
  std::string head;  // raw, with the empty line
  std::string method, target;
  std::vector<std::pair<std::string, std::string>> headers;  // in order, case as sent
  std::string body;                                          // decoded
  std::string raw_body;                                      // as on the wire; only different from `body` when chunked
  bool chunked = false, expected_continue = false, keep_alive = true;
  std::string path() const { return target.substr(0, target.find('?')); }
  // The value of `name` in the query, or "".
  std::string query(std::string_view name) const;
  std::string header(std::string_view name) const;  // first one, any case; or ""
};

enum class ReadResult { request, ended, malformed };
// Reads one request with its body. Answers Expect: 100-continue.
boost::asio::awaitable<ReadResult> read_request(Connection& connection, Request& request);

// The start line and the headers every answer carries; the caller adds its own lines and the empty one.
std::string response_start(int status, std::string_view content_type);
std::string sized_response(int status, std::string_view content_type, std::string_view extra_headers,
                           std::string_view body, bool send_body = true);
// One chunk of a chunked body; an empty `bytes` is no last chunk but nothing.
std::string chunk(std::string_view bytes);
bool equal_ignoring_case(std::string_view a, std::string_view b);
}  // namespace hivemind::mock
