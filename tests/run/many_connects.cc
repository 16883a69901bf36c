#include "tests/run/many_connects.h"

#include <linux/io_uring.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

#include "preload/run/unique_fd.h"

namespace hivemind::run {
namespace {
void add(std::uint32_t& count) { std::atomic_ref(count).fetch_add(1); }

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// The sockaddr that a program of that kind uses.
Address sockaddr_of(std::uint32_t id) {
  Address address;
  std::uint8_t bytes[16];
  destination_of(id, bytes);
  const Kind kind = kind_of(id);
  if (is_v6(kind) || kind == Kind::mapped) {
    auto& six = reinterpret_cast<sockaddr_in6&>(address.storage);
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(443);
    std::memcpy(&six.sin6_addr, bytes, 16);
    address.size = sizeof six;
  } else {
    auto& four = reinterpret_cast<sockaddr_in&>(address.storage);
    four.sin_family = AF_INET;
    four.sin_port = htons(443);
    std::memcpy(&four.sin_addr, bytes + 12, 4);
    address.size = sizeof four;
  }
  return address;
}

UniqueFd open_socket(Kind kind, int family) {
  const bool nonblocking = kind == Kind::v4_nonblocking || kind == Kind::v6_nonblocking;
  UniqueFd fd(::socket(family, SOCK_STREAM | (nonblocking ? SOCK_NONBLOCK : 0), 0));
  const int on = 1;
  if (kind == Kind::v6_only) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (kind == Kind::fast_open_connect) ::setsockopt(fd.get(), IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on);
  return fd;
}

bool is_ready(int fd, short what) {
  pollfd wait{fd, what, 0};
  return ::poll(&wait, 1, 20'000) == 1;
}

bool send_id(int fd, Kind kind, const Address& to, std::uint32_t id) {
  if (kind == Kind::fast_open || kind == Kind::fast_open_v6)
    return ::sendto(fd, &id, sizeof id, MSG_FASTOPEN | MSG_NOSIGNAL, to.get(), to.size) == sizeof id;
  if (::connect(fd, to.get(), to.size) != 0) {
    int error = 0;
    socklen_t size = sizeof error;
    if (errno != EINPROGRESS || !is_ready(fd, POLLOUT)) return false;
    if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) return false;
  }
  return ::send(fd, &id, sizeof id, MSG_NOSIGNAL) == sizeof id;
}

bool is_peer(int fd, const Address& to) {
  Address peer;
  peer.size = sizeof peer.storage;
  return ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer.storage), &peer.size) == 0 && peer.size == to.size &&
         std::memcmp(&peer.storage, &to.storage, to.size) == 0;
}

void connect_one(Outcome& outcome, std::uint32_t id) {
  const Kind kind = kind_of(id);
  const Address to = sockaddr_of(id);
  const UniqueFd fd = open_socket(kind, to.get()->sa_family);
  char answer = 0;
  const bool answered =
      send_id(fd.get(), kind, to, id) && is_ready(fd.get(), POLLIN) && ::recv(fd.get(), &answer, 1, 0) == 1;
  add(!answered ? outcome.lost : answer == 'y' ? outcome.right : outcome.wrong);
  if (answered && !is_peer(fd.get(), to)) add(outcome.wrong_peer);
}
}  // namespace

bool is_v6(Kind kind) {
  return kind == Kind::v6 || kind == Kind::v6_nonblocking || kind == Kind::v6_only || kind == Kind::fast_open_v6;
}

void destination_of(std::uint32_t id, std::uint8_t (&address)[16]) {
  const bool six = is_v6(kind_of(id));
  const std::uint8_t start[12] = {0x20, 0x01, 0x0d, 0xb8}, mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  std::memcpy(address, six ? start : mapped, sizeof start);
  for (int i = 0; i < 4; ++i) address[12 + i] = static_cast<std::uint8_t>(id >> (8 * (3 - i)));
  if (!six) address[12] = 10;  // 10.0.0.0/8 has room for sixteen million
}

void connect_many(Outcome& outcome, std::uint32_t count, int threads) {
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i)
    all.emplace_back([&] {
      for (std::uint32_t id = 0; (id = std::atomic_ref(outcome.next).fetch_add(1)) < count;) connect_one(outcome, id);
    });
  for (auto& one : all) one.join();
}

int connect_by_ring(int fd, std::uint32_t id) {
  const Address to = sockaddr_of(id);
  io_uring_params with{};
  const UniqueFd ring(static_cast<int>(::syscall(SYS_io_uring_setup, 4, &with)));
  if (!ring) return -ENOSYS;
  const auto map = [&](std::size_t size, off_t what) {
    return static_cast<char*>(
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.get(), what));
  };
  char* queue = map(with.sq_off.array + with.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
  auto* entry = reinterpret_cast<io_uring_sqe*>(map(with.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES));
  char* done = map(with.cq_off.cqes + with.cq_entries * sizeof(io_uring_cqe), IORING_OFF_CQ_RING);
  entry->opcode = IORING_OP_CONNECT;
  entry->fd = fd;
  entry->addr = reinterpret_cast<std::uintptr_t>(&to.storage);
  entry->off = to.size;
  std::memset(queue + with.sq_off.array, 0, sizeof(unsigned));
  std::atomic_ref(*reinterpret_cast<unsigned*>(queue + with.sq_off.tail)).store(1);
  if (::syscall(SYS_io_uring_enter, ring.get(), 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0) != 1) return -errno;
  return reinterpret_cast<io_uring_cqe*>(done + with.cq_off.cqes)->res;
}
}  // namespace hivemind::run
