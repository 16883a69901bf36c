// handover.h - the connection to the daemon (hivemind/handover.h), from our side. It lives as long as the run.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "hivemind/handover.h"
#include "preload/run/result.h"
#include "preload/run/unique_fd.h"

namespace hivemind::run {
// Connected to the daemon of our own user; nullopt when none is there.
Result<std::optional<UniqueFd>> connect_daemon(const std::string& runtime_directory);

struct Link {
  UniqueFd socket;
  hm_ack ack{};
};
// Hands the descriptors over, in the order hivemind/handover.h gives, and waits for the answer, at most 10 s.
Result<Link> hand_over(UniqueFd socket, const hm_hello& hello, const std::vector<int>& descriptors);

bool ask_summary(int socket);
struct Incoming {
  enum class Kind { nothing, summary, refused, closed } kind = Kind::nothing;
  hm_summary summary{};
};
Incoming next_message(int socket);  // does not wait
}  // namespace hivemind::run
