#include "core/signals.h"

namespace hivemind {

const char* to_string(Dimension d) {
  switch (d) {
    case Dimension::requests:
      return "requests";
    case Dimension::input_tokens:
      return "input tokens";
    case Dimension::output_tokens:
      return "output tokens";
    case Dimension::tokens:
      return "tokens";
    case Dimension::concurrency:
      return "concurrency";
    case Dimension::utilisation:
      return "utilisation";
  }
  return "?";
}

const char* to_string(FailureClass c) {
  switch (c) {
    case FailureClass::rate_limited:
      return "rate_limited";
    case FailureClass::ramp:
      return "ramp";
    case FailureClass::long_window:
      return "long_window";
    case FailureClass::permanent_quota:
      return "permanent_quota";
    case FailureClass::overload:
      return "overload";
    case FailureClass::fault:
      return "fault";
    case FailureClass::retryable:
      return "retryable";
    case FailureClass::client_error:
      return "client_error";
  }
  return "?";
}
}  // namespace hivemind
