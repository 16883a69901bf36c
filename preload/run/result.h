// result.h - a value, or one sentence saying what is wrong and what to change.
#pragma once
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <variant>

namespace hivemind::run {
struct Problem {
  std::string sentence;  // no final full stop: callers go on with it
};

template <class T>
class Result {
public:
  Result(T value) : value_(std::move(value)) {}
  Result(Problem problem) : value_(std::move(problem)) {}
  explicit operator bool() const { return value_.index() == 0; }
  T& operator*() { return std::get<0>(value_); }
  const T& operator*() const { return std::get<0>(value_); }
  T* operator->() { return &std::get<0>(value_); }
  const T* operator->() const { return &std::get<0>(value_); }
  const std::string& problem() const { return std::get<1>(value_).sentence; }

private:
  std::variant<T, Problem> value_;
};

// "cannot open /x: No such file or directory", from errno.
inline Problem failed_to(const std::string& what) { return Problem{"cannot " + what + ": " + std::strerror(errno)}; }
}  // namespace hivemind::run
