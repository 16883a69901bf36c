#include "control/local_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace hivemind {

UniqueFd listen_local(const std::filesystem::path& path, int type) {
  const std::string name = path.string();
  const auto refuse = [&](const std::string& why) {
    throw std::runtime_error("cannot listen on " + name + ": " + why);
  };
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof address.sun_path)
    refuse("the path is too long for a socket; set HIVEMIND_RUNTIME_DIR to a shorter directory");
  std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
  UniqueFd fd(::socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) refuse(std::strerror(errno));
  if (::unlink(name.c_str()) != 0 && errno != ENOENT) refuse(std::strerror(errno));
  // Nobody else can enter the directory, so the mode may follow the bind.
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) refuse(std::strerror(errno));
  if (::chmod(name.c_str(), 0600) != 0 || ::listen(fd.get(), SOMAXCONN) != 0) refuse(std::strerror(errno));
  return fd;
}

std::optional<uid_t> peer_user(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return peer.uid;
}
}  // namespace hivemind
