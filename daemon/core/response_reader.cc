#include "core/response_reader.h"

#include <algorithm>
#include <string>

namespace hivemind {
namespace {

constexpr std::size_t max_error_body = 65536, tail_size = 4096;

class ReadingReader : public ResponseReader {
public:
  explicit ReadingReader(const FailureSignals& signals) : reading_(signals) {}
  bool content_begun() const override { return reading_.content; }
  bool complete() const override { return reading_.complete; }
  std::optional<Failure> failure() const override { return reading_.failure; }
  Usage usage() const override { return reading_.usage; }
  std::vector<LimitReport> limits() const override { return reading_.limits; }

protected:
  Reading reading_;
};

// A body of status >= 400.
class ErrorReader final : public ReadingReader {
public:
  ErrorReader(const FailureSignals& signals, bool readable) : ReadingReader(signals), readable_(readable) {}
  void feed(std::string_view content) override {
    if (readable_) body_ += content.substr(0, max_error_body - body_.size());
  }
  void finish() override {
    reading_.fail(body_);
    reading_.complete = true;
  }

private:
  bool readable_;
  std::string body_;
};

// A body that is not looked into: compressed, or of a media type of no dialect.
class OpaqueReader final : public ReadingReader {
public:
  using ReadingReader::ReadingReader;
  void feed(std::string_view content) override { reading_.content = reading_.content || !content.empty(); }
  void finish() override { reading_.content = reading_.complete = true; }
};

class EventReader final : public ReadingReader {
public:
  EventReader(const FailureSignals& signals, const BodyShape& shape) : ReadingReader(signals), shape_(shape) {}
  void feed(std::string_view content) override {
    events_.feed(content, [this](const ServerEvent& event) { shape_.event(event, reading_); });
  }
  void finish() override { reading_.complete = reading_.complete || reading_.ending; }

private:
  const BodyShape& shape_;
  EventStream events_;
};

class LineReader final : public ReadingReader {
public:
  LineReader(const FailureSignals& signals, const BodyShape& shape) : ReadingReader(signals), shape_(shape) {}
  void feed(std::string_view content) override {
    lines_.feed(content, [this](std::string_view line, bool oversized) { take(line, oversized); });
  }
  void finish() override {
    take(lines_.rest(), lines_.rest_oversized());
    reading_.complete = reading_.complete || reading_.ending;
  }

private:
  void take(std::string_view line, bool oversized) {
    if (oversized)
      reading_.content = true;
    else if (!line.empty())
      shape_.line(line, reading_);
  }
  const BodyShape& shape_;
  LineSplitter lines_;
};

// One JSON text. Until it is over it can be replaced; one that is too large to be kept, or an array that is streamed
// (Gemini without alt=sse), is content at once, and only its end is looked at for usage.
class JsonReader final : public ReadingReader {
public:
  JsonReader(const FailureSignals& signals, const BodyShape& shape) : ReadingReader(signals), shape_(shape) {}
  void feed(std::string_view content) override {
    if (body_.empty() && !large_) {
      const auto start = content.find_first_not_of(" \t\r\n");  // keep-alives of servers that queue
      if (start == content.npos) return;
      content.remove_prefix(start);
      large_ = content.front() == '[';
    }
    body_ += content;
    large_ = large_ || body_.size() > LineSplitter::max_line;
    if (!large_) return;
    reading_.content = true;
    if (body_.size() > 4 * tail_size) {
      body_.erase(0, body_.size() - tail_size);
      body_.shrink_to_fit();
    }
  }
  void finish() override {
    if (large_)
      read_tail();
    else if (!with_json(body_, [this](JsonValue root) { shape_.body(root, reading_); }))
      reading_.content = true;  // not JSON after all: the client's to judge
    reading_.complete = reading_.content && !reading_.failure;
  }

private:
  void read_tail() {
    const auto at = shape_.usage_key.empty() ? body_.npos : body_.rfind(shape_.usage_key);
    const auto open = at == body_.npos ? at : body_.find('{', at);
    if (open == body_.npos) return;
    std::size_t depth = 0;
    for (std::size_t i = open; i < body_.size(); ++i) {
      if (body_[i] == '{') ++depth;
      if (body_[i] != '}' || --depth != 0) continue;
      const auto object = std::string_view(body_).substr(open, i + 1 - open);
      with_json(object, [this](JsonValue usage) { shape_.usage(usage, reading_.usage); });
      return;
    }
  }
  const BodyShape& shape_;
  std::string body_;
  bool large_ = false;
};

bool is_media_type(std::string_view value, std::string_view type) {
  return value.size() >= type.size() && iequals(value.substr(0, type.size()), type);
}

}  // namespace

void Reading::fail_in_band(JsonValue root) {
  auto error = read_error(root, signals_.now_unix);
  if (!failure) failure = classify(signals_, error, true);
  limits = std::move(error.limits);
}

void Reading::fail(std::string_view body) {
  auto error = read_error(body, signals_.now_unix);
  failure = classify(signals_, error, false);
  limits = std::move(error.limits);
}

std::unique_ptr<ResponseReader> make_reader(const ResponseHead& head, double now_unix, const BodyShape& shape) {
  const auto signals = read_failure_signals(head, now_unix);
  const auto coding = head.find("content-encoding").value_or("identity");
  const bool readable = coding.empty() || iequals(coding, "identity");
  if (head.status >= 400) return std::make_unique<ErrorReader>(signals, readable);
  const auto type = head.find("content-type").value_or("application/json");
  if (!readable || head.status / 100 != 2) return std::make_unique<OpaqueReader>(signals);
  if (is_media_type(type, "text/event-stream")) return std::make_unique<EventReader>(signals, shape);
  if (shape.line != nullptr && is_media_type(type, "application/x-ndjson"))
    return std::make_unique<LineReader>(signals, shape);
  if (is_media_type(type, "application/json")) return std::make_unique<JsonReader>(signals, shape);
  return std::make_unique<OpaqueReader>(signals);
}

}  // namespace hivemind
