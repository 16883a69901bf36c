// The SSE origin: answers every request with a stream in Anthropic's shape, paced by its query:
//   /v1/messages?events=N&gap=MICROSECONDS&fixed=1
// Each content event carries the instant of its sending (CLOCK_MONOTONIC, nanoseconds), or with fixed=1 its number, so
// that all answers are the same bytes. Words: ADDRESS [CERTIFICATE KEY]. Prints "listening PORT [TLS-PORT]".
#include <arpa/inet.h>
#include <sys/socket.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <stdexcept>
#include <thread>

#include "tests/bench/measurements.h"
#include "tests/bench/sample.h"
#include "tests/bench/stream.h"

namespace hivemind::bench {
namespace {

struct Plan {
  long events = 10, gap = 0;
  bool fixed = false;
};

long query(std::string_view head, std::string_view name, long otherwise) {
  const auto line = head.substr(0, head.find("\r\n"));
  const auto at = line.find(name);
  if (at == line.npos) return otherwise;
  std::from_chars(line.data() + at + name.size(), line.data() + line.size(), otherwise);
  return otherwise;
}

std::string chunk(std::string_view bytes) {
  std::array<char, 24> size{};
  std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
  return size.data() + std::string(bytes) + "\r\n";
}

void answer(Stream& stream, const Plan& plan) {
  stream.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  stream.write(chunk(
      "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_bench\",\"type\":\"message\","
      "\"role\":\"assistant\",\"content\":[],\"model\":\"claude-sonnet-4-5\",\"usage\":{\"input_tokens\":9,"
      "\"output_tokens\":1}}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"
      "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"));
  auto next = Clock::now();
  for (long i = 0; i < plan.events; ++i) {
    if (i > 0) next += std::chrono::microseconds(plan.gap);  // the first comes at once
    std::this_thread::sleep_until(next);
    std::array<char, 160> event{};
    const long stamp = plan.fixed ? i : static_cast<long>(Clock::now().time_since_epoch().count());
    std::snprintf(event.data(), event.size(),
                  "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
                  "\"text_delta\",\"text\":\"t=%020ld\"}}\n\n",
                  stamp);
    stream.write(chunk(event.data()));
  }
  stream.write(
      chunk("event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\nevent: "
            "message_delta\ndata: "
            "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":5}}\n\n"
            "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n") +
      "0\r\n\r\n");
}

// Requests come one at a time, each with a Content-Length in the spelling of our own client or a proxy's.
void serve(UniqueFd fd, SSL_CTX* context) try {
  Stream stream(std::move(fd), context);
  std::string bytes;
  std::array<char, 16384> part;
  for (;;) {
    auto end = bytes.find("\r\n\r\n");
    if (end == bytes.npos) {
      const auto n = stream.read(part);
      if (n == 0) return;
      bytes.append(part.data(), n);
      continue;
    }
    auto length_at = bytes.find("ontent-");
    while (length_at < end && (bytes[length_at + 7] | 0x20) != 'l') length_at = bytes.find("ontent-", length_at + 1);
    std::size_t length = 0;
    if (length_at < end) std::from_chars(bytes.data() + length_at + 15, bytes.data() + end, length);
    const Plan plan{query(bytes, "events=", 10), query(bytes, "gap=", 0), query(bytes, "fixed=", 0) != 0};
    bytes.erase(0, end + 4);
    while (bytes.size() < length) {
      const auto n = stream.read(part);
      if (n == 0) return;
      bytes.append(part.data(), n);
    }
    bytes.erase(0, length);
    answer(stream, plan);
  }
} catch (const std::runtime_error&) {  // the client left: nothing to serve
}

std::uint16_t listen(UniqueFd& fd, const std::string& address) {
  fd = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in where{};
  where.sin_family = AF_INET;
  socklen_t size = sizeof where;
  if (inet_pton(AF_INET, address.c_str(), &where.sin_addr) != 1 ||
      ::bind(fd.get(), reinterpret_cast<sockaddr*>(&where), size) != 0 || ::listen(fd.get(), 4096) != 0 ||
      ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&where), &size) != 0)
    throw std::runtime_error("cannot listen on " + address);
  return ntohs(where.sin_port);
}

void accept_all(int listener, SSL_CTX* context) {
  for (;;) {
    UniqueFd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    if (fd.get() < 0) throw std::runtime_error("accept failed");
    std::thread(serve, std::move(fd), context).detach();  // ends with its connection, or with the process
  }
}
}  // namespace

void serve_events(const Arguments& arguments) {
  const auto& words = arguments.words;
  UniqueFd plain, tls;
  SslContextPtr context;
  std::printf("listening %u", static_cast<unsigned>(listen(plain, words.at(0))));
  if (words.size() == 3) {
    context = server_context(words[1], words[2]);
    std::printf(" %u", static_cast<unsigned>(listen(tls, words[0])));
  }
  std::puts("");
  std::fflush(stdout);
  if (context) std::thread(accept_all, tls.get(), context.get()).detach();
  accept_all(plain.get(), nullptr);
}
}  // namespace hivemind::bench
