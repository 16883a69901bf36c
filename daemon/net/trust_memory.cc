#include "net/trust_memory.h"

#include <string_view>

namespace hivemind {

bool TrustMemory::refuses(const std::string& executable) const {
  if (std::string_view(executable).ends_with("/java")) return true;
  const auto found = seen_.find(executable);
  return found != seen_.end() && found->second.refuses;
}

TrustMemory::Seen* TrustMemory::find_or_add(const std::string& executable) {
  if (executable.empty()) return nullptr;
  if (seen_.size() >= max_programs && !seen_.contains(executable)) return nullptr;
  return &seen_[executable];
}

bool TrustMemory::mark(Seen& seen) {
  if (seen.trusts || seen.refuses) return false;
  return seen.refuses = true;
}

bool TrustMemory::rejected_handshake(const std::string& executable) {
  Seen* seen = find_or_add(executable);
  return seen && mark(*seen);
}

bool TrustMemory::closed_without_request(const std::string& executable) {
  Seen* seen = find_or_add(executable);
  return seen && ++seen->closes >= silent_closes && mark(*seen);
}

void TrustMemory::completed_request(const std::string& executable) {
  if (Seen* seen = find_or_add(executable)) seen->trusts = true;
}
}  // namespace hivemind
