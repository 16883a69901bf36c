#include "core/errors.h"

#include <string>

namespace hivemind {
namespace {

class HttpCategory final : public boost::system::error_category {
public:
  const char* name() const noexcept override { return "http"; }
  std::string message(int code) const override {
    switch (static_cast<HttpErrc>(code)) {
      case HttpErrc::bad_start_line:
        return "malformed start line";
      case HttpErrc::bad_header:
        return "malformed header field";
      case HttpErrc::bad_length:
        return "malformed or repeated Content-Length";
      case HttpErrc::length_and_coding:
        return "both Content-Length and Transfer-Encoding";
      case HttpErrc::bad_coding:
        return "transfer coding other than chunked";
      case HttpErrc::folded_header:
        return "folded header field";
      case HttpErrc::bad_host:
        return "missing, repeated or malformed Host";
      case HttpErrc::too_many_headers:
        return "too many header fields";
      case HttpErrc::head_too_large:
        return "head too large";
      case HttpErrc::body_too_large:
        return "body too large";
      case HttpErrc::bad_chunk:
        return "malformed chunked body";
      case HttpErrc::bad_version:
        return "not HTTP/1.0 or HTTP/1.1";
      case HttpErrc::closed_early:
        return "connection closed inside a message";
    }
    return "unknown HTTP error";
  }
};

}  // namespace

const boost::system::error_category& http_category() {
  static const HttpCategory category;
  return category;
}

}  // namespace hivemind
