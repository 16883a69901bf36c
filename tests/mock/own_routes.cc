// /__mock: statistics and steering, and pages that make any shape of response for tests of what lies in between.
#include <charconv>

#include "tests/mock/routes.h"

namespace hivemind::mock {
namespace asio = boost::asio;
namespace {

std::size_t number(const Request& request, std::string_view name, std::size_t otherwise) {
  const auto text = request.query(name);
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty() ? value : otherwise;
}

// size= chunk= status= delay=MS trailer=1 close=1 cookies=N: letters a-z over and over.
asio::awaitable<bool> answer_body(Connection& connection, const Request& request) {
  const auto size = number(request, "size", 0), step = number(request, "chunk", 0);
  const auto status = static_cast<int>(number(request, "status", 200));
  const bool until_close = number(request, "close", 0) != 0, keep = request.keep_alive && !until_close;
  std::string body(size, 'a');
  for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>('a' + i % 26);
  const bool there = co_await connection.wait(number(request, "delay", 0) * 1ms);
  if (!there) co_return false;

  auto head = response_start(status, "application/octet-stream");
  for (std::size_t i = 0; i < number(request, "cookies", 0); ++i)
    head += "Set-Cookie: cookie" + std::to_string(i) + "=" + std::to_string(i) + "; Path=/\r\n";
  head += "X-MiXeD-Case: kept\r\n";
  if (!keep) head += "Connection: close\r\n";
  const bool has_body = request.method != "HEAD" && status != 204 && status != 304;
  if (step > 0) {
    head += "Transfer-Encoding: chunked\r\n";
    if (number(request, "trailer", 0)) head += "Trailer: X-Trailer\r\n";
    head += "\r\n";
    const bool begun = co_await connection.write(head);
    if (!begun) co_return false;
    if (!has_body) co_return keep;
    for (std::size_t at = 0; at < size; at += step) {
      const auto framed = chunk(std::string_view(body).substr(at, step));
      const bool sent = co_await connection.write(framed);
      if (!sent) co_return false;
    }
    const char* end = number(request, "trailer", 0) ? "0\r\nX-Trailer: kept\r\n\r\n" : "0\r\n\r\n";
    const bool sent = co_await connection.write(end);
    if (!sent) co_return false;
    co_return keep;
  }
  if (!until_close && status != 204) head += "Content-Length: " + std::to_string(size) + "\r\n";
  head += "\r\n";
  if (has_body) head += body;
  const bool sent = co_await connection.write(head);
  if (!sent) co_return false;
  co_return keep;
}

// 101, then every byte comes back.
asio::awaitable<bool> answer_upgrade(Connection& connection) {
  const bool upgraded = co_await connection.write(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: hivemind-echo\r\n\r\n");
  if (!upgraded) co_return false;
  for (;;) {
    const std::string bytes = std::exchange(connection.input, {});
    if (!bytes.empty()) {
      const bool sent = co_await connection.write(bytes);
      if (!sent) co_return false;
    }
    const bool more = co_await connection.fill();
    if (!more) co_return false;
  }
}
}  // namespace

asio::awaitable<bool> answer_own(Simulator& simulator, Connection& connection, const Request& request) {
  const auto path = request.path();
  const std::string extra = request.keep_alive ? "" : "Connection: close\r\n";
  const bool with_body = request.method != "HEAD";
  int status = 200;
  std::string_view type = "application/json";
  std::string body = "{}\n";
  if (path == "/__mock/stats") {
    body = simulator.statistics.json();
  } else if (path == "/__mock/reset" && request.method == "POST") {
    simulator.reset();
  } else if (path == "/__mock/script" && request.method == "POST") {
    try {
      simulator.model.set_script(parse_script(request.body));
    } catch (const std::invalid_argument& error) {
      status = 400;
      type = "text/plain";
      body = std::string(error.what()) + "\n";
    }
  } else if (path == "/__mock/echo") {
    type = "application/octet-stream";
    body = request.head + (request.chunked ? request.raw_body : request.body);
  } else if (path == "/__mock/body") {
    co_return co_await answer_body(connection, request);
  } else if (path == "/__mock/upgrade" && !request.header("upgrade").empty()) {
    co_return co_await answer_upgrade(connection);
  } else {
    status = 404;
    type = "text/plain";
    body = "there are: GET stats, POST reset, POST script, echo, body?size=&chunk=&status=&delay=, upgrade\n";
  }
  const auto response = sized_response(status, type, extra, body, with_body);
  const bool sent = co_await connection.write(response);
  if (!sent) co_return false;
  co_return request.keep_alive;
}
}  // namespace hivemind::mock
