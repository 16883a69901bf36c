#include "ctl/control_client.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "hivemind/environment.h"

namespace hivemind::ctl {
namespace {

constexpr std::size_t largest_answer = 64u << 20;
constexpr timeval patience{15, 0};

class Socket {
public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int get() const { return fd_; }

private:
  int fd_;
};

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error("the daemon does not answer as it should: " + what);
}

void send_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) fail(std::strerror(errno));
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// Until the daemon closes, as asked by Connection: close.
std::string receive_all(int fd) {
  std::string answer;
  std::array<char, 65536> block{};
  for (;;) {
    const ssize_t got = ::recv(fd, block.data(), block.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(errno == EAGAIN ? "it took too long" : std::strerror(errno));
    if (got == 0) return answer;
    answer.append(block.data(), static_cast<std::size_t>(got));
    if (answer.size() > largest_answer) fail("too much");
  }
}
}  // namespace

std::filesystem::path control_socket() {
  const auto absolute = [](const char* name) {
    const char* value = std::getenv(name);
    return value && value[0] == '/' ? std::filesystem::path(value) : std::filesystem::path();
  };
  auto directory = absolute(HM_ENV_RUNTIME_DIR);
  if (directory.empty()) {
    const auto xdg = absolute("XDG_RUNTIME_DIR");
    struct stat status {};
    const bool of_another_user = ::stat(xdg.c_str(), &status) == 0 && status.st_uid != ::geteuid();  // after su
    directory = xdg.empty() || of_another_user ? std::filesystem::path("/tmp/hivemind-" + std::to_string(::getuid()))
                                               : xdg / "hivemind";
  }
  return directory.lexically_normal() / HM_CONTROL_SOCKET;
}

Answer ask(const std::filesystem::path& socket, const std::string& method, const std::string& path) {
  const std::string name = socket.string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof address.sun_path) throw NoDaemon(name);  // none could listen there either
  std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
  const Socket fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) throw std::runtime_error(std::string("no socket: ") + std::strerror(errno));
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EACCES || errno == EPERM) throw std::runtime_error(name + " belongs to another user");
    if (errno == EAGAIN) fail("it is too busy to accept");
    throw NoDaemon(name);
  }
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
      (peer.uid != ::geteuid() && ::geteuid() != 0)) {
    throw std::runtime_error(name + " is served by another user");
  }
  send_all(fd.get(),
           method + ' ' + path + " HTTP/1.1\r\nHost: hivemind\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  const std::string text = receive_all(fd.get());
  const auto body = text.find("\r\n\r\n");
  if (!text.starts_with("HTTP/1.1 ") || body == text.npos) fail(text.empty() ? "it closed the connection" : "no HTTP");
  Answer answer;
  std::from_chars(text.data() + 9, text.data() + 12, answer.status);
  answer.body = text.substr(body + 4);
  return answer;
}
}  // namespace hivemind::ctl
