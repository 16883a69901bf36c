// token_estimate.h - how many input tokens a request body will be, before a provider counts them.
#pragma once
#include <cstdint>
#include <string_view>

namespace hivemind {

// An estimate: text by its bytes; base64 of images and documents by a count of their own, since their bytes say little.
std::int64_t estimate_input_tokens(std::string_view body, double bytes_per_token);
}  // namespace hivemind
