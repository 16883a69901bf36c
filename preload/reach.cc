#include "reach.h"

#include "bytes.h"
#include "syscalls.h"

namespace hivemind {
namespace {
constexpr int netlink_sock_diag = 4;
constexpr uint16_t message_error = 2, message_done = 3, sock_diag_by_family = 20;
constexpr uint16_t flag_request = 1, flag_dump = 0x300;
constexpr uint32_t all_states = 0xFFFFFFFF, no_states = 0;
constexpr uint32_t loopback_device = 1;  // in every network namespace

struct Header {  // struct nlmsghdr
  uint32_t size;
  uint16_t type, flags;
  uint32_t sequence, port;
};
struct Query {  // struct inet_diag_req_v2
  Header header;
  uint8_t family, protocol, extensions, pad;
  uint32_t states;
  uint8_t source_port[2], destination_port[2];
  uint8_t source[16], destination[16];
  uint32_t device;
  uint32_t cookie[2];
};
struct Found {  // the start of struct inet_diag_msg
  uint8_t family, state;
};
struct Reply {
  Header header;
  union {
    int32_t error;  // of message_error and message_done
    Found socket;
  };
  uint8_t rest[44];  // what does not fit is cut off
};
static_assert(sizeof(Header) == 16 && sizeof(Query) == 16 + 56);

bool exchange(int netlink, const Query& query, Reply& reply) {
  if (sys::raw(sys::nr_sendto, netlink, &query, sizeof query, 0, nullptr, 0) != sizeof query) return false;
  // The kernel has answered before sendto returns; nothing here may ever wait.
  return sys::raw(sys::nr_recvfrom, netlink, &reply, sizeof reply, abi::msg_dontwait, nullptr, nullptr) >= 20;
}

// A kernel without inet_diag says ENOENT to every lookup. A dump of no states tells the two apart.
bool can_look_up(int netlink, const Query& lookup) {
  Query dump = lookup;
  dump.header.flags = flag_request | flag_dump;
  dump.states = no_states;
  Reply reply;
  return exchange(netlink, dump, reply) && reply.header.type == message_done && reply.error >= 0;
}
}  // namespace

// An exact lookup: the kernel walks its table as for a packet to `to` with the source 0:0, so it finds what a SYN would
// find - a wildcard or dual-stack listener too - and needs no permission.
Answer is_listened_on(const Endpoint& to) {
  const sys::TransientFd netlink(
      sys::raw(sys::nr_socket, abi::af_netlink, abi::sock_dgram | abi::sock_cloexec, netlink_sock_diag));
  if (!netlink.is_open()) return Answer::unknown;
  Query query = {};
  query.header = {.size = sizeof query, .type = sock_diag_by_family, .flags = flag_request, .sequence = 1, .port = 0};
  query.family = to.is_v4() ? abi::af_inet : abi::af_inet6;
  query.protocol = abi::ipproto_tcp;
  query.states = all_states;
  query.source_port[0] = static_cast<uint8_t>(to.port >> 8);
  query.source_port[1] = static_cast<uint8_t>(to.port);
  if (to.is_v4())
    copy_bytes(query.source, to.address + 12, 4);
  else
    copy_bytes(query.source, to.address, 16);
  query.device = loopback_device;
  query.cookie[0] = query.cookie[1] = 0xFFFFFFFF;  // any
  Reply reply;
  if (!exchange(netlink.get(), query, reply)) return Answer::unknown;
  if (reply.header.type == sock_diag_by_family) {
    return reply.socket.state == abi::tcp_listen ? Answer::yes : Answer::no;
  }
  if (reply.header.type != message_error || reply.error != -abi::enoent) return Answer::unknown;
  return can_look_up(netlink.get(), query) ? Answer::no : Answer::unknown;
}

namespace {
// Connecting a UDP socket looks the route up and sends nothing.
class RouteQuestion {
public:
  explicit RouteQuestion(const Endpoint& to)
      : family_(to.is_v4() ? abi::af_inet : abi::af_inet6),
        udp_(sys::raw(sys::nr_socket, family_, abi::sock_dgram | abi::sock_cloexec, 0)) {
    if (!udp_.is_open()) return;
    Endpoint plain = to;
    plain.family = static_cast<uint16_t>(family_);
    abi::Sockaddr address;
    const uint32_t size = write_sockaddr(plain, address);
    error_ = static_cast<int>(-sys::raw(sys::nr_connect, udp_.get(), &address, size));
  }
  bool was_asked() const { return udp_.is_open(); }
  int error() const { return error_; }
  int socket() const { return udp_.get(); }

private:
  int family_;
  sys::TransientFd udp_;
  int error_ = 0;
};
}  // namespace

Answer has_route(const Endpoint& to) {
  const RouteQuestion question(to);
  if (!question.was_asked()) return Answer::unknown;
  switch (question.error()) {
    case 0:
      return Answer::yes;
    case abi::enetunreach:
    case abi::ehostunreach:
    case abi::eaddrnotavail:
    case abi::eacces:
    case abi::einval:
      return Answer::no;
    default:
      return Answer::unknown;
  }
}

bool find_source(const Endpoint& to, Endpoint& source) {
  const RouteQuestion question(to);
  if (!question.was_asked() || question.error() != 0) return false;
  abi::Sockaddr address = {};
  uint32_t size = sizeof address;
  return sys::raw(sys::nr_getsockname, question.socket(), &address, &size) == 0 &&
         parse_endpoint(&address, size, source);
}
}  // namespace hivemind
