// credential_hash.h - tells accounts apart without keeping what opens them.
#pragma once
#include <string>
#include <string_view>

#include "core/http_head.h"

namespace hivemind {

// 16 hex digits of SHA-256 over salt and credential; empty when the request carries none. The same key is the same
// account whichever header brings it.
std::string account_of(const RequestHead& head, std::string_view salt);
}  // namespace hivemind
