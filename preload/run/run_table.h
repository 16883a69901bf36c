// run_table.h - the run's token table (hivemind/token_table.h): made here, cleaned here, removed here.
// Invariant: all of the file's blocks exist before anybody maps it, so that a full disk is a sentence and no SIGBUS.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hivemind/token_table.h"
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
  void release(std::uint32_t slot);
  // Frees slots of the dead: claimed by a process or accepted by a daemon that ended, or live and never accepted for
  // `patience_ns`.
  void sweep(std::uint64_t now_ns, std::uint64_t patience_ns);
  // Connections that have waited for an accept since before `instant_ns`.
  std::size_t waiting_since_before(std::uint64_t instant_ns) const;

  std::vector<hm_process> processes() const;

private:
  RunTable(UniqueFd file, std::string path, hm_table* table)
      : file_(std::move(file)), path_(std::move(path)), table_(table) {}
  UniqueFd file_;
  std::string path_;
  hm_table* table_;
};
std::string run_name(std::uint64_t run_id);  // 16 hexadecimal digits
std::uint64_t monotonic_ns();
}  // namespace hivemind::run
