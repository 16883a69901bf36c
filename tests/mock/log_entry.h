// log_entry.h - one exchange as a line of JSON: what arrived, byte for byte, and what became of it.
#pragma once
#include <cstdint>
#include <string>

#include "tests/mock/http_message.h"

namespace hivemind::mock {

struct LogEntry {
  const Request* request = nullptr;
  std::string peer;
  bool tls = false;
  int status = 0;  // 0: no head was sent
  std::string fault;
  std::string model;
  bool generation = false, stream = false, completed = false;
  std::int64_t input_tokens = 0, output_tokens = 0;
  double seconds = 0;  // the exchange took

  std::string json() const;
};
}  // namespace hivemind::mock
