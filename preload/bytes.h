// bytes.h - the handful of string functions a freestanding object has to bring itself.
#pragma once
#include <stddef.h>

namespace hivemind {

inline void copy_bytes(void* to, const void* from, size_t size) { __builtin_memcpy(to, from, size); }
inline void zero_bytes(void* to, size_t size) { __builtin_memset(to, 0, size); }
inline bool equal_bytes(const void* a, const void* b, size_t size) {
  const auto* x = static_cast<const unsigned char*>(a);
  const auto* y = static_cast<const unsigned char*>(b);
  for (size_t i = 0; i < size; ++i) {
    if (x[i] != y[i]) return false;
  }
  return true;
}
inline size_t length_of(const char* text) {
  size_t n = 0;
  while (text[n] != '\0') ++n;
  return n;
}
// Whether `assignment` is NAME=VALUE with this name; `name` is as long as `size`.
inline bool assigns(const char* assignment, const char* name, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    if (assignment[i] != name[i]) return false;
  }
  return assignment[size] == '=';
}
}  // namespace hivemind
