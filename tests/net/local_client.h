// local_client.h - the other end of a Unix socket, beside an event loop in the same thread.
// Waits by letting the loop run until a condition holds; a deadline makes a hang a failure.
#pragma once
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/asio/io_context.hpp>

#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>

#include "net/unique_fd.h"

namespace hivemind {

template <class Condition>
bool run_until(boost::asio::io_context& loop, Condition condition) {
  using namespace std::chrono_literals;
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    if (loop.stopped()) loop.restart();
    loop.run_one_for(5ms);
  }
  return true;
}

class LocalClient {
public:
  LocalClient(const std::filesystem::path& path, int type) : fd_(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("connect");
  }
  int fd() const { return fd_.get(); }
  void close() { fd_.reset(); }
  void send(const void* bytes, std::size_t size, std::span<const int> descriptors = {}) {
    iovec part{const_cast<void*>(bytes), size};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(16 * sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (!descriptors.empty()) {
      message.msg_control = control.data();
      message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
      cmsghdr* c = CMSG_FIRSTHDR(&message);
      c->cmsg_level = SOL_SOCKET;
      c->cmsg_type = SCM_RIGHTS;
      c->cmsg_len = CMSG_LEN(descriptors.size_bytes());
      std::memcpy(CMSG_DATA(c), descriptors.data(), descriptors.size_bytes());
    }
    if (::sendmsg(fd_.get(), &message, MSG_NOSIGNAL) < 0)
      throw std::runtime_error(std::string("send: ") + std::strerror(errno));
  }
  bool readable() const {
    pollfd waiting{fd_.get(), POLLIN, 0};
    return ::poll(&waiting, 1, 0) == 1;
  }
  // What is there: one packet, or what a stream has. Empty when the other end has closed.
  std::string receive(boost::asio::io_context& loop) {
    if (!run_until(loop, [&] { return readable(); })) throw std::runtime_error("nothing came");
    std::string bytes(65536, '\0');
    const ssize_t got = ::recv(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return bytes;
  }

private:
  UniqueFd fd_;
};
}  // namespace hivemind
