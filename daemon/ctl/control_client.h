// control_client.h - asks the daemon over control.sock. One request per connection, bounded in time and size.
#pragma once
#include <filesystem>
#include <stdexcept>
#include <string>

namespace hivemind::ctl {

// Nobody listens on the socket.
class NoDaemon : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

struct Answer {
  int status = 0;
  std::string body;
};

// $HIVEMIND_RUNTIME_DIR, else $XDG_RUNTIME_DIR/hivemind if that is ours, else /tmp/hivemind-UID; the socket in it.
std::filesystem::path control_socket();
// Throws NoDaemon, or std::runtime_error when the daemon does not answer as it should.
Answer ask(const std::filesystem::path& socket, const std::string& method, const std::string& path);
}  // namespace hivemind::ctl
