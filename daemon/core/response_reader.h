// response_reader.h - follows a response body by its media type and hands its events, lines or JSON to a dialect.
// Invariant: of any body at most LineSplitter::max_line bytes are kept, and a decoded meaning of them.
#pragma once
#include <memory>
#include <optional>
#include <string_view>

#include "core/dialect.h"
#include "core/event_stream.h"
#include "core/failure_signals.h"
#include "core/json_document.h"

namespace hivemind {

// What has been understood of a body so far.
class Reading {
public:
  explicit Reading(const FailureSignals& signals) : signals_(signals) {}

  bool content = false;   // something the agent would act on
  bool complete = false;  // the terminal event
  bool ending = false;    // complete once the body is over
  Usage usage;
  std::optional<Failure> failure;
  std::vector<LimitReport> limits;

  // An error object inside the body of a response with status 200.
  void fail_in_band(JsonValue root);
  // A whole body of status >= 400.
  void fail(std::string_view body);

private:
  FailureSignals signals_;
};

// How a dialect understands bodies of status 200. None of them keeps state but in the Reading.
struct BodyShape {
  void (*event)(const ServerEvent& event, Reading& reading);  // text/event-stream
  void (*line)(std::string_view line, Reading& reading);      // application/x-ndjson; nullptr: not of this dialect
  void (*body)(JsonValue root, Reading& reading);             // application/json, complete
  // Text that stands before the usage object at the end of a body too large to be kept; nullptr: none.
  std::string_view usage_key;
  void (*usage)(JsonValue usage, Usage& into);
};

std::unique_ptr<ResponseReader> make_reader(const ResponseHead& head, double now_unix, const BodyShape& shape);
}  // namespace hivemind
