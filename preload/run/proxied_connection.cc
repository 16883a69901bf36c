#include "preload/run/proxied_connection.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "hivemind/proxy.h"
#include "preload/run/descriptors.h"
#include "preload/run/relayed_connection.h"

namespace hivemind::run {
namespace {
constexpr std::size_t largest_head = 16384;
constexpr timeval patience{30, 0};
constexpr int most_waits = 3000;  // of 10 ms

// The head of a request, taken off the socket and not a byte more: what follows it is for the server.
std::string take_head(int client) {
  std::string head(largest_head, '\0');
  ssize_t seen = 0;
  for (int waits = 0; waits < most_waits;) {
    const auto n = ::recv(client, head.data(), head.size(), MSG_PEEK);
    if (n <= 0) return {};
    const auto end = std::string_view(head.data(), static_cast<std::size_t>(n)).find("\r\n\r\n");
    if (end != std::string_view::npos) {
      head.resize(end + 4);
      return ::recv(client, head.data(), head.size(), MSG_WAITALL) == static_cast<ssize_t>(head.size()) ? head : "";
    }
    if (n == static_cast<ssize_t>(head.size())) return {};
    if (n == seen) ++waits, ::poll(nullptr, 0, 10);  // the same bytes are readable at once, again and again
    seen = n;
  }
  return {};
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

bool is_let_through(std::string_view head, const std::uint8_t* secret) {
  constexpr std::string_view name = "proxy-authorization:";
  char wanted[HM_PROXY_AUTHORIZATION_SIZE + 1];
  hm_proxy_authorization(secret, wanted);
  for (auto begin = head.find("\r\n"); begin != head.npos && begin + 2 < head.size();) {
    begin += 2;
    const auto end = std::min(head.find("\r\n", begin), head.size());
    auto line = head.substr(begin, end - begin);
    if (line.size() > name.size() && same_word(line.substr(0, name.size()), name)) {
      line.remove_prefix(name.size());
      line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
      return line == wanted;
    }
    begin = end;
  }
  return false;
}

std::optional<Original> look_up(std::string host, const std::string& port) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  addrinfo hints{}, *found = nullptr;
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0 || !found) return {};
  Original original{{}, 0, static_cast<std::uint16_t>(found->ai_family), 0, HM_SLOT_COUNT};
  if (found->ai_family == AF_INET6) {
    const auto* six = reinterpret_cast<const sockaddr_in6*>(found->ai_addr);
    std::memcpy(original.address, &six->sin6_addr, 16);
    original.port = ntohs(six->sin6_port);
    original.scope_id = six->sin6_scope_id;
  } else {
    const auto* four = reinterpret_cast<const sockaddr_in*>(found->ai_addr);
    original.address[10] = original.address[11] = 0xff;
    std::memcpy(original.address + 12, &four->sin_addr, 4);
    original.port = ntohs(four->sin_port);
  }
  ::freeaddrinfo(found);
  return original;
}

void answer(int client, std::string_view text) { ::send(client, text.data(), text.size(), MSG_NOSIGNAL); }

void carry(UniqueFd client, RunTable& table) {
  ::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::fcntl(client.get(), F_SETFL, ::fcntl(client.get(), F_GETFL) & ~O_NONBLOCK);
  const auto head = take_head(client.get());
  if (head.empty()) return;
  const auto target = head.substr(0, head.find(' ', 8));
  const auto colon = target.rfind(':');
  if (!is_let_through(head, table.memory().proxy_secret))
    return answer(client.get(),
                  "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"HiveMind\"\r\n"
                  "Content-Length: 0\r\nConnection: close\r\n\r\n");
  if (!target.starts_with("CONNECT ") || colon == target.npos)
    return answer(client.get(), "HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  const auto original = look_up(target.substr(8, colon - 8), target.substr(colon + 1));
  if (!original)
    return answer(client.get(), "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  answer(client.get(), "HTTP/1.1 200 Connection established\r\n\r\n");
  ::fcntl(client.get(), F_SETFL, ::fcntl(client.get(), F_GETFL) | O_NONBLOCK);
  const UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  RelayedConnection connection(std::move(client), *original, table, epoll.get());
  epoll_event events[2];
  while (!connection.ended()) {
    if (::epoll_wait(epoll.get(), events, 2, -1) > 0) connection.turn();
  }
}
}  // namespace

bool carry_proxied(UniqueFd& client, RunTable& table) {
  sockaddr_in here{};
  socklen_t size = sizeof here;
  if (!hm_proxy_is_open(table.memory().proxy_secret) ||
      ::getsockname(client.get(), reinterpret_cast<sockaddr*>(&here), &size) != 0 || here.sin_family != AF_INET ||
      hm_is_token(ntohl(here.sin_addr.s_addr)))
    return false;
  const pid_t first = ::fork();
  if (first != 0) {
    if (first > 0) ::waitpid(first, nullptr, 0);
    client.reset();
    return first > 0;
  }
  if (::fork() != 0) ::_exit(0);  // so that nobody has to wait for its end
  ::prctl(PR_SET_NAME, "hivemind-relay");
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int fd : open_descriptors())
    if (fd != client.get()) ::close(fd);
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int fd = 0; fd < 3; ++fd) ::dup2(null.get(), fd);
  carry(std::move(client), table);
  ::_exit(0);
}
}  // namespace hivemind::run
