#include "net/peer.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace hivemind {
namespace {

namespace ip = boost::asio::ip;

// A listener of both families tells IPv4 addresses as ::ffff:a.b.c.d; the kernel is asked for them as what they are.
ip::address plain(const ip::address& address) {
  if (address.is_v4() || !address.to_v6().is_v4_mapped()) return address;
  return ip::make_address_v4(ip::v4_mapped, address.to_v6());
}

void write(const ip::address& address, __be32 (&words)[4]) {
  if (address.is_v4()) {
    words[0] = htonl(address.to_v4().to_uint());
  } else {
    const auto bytes = address.to_v6().to_bytes();
    std::memcpy(words, bytes.data(), bytes.size());
  }
}
}  // namespace

std::optional<PeerSocket> PeerSockets::find(const boost::asio::ip::tcp::endpoint& client,
                                            const boost::asio::ip::tcp::endpoint& server) {
  if (unavailable_) return std::nullopt;
  if (!netlink_) {
    netlink_.reset(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
    if (!netlink_) {
      unavailable_ = true;
      spdlog::warn("peers' users cannot be checked: no sock_diag error={}", std::strerror(errno));
      return std::nullopt;
    }
  }
  struct {
    nlmsghdr header;
    inet_diag_req_v2 request;
  } query{};
  query.header.nlmsg_len = sizeof query;
  query.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  query.header.nlmsg_flags = NLM_F_REQUEST;
  query.header.nlmsg_seq = ++sequence_;
  auto& request = query.request;
  const auto from = plain(client.address()), to = plain(server.address());
  request.sdiag_family = from.is_v4() ? AF_INET : AF_INET6;
  request.sdiag_protocol = IPPROTO_TCP;
  request.idiag_states = ~0u;
  request.id.idiag_sport = htons(client.port());
  request.id.idiag_dport = htons(server.port());
  write(from, request.id.idiag_src);
  write(to, request.id.idiag_dst);
  request.id.idiag_cookie[0] = request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  if (::send(netlink_.get(), &query, sizeof query, 0) < 0) return std::nullopt;
  alignas(nlmsghdr) std::array<char, 1024> answer;
  const auto* header = reinterpret_cast<const nlmsghdr*>(answer.data());
  ssize_t size = 0;
  do {  // an answer that was not fetched in its time would otherwise be taken for this one's
    size = ::recv(netlink_.get(), answer.data(), answer.size(), 0);
    if (size < static_cast<ssize_t>(sizeof(nlmsghdr))) return std::nullopt;
  } while (header->nlmsg_seq != sequence_);
  if (header->nlmsg_type == NLMSG_ERROR && size >= static_cast<ssize_t>(NLMSG_LENGTH(sizeof(nlmsgerr)))) {
    if (static_cast<const nlmsgerr*>(NLMSG_DATA(header))->error == -ENOENT) return PeerSocket{};
    return std::nullopt;
  }
  if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY || size < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(inet_diag_msg))))
    return std::nullopt;
  const auto* found = static_cast<const inet_diag_msg*>(NLMSG_DATA(header));
  return PeerSocket{found->idiag_uid, found->idiag_inode != 0, found->idiag_inode};
}

std::string executable_of(std::int32_t pid) {
  std::array<char, 4096> path;
  const auto n = ::readlink(("/proc/" + std::to_string(pid) + "/exe").c_str(), path.data(), path.size());
  return n > 0 ? std::string(path.data(), static_cast<std::size_t>(n)) : std::string();
}

std::string session_of(std::int32_t pid) {
  struct stat process {};
  const pid_t session = ::getsid(pid);
  if (session < 0 || ::stat(("/proc/" + std::to_string(pid)).c_str(), &process) != 0)
    return "process " + std::to_string(pid);
  return "uid " + std::to_string(process.st_uid) + " session " + std::to_string(session);
}
}  // namespace hivemind
