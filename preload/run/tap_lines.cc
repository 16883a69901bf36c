#include "preload/run/tap_lines.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <vector>

namespace hivemind::run {
namespace {
constexpr std::array names{"?",    "connect",  "send",    "sendto", "sendmsg", "write",    "writev",
                           "recv", "recvfrom", "recvmsg", "read",   "readv",   "shutdown", "close"};

bool sends(std::uint32_t call) { return call >= HM_TAP_SEND && call <= HM_TAP_WRITEV; }
bool receives(std::uint32_t call) { return call >= HM_TAP_RECV && call <= HM_TAP_READV; }
bool takes_flags(std::uint32_t call) {
  return (sends(call) || receives(call)) && call != HM_TAP_WRITE && call != HM_TAP_WRITEV && call != HM_TAP_READ &&
         call != HM_TAP_READV;
}

std::string show_instant(std::int64_t ns) {
  const std::time_t seconds = ns / 1'000'000'000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[40];
  const auto n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + n, sizeof text - n, ".%06dZ", static_cast<int>(ns % 1'000'000'000 / 1000));
  return text;
}

void add_string(std::string& line, std::string_view text) {
  line += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      line += c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\t' ? "\\t" : escape;
    } else {
      line += c;
    }
  }
  line += '"';
}
void add_number(std::string& line, const char* name, std::int64_t value) {
  line.append(",\"").append(name).append("\":").append(std::to_string(value));
}

// Printable ASCII and line ends: worth reading as text.
bool is_text(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(),
                     [](char c) { return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\r' || c == '\t'; });
}
std::string base64(std::string_view bytes) {
  constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned group = 0;
    for (std::size_t j = 0; j < 3; ++j)
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j) text += i + j > bytes.size() ? '=' : digits[group >> (18 - 6 * j) & 63];
  }
  return text;
}

std::string show_address(const std::uint8_t* bytes, std::size_t size) {
  sockaddr_storage address{};
  std::memcpy(&address, bytes, std::min(size, sizeof address));
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET && size >= sizeof(sockaddr_in)) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return std::string(text) + ":" + std::to_string(ntohs(v4.sin_port));
  }
  if (address.ss_family == AF_INET6 && size >= 24) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    return "[" + std::string(text) + "]:" + std::to_string(ntohs(v6.sin6_port));
  }
  if (address.ss_family == AF_UNIX && size > offsetof(sockaddr_un, sun_path)) {
    const char* path = reinterpret_cast<const char*>(bytes) + offsetof(sockaddr_un, sun_path);
    const auto room = size - offsetof(sockaddr_un, sun_path);
    if (*path == '\0') return "unix:@" + std::string(path + 1, room - 1);
    return "unix:" + std::string(path, ::strnlen(path, room));
  }
  return size < 2 ? "none" : "family " + std::to_string(address.ss_family);
}
}  // namespace

std::string TapLines::head() const {
  std::string line = R"({"tap":1,"time":)";
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  add_string(line, show_instant(now.tv_sec * 1'000'000'000 + now.tv_nsec));
  return line +
         R"(,"note":"sockets as the program saw them; credentials are masked with *, also what might be one; payloads )"
         R"(of TLS connections are ciphertext, the trace of the daemon has them decrypted"})"
         "\n";
}
std::string TapLines::tail(std::uint64_t lost) const {
  std::string line = R"({"end":true)";
  add_number(line, "records", static_cast<std::int64_t>(count_));
  add_number(line, "lost", static_cast<std::int64_t>(lost));
  return line + "}\n";
}

TapLines::Connection& TapLines::connection(const hm_tap_cell& record) {
  if (record.lost != lost_) {
    for (auto& [socket, one] : connections_) one.sent.lose(), one.received.lose();
    lost_ = record.lost;
    in_doubt_ = true;
  }
  const bool begins = record.call == HM_TAP_CONNECT && (record.result == 0 || record.error == EINPROGRESS);
  auto found = connections_.find(record.socket);
  if (found == connections_.end()) {
    if (connections_.size() >= most_connections) forget_some();
    found = connections_.emplace(record.socket, Connection{}).first;
    if (in_doubt_ && !begins) found->second.sent.lose(), found->second.received.lose();
  } else if (begins) {
    found->second = {};
  }
  found->second.used = count_;
  return found->second;
}

void TapLines::forget_some() {
  std::vector<std::uint64_t> used;
  for (const auto& [socket, one] : connections_) used.push_back(one.used);
  std::nth_element(used.begin(), used.begin() + static_cast<std::ptrdiff_t>(used.size() / 2), used.end());
  const auto middle = used[used.size() / 2];
  std::erase_if(connections_, [&](const auto& entry) { return entry.second.used < middle; });
  in_doubt_ = true;
}

void TapLines::add_payload(std::string& line, const hm_tap_cell& record, Connection& connection) const {
  const auto passed = static_cast<std::uint64_t>(record.result);
  std::string bytes(reinterpret_cast<const char*>(record.payload), record.payload_size);
  const bool of_errors = receives(record.call) && (record.flags & MSG_ERRQUEUE) != 0;
  const bool peeks = receives(record.call) && (record.flags & MSG_PEEK) != 0;
  StreamRedactor& stream = sends(record.call) ? connection.sent : connection.received;
  StreamRedactor copy = stream;  // what is only looked at comes again
  if (of_errors) copy.seal();
  StreamRedactor& used = peeks || of_errors ? copy : stream;
  const bool sealed = used.is_sealed();
  used.redact(bytes);
  if (passed > bytes.size()) used.skip(passed - bytes.size());
  if (used.is_sealed()) {  // HTTP/2 and WebSocket: both ways
    connection.sent.seal();
    connection.received.seal();
  }
  if (used.is_tls()) line += ",\"tls\":true";
  if (sealed) {
    line += ",\"withheld\":true";
    return;
  }
  if (passed > bytes.size()) add_number(line, "recorded", static_cast<std::int64_t>(bytes.size()));
  const bool text = is_text(bytes);
  line += text ? ",\"text\":" : ",\"base64\":";
  add_string(line, text ? bytes : base64(bytes));
}

std::string TapLines::line(const hm_tap_cell& record) {
  ++count_;
  Connection& its = connection(record);
  std::string line = "{\"time\":";
  add_string(line, show_instant(static_cast<std::int64_t>(record.time_ns) + offset_ns_));
  add_number(line, "pid", record.pid);
  add_number(line, "tid", record.tid);
  add_number(line, "fd", record.fd);
  line += ",\"socket\":\"" + std::to_string(record.socket) + "\"";  // too large for some readers of JSON
  line.append(",\"call\":\"").append(names[record.call < names.size() ? record.call : 0]).append("\"");
  if (record.address_size > 0) {
    line += receives(record.call) ? ",\"from\":" : ",\"to\":";
    const auto address = show_address(record.address, record.address_size);
    add_string(line, is_text(address) ? address : base64(address));
  }
  if (takes_flags(record.call) && record.flags != 0) add_number(line, "flags", record.flags);
  if (record.call == HM_TAP_SHUTDOWN) add_number(line, "how", record.flags);
  add_number(line, "result", record.result);
  if (record.result < 0) {
    const char* error = ::strerrorname_np(record.error);
    line.append(",\"error\":\"").append(error ? error : std::to_string(record.error)).append("\"");
  }
  if (record.result > 0 && (sends(record.call) || receives(record.call))) add_payload(line, record, its);
  return line + "}\n";
}
}  // namespace hivemind::run
