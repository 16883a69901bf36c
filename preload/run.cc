#include "run.h"

#include "bytes.h"
#include "hivemind/environment.h"
#include "libc.h"
#include "processes.h"
#include "syscalls.h"
#include "table.h"
#include "variables.h"

namespace hivemind {
namespace {
enum Phase : int { undecided = 0, deciding = 1, off = 2, on = 3 };
constinit int phase = undecided;  // (atomic)
constinit Run the_run = {};
constinit uint64_t known_process = 0;  // (atomic) pid << 32 | index + 1 of the last process that asked

// `to` is a whole NAME=VALUE afterwards, or empty when `value` is longer than any path can be.
template <size_t name_size, size_t to_size>
void assign(char (&to)[to_size], const char (&name)[name_size], const char* value) {
  const size_t size = value != nullptr ? length_of(value) + 1 : 0;
  if (size < 2 || name_size + size > to_size) return;
  copy_bytes(to, name, name_size - 1);
  to[name_size - 1] = '=';
  copy_bytes(to + name_size, value, size);
}

bool join_run(char* const* environment) {
  if (is_disabled(environment) || libc::is_secure()) return false;
  const char* path = HM_FIND(environment, HM_ENV_TABLE);
  if (path == nullptr) return false;
  hm_table* const table = map_table(path);
  if (table == nullptr) return false;
  the_run.table = table;
  assign(the_run.table_assignment, HM_ENV_TABLE, path);
  assign(the_run.preload_assignment, HM_ENV_PRELOAD, HM_FIND(environment, HM_ENV_PRELOAD));
  char id[17];
  for (int i = 0; i < 16; ++i) id[i] = "0123456789abcdef"[table->run_id >> (60 - 4 * i) & 15];
  id[16] = '\0';
  assign(the_run.run_assignment, HM_ENV_RUN, id);
  return true;
}

// Several threads may get here at once before the constructor ran: one decides, the others take it as off until then.
void decide(char* const* environment) {
  int expected = undecided;
  if (!__atomic_compare_exchange_n(&phase, &expected, deciding, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) return;
  __atomic_store_n(&phase, join_run(environment) ? on : off, __ATOMIC_RELEASE);
}

void read_comm(char comm[16]) {
  constexpr int pr_get_name = 16;
  comm[0] = comm[15] = '\0';
  sys::raw(sys::nr_prctl, pr_get_name, comm);
}

// As the kernel will name it. `file` may point anywhere: that stays the kernel's to say.
void name_after(hm_process& process, const char* file) {
  constexpr uintptr_t page = 4096;
  const char *name = file, *end = file;
  for (bool ended = false; !ended;) {
    const auto at = reinterpret_cast<uintptr_t>(end);
    if ((end == file || at % page == 0) && !sys::can_read_8(reinterpret_cast<const void*>(at & ~uintptr_t{7}))) return;
    if (*end == '/') name = end + 1;
    ended = *end++ == '\0';
  }
  size_t size = static_cast<size_t>(end - name) - 1;
  if (size > sizeof process.comm - 1) size = sizeof process.comm - 1;
  copy_bytes(process.comm, name, size);
  process.comm[size] = '\0';
}

void mark(hm_table& table, uint32_t index) {
  __atomic_fetch_or(&table.processes[index].tiers, HM_PRELOADED, __ATOMIC_RELAXED);
}

void remember(int pid, uint32_t index) {
  const uint64_t value = static_cast<uint64_t>(static_cast<uint32_t>(pid)) << 32 | (index + 1);
  __atomic_store_n(&known_process, value, __ATOMIC_RELAXED);
}

// Processes that only start and end are noted near their pid's own place or not at all, so that an agent's thousands of
// short children leave room for those that connect.
constexpr uint32_t few = 8;

// Announces the program, which proves that the preload took.
void announce(hm_table& table) {
  const int pid = sys::getpid();
  const uint32_t index = find_process(table, pid, few).index;
  if (index == HM_PROCESS_COUNT) return;
  read_comm(table.processes[index].comm);  // an exec keeps the pid and the entry
  mark(table, index);
  remember(pid, index);
}

// glibc calls constructors with the program's arguments, and may call ours before its own has set `environ`. musl has
// set `environ` by now and passes nothing.
__attribute__((constructor)) void start(int, char**, char** given_environment) {
  char** environment = libc::environment();
  if (environment == nullptr) environment = given_environment;
  decide(environment);
  if (__atomic_load_n(&phase, __ATOMIC_RELAXED) != on) return;
  libc::look_up_all();
  announce(*the_run.table);
}
}  // namespace

Run* current_run() {
  const int now = __atomic_load_n(&phase, __ATOMIC_ACQUIRE);
  if (now == on) return &the_run;
  if (now != undecided) return nullptr;
  char** environment = libc::environment();
  if (environment == nullptr) return nullptr;
  decide(environment);
  return __atomic_load_n(&phase, __ATOMIC_ACQUIRE) == on ? &the_run : nullptr;
}

uint32_t process_index(Run& run) {
  const int pid = sys::getpid();
  const uint64_t known = __atomic_load_n(&known_process, __ATOMIC_RELAXED);
  if (known >> 32 == static_cast<uint32_t>(pid)) return static_cast<uint32_t>(known) - 1;
  const ProcessEntry entry = find_process(*run.table, pid, HM_PROCESS_COUNT);
  if (entry.is_new) read_comm(run.table->processes[entry.index].comm);
  if (entry.index < HM_PROCESS_COUNT) mark(*run.table, entry.index);
  remember(pid, entry.index);
  return entry.index;
}

void note_exec(Run& run, const char* file) {
  const uint32_t index = find_process(*run.table, sys::getpid(), few).index;
  if (index == HM_PROCESS_COUNT) return;
  hm_process& process = run.table->processes[index];
  name_after(process, file);
  __atomic_fetch_or(&process.tiers, HM_STARTED, __ATOMIC_RELAXED);
  __atomic_fetch_and(&process.tiers, ~static_cast<uint32_t>(HM_PRELOADED), __ATOMIC_RELAXED);
}

void note_failed_exec(Run& run) {
  const uint32_t index = find_process(*run.table, sys::getpid(), few).index;
  if (index == HM_PROCESS_COUNT) return;
  read_comm(run.table->processes[index].comm);
  mark(*run.table, index);
}

void note_spawn(Run& run, int pid, const char* file) {
  const ProcessEntry entry = find_process(*run.table, pid, few);
  if (entry.index == HM_PROCESS_COUNT) return;
  hm_process& process = run.table->processes[entry.index];
  if (entry.is_new) name_after(process, file);
  __atomic_fetch_or(&process.tiers, HM_STARTED, __ATOMIC_RELAXED);
}

void count(Run& run, uint32_t hm_process::*counter) {
  const uint32_t index = process_index(run);
  if (index < HM_PROCESS_COUNT) __atomic_fetch_add(&(run.table->processes[index].*counter), 1, __ATOMIC_RELAXED);
}
}  // namespace hivemind
