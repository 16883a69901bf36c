// json_text.h - the little JSON that hivemind-run says: strings, quoted.
#pragma once
#include <string>
#include <string_view>

namespace hivemind::run {
std::string json_text(std::string_view text);  // with its quotes; what is no UTF-8 becomes U+FFFD
}  // namespace hivemind::run
