// error_body.h - what an error object says, whichever provider wrote it. Unknown shapes, HTML and cut-off bodies give
// what could be read of them.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/json_document.h"
#include "core/signals.h"

namespace hivemind {

struct ErrorBody {
  std::string type, code;  // "rate_limit_error"; code also where it is a number
  std::string message;
  std::string reason;  // what stands deeper: details.error_code, Gemini's quotaId
  std::optional<Duration> delay;
  std::vector<LimitReport> limits;
  bool never = false;        // the limit is 0, or the request is larger than the limit
  bool long_window = false;  // a window of a day or more is spent
};

// `now_unix` for absolute times.
ErrorBody read_error(JsonValue root, double now_unix);
ErrorBody read_error(std::string_view body, double now_unix);
}  // namespace hivemind
