// many_connects.h - connections of every kind, each to an address of its own, which names the connection.
#pragma once
#include <cstdint>

namespace hivemind::run {
enum class Kind { v4, v4_nonblocking, v6, v6_nonblocking, v6_only, mapped, fast_open, fast_open_v6, fast_open_connect };
constexpr std::uint32_t kinds = 9;
inline Kind kind_of(std::uint32_t id) { return static_cast<Kind>(id % kinds); }

// Where connection `id` goes, as the table tells it: IPv4 as ::ffff:a.b.c.d.
void destination_of(std::uint32_t id, std::uint8_t (&address)[16]);
bool is_v6(Kind kind);

// What became of them. Lives in memory that processes share.
struct Outcome {
  std::uint32_t next, right, wrong, lost, wrong_peer;
};
// Makes connections 0..count-1 from `threads` threads: sends the id, takes "y" for an answer that it came to the right
// place, and asks for the peer's address.
void connect_many(Outcome& outcome, std::uint32_t count, int threads);
// One connect by the kernel from a ring (io_uring): its result; -ENOSYS where there is none.
int connect_by_ring(int fd, std::uint32_t id);
}  // namespace hivemind::run
