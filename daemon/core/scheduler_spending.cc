// What budgets have spent, kept by whoever drives the scheduler at every change: a small record beside what was
// learned.
#include "core/scheduler_state.h"
#include "core/state_bytes.h"

namespace hivemind {
namespace {
constexpr StateKind spending_kind{0x53534d48, 1};  // "HMSS"
constexpr std::size_t most_runs = 4096;
constexpr Duration await_runs = 1h;  // a run whose daemon died hands itself over to the next one within seconds
}  // namespace

std::string Scheduler::Impl::spending(TimePoint now, double unix_now) {
  if (!std::exchange(spending_changed, false)) return {};
  StateWriter io({now, unix_now});
  caps.fields(io);
  if (now > await_runs_until) awaited_runs.clear();
  std::map<RunId, std::int64_t> spent = awaited_runs;
  for (const auto& [id, run] : runs)
    if (run.spec.token_budget && spent.size() < most_runs) spent[id] = run.budget->spent() + run.budget->reserved();
  io(static_cast<std::uint32_t>(spent.size()));
  for (const auto& [id, tokens] : spent) io(id), io(tokens);
  return sealed(spending_kind, io.take());
}

bool Scheduler::Impl::restore_spending(std::string_view bytes, TimePoint now, double unix_now) {
  const auto payload = unsealed(spending_kind, bytes);
  if (!payload) return false;
  StateReader io(*payload, {now, unix_now});
  caps.fields(io);
  caps.configure(config);
  wall_clock(now, unix_now);
  std::uint32_t count = 0;
  io(count);
  for (std::uint32_t i = 0; i < count && i < most_runs && io.ok(); ++i) {
    RunId id = 0;
    std::int64_t tokens = 0;
    io(id), io(tokens);
    if (tokens < 0) io.fail();
    if (io.ok()) awaited_runs[id] = tokens;
  }
  await_runs_until = now + await_runs;
  return io.ok();
}

std::int64_t Scheduler::Impl::spent_before(RunId run) {
  const auto known = awaited_runs.extract(run);
  return known ? known.mapped() : 0;
}
}  // namespace hivemind
