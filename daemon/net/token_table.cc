#include "net/token_table.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "hivemind/proxy.h"

namespace hivemind {
namespace {

std::atomic_ref<std::uint32_t> atomic(std::uint32_t& word) { return std::atomic_ref<std::uint32_t>(word); }
error_code system_error(int number) { return {number, boost::system::system_category()}; }
std::uint32_t with_state(std::uint32_t word, hm_slot_state state) { return (word & ~HM_STATE_MASK) | state; }

// The owner goes first: a slot that is accepted and has none yet is nobody's orphan.
bool free_slot(hm_slot& slot, std::uint32_t accepted) {
  atomic(slot.owner).store(0, std::memory_order_relaxed);
  return atomic(slot.state).compare_exchange_strong(accepted, with_state(accepted, HM_FREE), std::memory_order_acq_rel);
}

std::string bounded(const char* text, std::size_t size) { return {text, ::strnlen(text, size)}; }
}  // namespace

void TokenTable::Unmap::operator()(hm_table* table) const noexcept { ::munmap(table, size); }

Result<TokenTable> TokenTable::map(const UniqueFd& file, uid_t owner, std::uint64_t run_id) {
  struct stat found {};
  if (::fstat(file.get(), &found) != 0) return system_error(errno);
  if (!S_ISREG(found.st_mode) || found.st_size != static_cast<off_t>(sizeof(hm_table))) return system_error(EINVAL);
  if (found.st_uid != owner || (found.st_mode & 0077) != 0) return system_error(EPERM);
  // A hole on a full disk would end us when it is written.
  if (::fallocate(file.get(), 0, 0, sizeof(hm_table)) != 0 && errno != EOPNOTSUPP) return system_error(errno);
  void* mapped = ::mmap(nullptr, sizeof(hm_table), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (mapped == MAP_FAILED) return system_error(errno);
  return adopt(static_cast<hm_table*>(mapped), sizeof(hm_table), owner, run_id);
}

Result<TokenTable> TokenTable::adopt(hm_table* mapped, std::size_t size, uid_t owner, std::uint64_t run_id) {
  TokenTable table(mapped, size);
  const hm_table& t = *table.table_;
  if (t.magic != HM_TABLE_MAGIC || t.version != HM_TABLE_VERSION || t.slot_count != HM_SLOT_COUNT ||
      t.process_count != HM_PROCESS_COUNT) {
    return system_error(EPROTO);
  }
  if (t.run_id != run_id || t.uid != owner) return system_error(EPERM);
  return table;
}

std::optional<OriginalDestination> TokenTable::accept(std::uint32_t token) {
  if (!table_ || !hm_is_token(token)) return std::nullopt;
  const std::uint32_t index = hm_token_slot(token);
  hm_slot& slot = table_->slots[index];
  std::uint32_t state = atomic(slot.state).load(std::memory_order_acquire);
  if ((state & HM_STATE_MASK) != HM_LIVE || hm_token(index, state) != token) return std::nullopt;
  if (!atomic(slot.state).compare_exchange_strong(state, with_state(state, HM_ACCEPTED), std::memory_order_acq_rel)) {
    return std::nullopt;
  }
  atomic(slot.owner).store(static_cast<std::uint32_t>(::getpid()), std::memory_order_release);
  OriginalDestination original;
  std::copy(std::begin(slot.address), std::end(slot.address), original.address.begin());
  original.port = slot.port;
  original.family = slot.family == AF_INET6 ? AF_INET6 : AF_INET;
  original.scope_id = slot.scope_id;
  original.pid = slot.pid;
  original.name = bounded(slot.name, sizeof slot.name);
  original.flags = slot.flags;
  original.slot = index;
  return original;
}

void TokenTable::release(std::uint32_t index) {
  if (!table_ || index >= HM_SLOT_COUNT) return;
  hm_slot& slot = table_->slots[index];
  if (atomic(slot.owner).load(std::memory_order_acquire) != static_cast<std::uint32_t>(::getpid())) return;
  std::uint32_t state = atomic(slot.state).load(std::memory_order_acquire);
  if ((state & HM_STATE_MASK) == HM_ACCEPTED) free_slot(slot, state);
}

std::size_t TokenTable::release_orphans() {
  if (!table_) return 0;
  std::size_t freed = 0;
  for (hm_slot& slot : table_->slots) {
    std::uint32_t state = atomic(slot.state).load(std::memory_order_acquire);
    if ((state & HM_STATE_MASK) != HM_ACCEPTED) continue;
    const auto owner = static_cast<pid_t>(atomic(slot.owner).load(std::memory_order_acquire));
    if (owner <= 0 || ::kill(owner, 0) == 0 || errno != ESRCH) continue;
    freed += free_slot(slot, state);
  }
  return freed;
}

std::size_t TokenTable::write_policy(std::span<const std::uint16_t> ports, std::span<const std::string> hosts) {
  if (!table_) return hosts.size();
  // Prepared aside: readers spin while the epoch is odd.
  hm_policy next{};
  next.port_count = static_cast<std::uint32_t>(std::min<std::size_t>(ports.size(), HM_PORT_COUNT));
  std::copy_n(ports.begin(), next.port_count, next.ports);
  std::size_t left_out = 0;
  for (const auto& host : hosts) {
    if (host.empty() || next.hosts_size + host.size() + 1 > sizeof next.hosts) {
      ++left_out;
      continue;
    }
    std::memcpy(next.hosts + next.hosts_size, host.c_str(), host.size() + 1);
    next.hosts_size += static_cast<std::uint32_t>(host.size() + 1);
  }
  hm_policy& policy = table_->policy;
  // A writer that died has left it odd.
  const std::uint32_t writing = atomic(policy.epoch).load(std::memory_order_relaxed) | 1u;
  atomic(policy.epoch).store(writing, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  next.epoch = writing;
  std::memcpy(&policy.port_count, &next.port_count, sizeof next - offsetof(hm_policy, port_count));
  atomic(policy.epoch).store(writing + 1, std::memory_order_release);
  return left_out;
}

std::string TokenTable::proxy_authorization() const {
  if (!table_ || !hm_proxy_is_open(table_->proxy_secret)) return {};
  char text[HM_PROXY_AUTHORIZATION_SIZE + 1];
  hm_proxy_authorization(table_->proxy_secret, text);
  return text;
}

void TokenTable::count_proxied(std::int32_t pid, std::string_view comm) {
  if (!table_ || pid <= 0) return;
  for (std::uint32_t i = 0; i < HM_PROCESS_COUNT; ++i) {
    auto& process = table_->processes[(static_cast<std::uint32_t>(pid) + i) % HM_PROCESS_COUNT];
    std::uint32_t state = HM_PROCESS_FREE;
    const bool taken = atomic(process.state).compare_exchange_strong(state, HM_PROCESS_USED, std::memory_order_acq_rel);
    if (!taken && process.pid != pid) continue;
    if (taken) {
      process.pid = pid;
      comm = comm.substr(0, sizeof process.comm - 1);
      std::memcpy(process.comm, comm.data(), comm.size());
    }
    atomic(process.tiers).fetch_or(HM_PROXIED, std::memory_order_relaxed);
    atomic(process.captured).fetch_add(1, std::memory_order_relaxed);
    return;
  }
}

std::uint16_t TokenTable::listener_port() const { return table_ ? table_->listener_port : std::uint16_t{0}; }
}  // namespace hivemind
