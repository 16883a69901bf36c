// trust_memory.h - which programs do not trust our CA, so that they are tunnelled instead of broken.
// A program is known by its executable. Java reads no variable that names a CA without saying so on stderr, so it is
// never tried; for all others one refusal by alert is enough; a program that only ever closes without a request
// after the handshake (Bun does so on a bad certificate) is one after three times. A single completed request proves
// trust for good. Event-loop thread only; bounded.
#pragma once
#include <string>
#include <unordered_map>

namespace hivemind {

class TrustMemory {
public:
  bool refuses(const std::string& executable) const;
  // True when this made it known as refusing (say so once).
  bool rejected_handshake(const std::string& executable);
  bool closed_without_request(const std::string& executable);
  void completed_request(const std::string& executable);

private:
  static constexpr int silent_closes = 3;
  static constexpr std::size_t max_programs = 1024;
  struct Seen {
    int closes = 0;
    bool trusts = false, refuses = false;
  };
  bool mark(Seen& seen);
  Seen* find_or_add(const std::string& executable);
  std::unordered_map<std::string, Seen> seen_;
};
}  // namespace hivemind
