// The exec and posix_spawn families: a program started with a scrubbed environment stays in the run (environment.h).
// execve and its kin may be called in a vfork child, whose memory is its parent's: what is built here lives on the
// stack.
#include <stdarg.h>

#include "environment.h"
#include "libc.h"
#include "program_kind.h"
#include "run.h"
#include "syscalls.h"

namespace {
namespace libc = hivemind::libc;
namespace sys = hivemind::sys;
using Strings = char* const*;

// An environment this large does not come from a person; it is built in pages of its own, given back unless the exec
// succeeds. (In a vfork child that succeeds, its parent keeps them.)
constexpr size_t most_on_stack = 16384;

// Calls `start` with `given`, or with a repaired copy of it, for the program that `takes_us` judges.
template <typename Judge, typename Start>
int with_environment(Strings given, Judge takes_us, Start start) {
  hivemind::Run* const run = hivemind::current_run();
  if (run == nullptr) return start(given);
  const hivemind::EnvironmentRepair repair(*run, given, takes_us());
  if (!repair.is_needed()) return start(given);
  const size_t size = repair.size();
  if (!repair.takes_away()) hivemind::count(*run, &hm_process::restored);
  if (size <= most_on_stack) return start(repair.write(__builtin_alloca(size)));

  constexpr int read_write = 3, private_anonymous = 0x22;
  const long pages = sys::raw(sys::nr_mmap, nullptr, size, read_write, private_anonymous, -1, 0);
  if (pages < 0 && pages > -4096) return start(given);
  const int result = start(repair.write(reinterpret_cast<void*>(pages)));
  sys::raw(sys::nr_munmap, pages, size);
  return result;
}

// `start` returns only when it failed.
template <typename Start>
int exec_noted(const char* file, Start start) {
  hivemind::Run* const run = hivemind::current_run();
  if (run != nullptr) hivemind::note_exec(*run, file);
  const int result = start();
  if (run != nullptr) hivemind::note_failed_exec(*run);
  return result;
}

int spawn_noted(int* pid, const char* file, int result) {
  hivemind::Run* const run = hivemind::current_run();
  if (run != nullptr && result == 0 && pid != nullptr) hivemind::note_spawn(*run, *pid, file);
  return result;
}

// Judges of what is about to run.
auto program_at(const char* path) {
  return [=] { return hivemind::takes_our_object(path); };
}
auto program_named(const char* file) {
  return [=] { return hivemind::takes_our_object_on_path(file, libc::environment()); };
}

int exec_path(const char* path, Strings arguments, Strings given) {
  return with_environment(given, program_at(path), [=](Strings environment) {
    return exec_noted(
        path, [=] { return static_cast<int>(libc::result(sys::raw(sys::nr_execve, path, arguments, environment))); });
  });
}
int exec_file(const char* file, Strings arguments, Strings given) {
  return with_environment(given, program_named(file), [=](Strings environment) {
    return exec_noted(file, [=] { return libc::execvpe(file, arguments, environment); });
  });
}

// The arguments of an execl, `first` among them and the null at the end.
size_t count_arguments(const char* first, va_list& rest) {
  size_t count = 1;
  for (const char* argument = first; argument != nullptr; ++count) argument = va_arg(rest, const char*);
  return count;
}
void read_arguments(const char** arguments, const char* first, va_list& rest) {
  *arguments = first;
  while (*arguments++ != nullptr) *arguments = va_arg(rest, const char*);
}
}  // namespace

// Builds the argument array of an execl on the stack of the hook that says so.
#define HM_ARGUMENTS(arguments, list, first)                                                                        \
  va_list list;                                                                                                     \
  va_start(list, first);                                                                                            \
  const auto arguments = static_cast<const char**>(__builtin_alloca(count_arguments(first, list) * sizeof(char*))); \
  va_end(list);                                                                                                     \
  va_start(list, first);                                                                                            \
  read_arguments(arguments, first, list)

HM_HOOK int execve(const char* path, Strings arguments, Strings environment) {
  return exec_path(path, arguments, environment);
}
HM_HOOK int execv(const char* path, Strings arguments) { return exec_path(path, arguments, libc::environment()); }
HM_HOOK int execvpe(const char* file, Strings arguments, Strings environment) {
  return exec_file(file, arguments, environment);
}
HM_HOOK int execvp(const char* file, Strings arguments) { return exec_file(file, arguments, libc::environment()); }
HM_HOOK int fexecve(int fd, Strings arguments, Strings given) {
  const auto program_in = [=] { return hivemind::takes_our_object(fd); };
  return with_environment(given, program_in, [=](Strings environment) {
    return exec_noted(nullptr, [=] { return libc::fexecve(fd, arguments, environment); });
  });
}

HM_HOOK int execl(const char* path, const char* first, ...) {
  HM_ARGUMENTS(arguments, list, first);
  va_end(list);
  return exec_path(path, const_cast<Strings>(arguments), libc::environment());
}
HM_HOOK int execlp(const char* file, const char* first, ...) {
  HM_ARGUMENTS(arguments, list, first);
  va_end(list);
  return exec_file(file, const_cast<Strings>(arguments), libc::environment());
}
HM_HOOK int execle(const char* path, const char* first, ...) {
  HM_ARGUMENTS(arguments, list, first);
  const auto environment = va_arg(list, Strings);
  va_end(list);
  return exec_path(path, const_cast<Strings>(arguments), environment);
}

HM_HOOK int posix_spawn(int* pid, const char* path, const void* actions, const void* attributes, Strings arguments,
                        Strings given) {
  return with_environment(given, program_at(path), [=](Strings environment) {
    return spawn_noted(pid, path, libc::posix_spawn(pid, path, actions, attributes, arguments, environment));
  });
}
HM_HOOK int posix_spawnp(int* pid, const char* file, const void* actions, const void* attributes, Strings arguments,
                         Strings given) {
  return with_environment(given, program_named(file), [=](Strings environment) {
    return spawn_noted(pid, file, libc::posix_spawnp(pid, file, actions, attributes, arguments, environment));
  });
}
