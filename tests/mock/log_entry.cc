#include "tests/mock/log_entry.h"

#include <openssl/evp.h>

#include <cstdio>

#include "sim/provider/json_text.h"
#include "sim/provider/time_text.h"
#include "tests/mock/wall_clock.h"

namespace hivemind::mock {
using namespace provider;
namespace {
std::string sha256(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  std::size_t size = 0;
  if (EVP_Q_digest(nullptr, "SHA256", nullptr, bytes.data(), bytes.size(), digest, &size) != 1) return "";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    char pair[3];
    std::snprintf(pair, sizeof pair, "%02x", digest[i]);
    text += pair;
  }
  return text;
}
}  // namespace

std::string LogEntry::json() const {
  char now[32];
  std::snprintf(now, sizeof now, "%.6f", unix_now());
  std::string names;
  for (const auto& [name, value] : request->headers) names += (names.empty() ? "" : ",") + quoted(name);
  const auto flag = [](bool value) { return value ? "true" : "false"; };
  return std::string("{\"time\":") + now + ",\"seconds\":" + std::to_string(seconds) + ",\"peer\":" + quoted(peer) +
         ",\"tls\":" + flag(tls) + ",\"method\":" + quoted(request->method) + ",\"target\":" + quoted(request->target) +
         ",\"path\":" + quoted(request->path()) + ",\"status\":" + std::to_string(status) +
         ",\"fault\":" + quoted(fault) + ",\"generation\":" + flag(generation) + ",\"stream\":" + flag(stream) +
         ",\"completed\":" + flag(completed) + ",\"model\":" + quoted(model) +
         ",\"input_tokens\":" + std::to_string(input_tokens) + ",\"output_tokens\":" + std::to_string(output_tokens) +
         ",\"header_names\":[" + names + "],\"chunked\":" + flag(request->chunked) +
         ",\"body_bytes\":" + std::to_string(request->body.size()) + ",\"body_sha256\":\"" + sha256(request->body) +
         "\",\"head\":" + quoted(request->head) + "}\n";
}
}  // namespace hivemind::mock
