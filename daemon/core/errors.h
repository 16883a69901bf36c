// errors.h - failures that are expected, as values: Result<T> and our own error codes.
#pragma once
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace hivemind {

template <class T>
using Result = boost::system::result<T>;
using boost::system::error_code;

enum class HttpErrc {
  bad_start_line = 1,
  bad_header,
  bad_length,
  length_and_coding,
  bad_coding,
  folded_header,
  bad_host,
  too_many_headers,
  head_too_large,
  body_too_large,
  bad_chunk,
  bad_version,
  closed_early,
};
const boost::system::error_category& http_category();
inline error_code make_error_code(HttpErrc e) { return {static_cast<int>(e), http_category()}; }
}  // namespace hivemind

template <>
struct boost::system::is_error_code_enum<hivemind::HttpErrc> : std::true_type {};
