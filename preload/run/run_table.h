// run_table.h - the run's token table (hivemind/token_table.h): made here, cleaned here, removed here.
// Invariant: all of the file's blocks exist before anybody maps it, so that a full disk is a sentence and no SIGBUS.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hivemind/ebpf.h"
#include "hivemind/token_table.h"
#include "preload/run/listener.h"
#include "preload/run/result.h"
#include "preload/run/unique_fd.h"

namespace hivemind::run {
// Where an accepted connection was going, as the agent's process asked.
struct Original {
  std::uint8_t address[16];
  std::uint16_t port, family;
  std::uint32_t scope_id;
  std::uint32_t slot;
};

class RunTable {
public:
  static Result<RunTable> create(const std::string& runs_directory, std::uint64_t run_id, std::uint16_t listener_port);
  // The table in the kernel (hivemind/ebpf.h), freshly made: `map` is its BPF map. It has no path.
  static Result<RunTable> map_kernel(UniqueFd map, std::uint64_t run_id, const Listener& listener);
  RunTable(RunTable&& other) noexcept;
  ~RunTable();  // unmaps; the file stays until remove()

  int fd() const { return file_.get(); }
  const std::string& path() const { return path_; }
  std::uint64_t run_id() const { return table_->run_id; }
  hm_table& memory() { return *table_; }  // as long as this lives
  void remove();

  // What an exec with a scrubbed environment gets back. Returns how many of the assignments had no room.
  std::size_t write_environment(const std::vector<std::string>& assignments);

  // The live connection that `token` stands for, now ours; nullopt for every other token.
  std::optional<Original> accept(std::uint32_t token);
  // A table in the kernel knows where its connections come from: the token of that one, 0: there is none. `token`: the
  // one it was reached at, or 0 for ::1.
  std::uint32_t token_from(std::uint32_t token, const std::uint8_t (&address)[16], std::uint16_t port) const;
  void release(std::uint32_t slot);
  // Frees slots of the dead: claimed by a process or accepted by a daemon that ended, or live and never accepted for
  // `patience_ns`.
  void sweep(std::uint64_t now_ns, std::uint64_t patience_ns);
  // Connections that have waited for an accept since before `instant_ns`.
  std::size_t waiting_since_before(std::uint64_t instant_ns) const;

  std::vector<hm_process> processes() const;
  hm_kernel_table* kernel() { return kernel_; }

private:
  RunTable(UniqueFd file, std::string path, hm_table* table, hm_kernel_table* kernel = nullptr)
      : file_(std::move(file)), path_(std::move(path)), table_(table), kernel_(kernel) {}
  void write_header(std::uint64_t run_id, std::uint16_t listener_port);
  UniqueFd file_;
  std::string path_;
  hm_table* table_;
  hm_kernel_table* kernel_;  // null: a table in a file
};
std::string run_name(std::uint64_t run_id);  // 16 hexadecimal digits
std::uint64_t monotonic_ns();
}  // namespace hivemind::run
