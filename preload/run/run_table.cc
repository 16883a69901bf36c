#include "preload/run/run_table.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <ctime>

#include "preload/run/process_status.h"

namespace hivemind::run {
namespace {
std::atomic_ref<std::uint32_t> shared(std::uint32_t& word) { return std::atomic_ref<std::uint32_t>(word); }
std::uint32_t with_state(std::uint32_t word, hm_slot_state state) { return (word & ~HM_STATE_MASK) | state; }

// Without its owner first: an accepted slot that names none yet is nobody's to clean up.
void free_slot(hm_slot& slot, std::uint32_t seen) {
  if ((seen & HM_STATE_MASK) == HM_ACCEPTED) shared(slot.owner).store(0, std::memory_order_relaxed);
  shared(slot.state).compare_exchange_strong(seen, with_state(seen, HM_FREE), std::memory_order_acq_rel);
}

// The kernel's programs may not ask for a name. Who has ended keeps none.
void name_process(hm_process& process) {
  const auto name = name_of(process.pid);
  name.copy(process.comm, sizeof process.comm - 1);
}
}  // namespace

std::string run_name(std::uint64_t run_id) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(run_id));
  return digits;
}

std::uint64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

Result<RunTable> RunTable::create(const std::string& runs_directory, std::uint64_t run_id,
                                  std::uint16_t listener_port) {
  std::string path = runs_directory + "/" + run_name(run_id) + ".table";
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return failed_to("make the token table " + path);
  const auto abandon = [&](int error) {
    errno = error;
    Problem problem = failed_to("make the token table " + path);
    ::unlink(path.c_str());
    return problem;
  };
  if (const int error = ::posix_fallocate(file.get(), 0, sizeof(hm_table)); error != 0) return abandon(error);
  void* mapped = ::mmap(nullptr, sizeof(hm_table), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (mapped == MAP_FAILED) return abandon(errno);
  auto* table = static_cast<hm_table*>(mapped);
  RunTable made(std::move(file), std::move(path), table);
  made.write_header(run_id, listener_port);
  return made;
}

Result<RunTable> RunTable::map_kernel(UniqueFd map, std::uint64_t run_id, const Listener& listener) {
  void* mapped = ::mmap(nullptr, sizeof(hm_kernel_table), PROT_READ | PROT_WRITE, MAP_SHARED, map.get(), 0);
  if (mapped == MAP_FAILED) return failed_to("map the token table in the kernel");
  auto* kernel = static_cast<hm_kernel_table*>(mapped);
  socklen_t size = sizeof kernel->network;
  ::getsockopt(listener.socket.get(), SOL_SOCKET, SO_NETNS_COOKIE, &kernel->network, &size);  // Linux 5.14
  kernel->relay_pid = ::getpid();
  RunTable made(std::move(map), {}, &kernel->table, kernel);
  made.write_header(run_id, listener.port);
  return made;
}

void RunTable::write_header(std::uint64_t run_id, std::uint16_t listener_port) {
  table_->version = HM_TABLE_VERSION;
  table_->slot_count = HM_SLOT_COUNT;
  table_->process_count = HM_PROCESS_COUNT;
  table_->run_id = run_id;
  table_->listener_port = listener_port;
  table_->uid = ::geteuid();
  shared(table_->magic).store(HM_TABLE_MAGIC, std::memory_order_release);
}

RunTable::RunTable(RunTable&& other) noexcept
    : file_(std::move(other.file_)),
      path_(std::move(other.path_)),
      table_(std::exchange(other.table_, nullptr)),
      kernel_(std::exchange(other.kernel_, nullptr)) {}
RunTable::~RunTable() {
  if (table_) ::munmap(table_, kernel_ ? sizeof *kernel_ : sizeof *table_);
}
void RunTable::remove() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

std::size_t RunTable::write_environment(const std::vector<std::string>& assignments) {
  std::size_t left_out = 0;
  std::uint32_t used = 0;
  for (const auto& assignment : assignments) {
    if (used + assignment.size() + 1 > sizeof table_->environment) {
      ++left_out;
      continue;
    }
    std::memcpy(table_->environment + used, assignment.c_str(), assignment.size() + 1);
    used += static_cast<std::uint32_t>(assignment.size() + 1);
  }
  table_->environment_size = used;
  return left_out;
}

std::optional<Original> RunTable::accept(std::uint32_t token) {
  if (!hm_is_token(token)) return {};
  const auto index = hm_token_slot(token);
  hm_slot& slot = table_->slots[index];
  auto state = shared(slot.state).load(std::memory_order_acquire);
  if ((state & HM_STATE_MASK) != HM_LIVE || hm_token(index, state) != token) return {};
  if (!shared(slot.state).compare_exchange_strong(state, with_state(state, HM_ACCEPTED), std::memory_order_acq_rel))
    return {};
  shared(slot.owner).store(static_cast<std::uint32_t>(::getpid()), std::memory_order_release);
  Original original{{}, slot.port, slot.family, slot.scope_id, index};
  std::copy(std::begin(slot.address), std::end(slot.address), std::begin(original.address));
  return original;
}

std::uint32_t RunTable::token_from(std::uint32_t token, const std::uint8_t (&address)[16], std::uint16_t port) const {
  return kernel_ ? hm_token_from(kernel_, token, address, port) : token;
}

void RunTable::release(std::uint32_t index) {
  if (index >= HM_SLOT_COUNT) return;  // of a connection without a token
  hm_slot& slot = table_->slots[index];
  const auto state = shared(slot.state).load(std::memory_order_acquire);
  if ((state & HM_STATE_MASK) == HM_ACCEPTED) free_slot(slot, state);
}

void RunTable::sweep(std::uint64_t now_ns, std::uint64_t patience_ns) {
  for (auto& slot : table_->slots) {
    const auto state = shared(slot.state).load(std::memory_order_acquire);
    const auto owner = static_cast<int>(shared(slot.owner).load(std::memory_order_acquire));
    bool dead = false;
    switch (state & HM_STATE_MASK) {
      case HM_CLAIMED:
        dead = slot.pid > 0 && !is_alive(slot.pid);
        break;
      case HM_LIVE:
        dead = slot.claimed_ns + patience_ns < now_ns;
        break;
      case HM_ACCEPTED:
        dead = owner > 0 && !is_alive(owner);
        break;
      default:
        break;
    }
    if (dead) free_slot(slot, state);
  }
}

std::size_t RunTable::waiting_since_before(std::uint64_t instant_ns) const {
  return static_cast<std::size_t>(std::count_if(std::begin(table_->slots), std::end(table_->slots), [&](hm_slot& slot) {
    return (shared(slot.state).load(std::memory_order_acquire) & HM_STATE_MASK) == HM_LIVE &&
           slot.claimed_ns < instant_ns;
  }));
}

namespace {
// As it is while others go on writing it.
hm_process read_process(hm_process& process) {
  hm_process copy{};
  for (const auto word :
       {&hm_process::state, &hm_process::captured, &hm_process::by_name, &hm_process::by_port, &hm_process::by_socket,
        &hm_process::full, &hm_process::refused, &hm_process::restored, &hm_process::tiers, &hm_process::closed})
    copy.*word = shared(process.*word).load(std::memory_order_relaxed);
  copy.pid = std::atomic_ref(process.pid).load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < sizeof copy.comm; ++i)
    copy.comm[i] = std::atomic_ref(process.comm[i]).load(std::memory_order_relaxed);
  return copy;
}
}  // namespace

std::vector<hm_process> RunTable::processes() const {
  std::vector<hm_process> used;
  for (auto& process : table_->processes) {
    if (shared(process.state).load(std::memory_order_acquire) != HM_PROCESS_USED) continue;
    used.push_back(read_process(process));
    used.back().comm[sizeof process.comm - 1] = '\0';
    if (kernel_ && used.back().comm[0] == '\0') name_process(used.back());
  }
  return used;
}
}  // namespace hivemind::run
