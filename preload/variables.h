// variables.h - reads the environment a program was started with.
#pragma once
#include "bytes.h"
#include "hivemind/environment.h"

namespace hivemind {

// The value of NAME, or nullptr.
inline const char* find_value(char* const* environment, const char* name, size_t name_size) {
  for (; *environment != nullptr; ++environment) {
    if (assigns(*environment, name, name_size)) return *environment + name_size + 1;
  }
  return nullptr;
}
#define HM_FIND(environment, name) find_value(environment, name, sizeof(name) - 1)

// The kill switch: looked for before anything else.
inline bool is_disabled(char* const* environment) {
  const char* value = HM_FIND(environment, HM_ENV_DISABLE);
  return value != nullptr && value[0] == '1' && value[1] == '\0';
}
}  // namespace hivemind
