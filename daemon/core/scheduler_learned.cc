// What was learned and spent, as bytes that outlive a restart.
#include <algorithm>

#include "core/scheduler_state.h"
#include "core/state_bytes.h"

namespace hivemind {
namespace {
// Raise the version with every change of what is written: others are not read.
constexpr StateKind learned_kind{0x534c4d48, 4};  // "HMLS"
constexpr std::size_t most_bytes = 4u << 20, most_pools = 1024;
}  // namespace

void Scheduler::Impl::wall_clock(TimePoint now, double unix_now) {
  if (!caps.begin_day(unix_now)) return;
  spending_changed = true;
  unpark_all(now);
}

// The pools used last come first: what does not fit is what nobody misses.
void Scheduler::Impl::pool_fields(auto& io, TimePoint now) {
  if constexpr (std::remove_reference_t<decltype(io)>::reading) {
    std::uint32_t count = 0;
    io(count);
    for (std::uint32_t i = 0; i < count && io.ok() && i < most_pools; ++i) {
      std::string provider, account, model_class;
      io(provider), io(account), io(model_class);
      auto pool = std::make_unique<Pool>(provider, account, model_class, config, now);
      pool->fields(io, config, now);
      if (!io.ok() || now - pool->used_at > config.remember) continue;
      pools.try_emplace(pool_key(provider, account, model_class), std::move(pool));
    }
  } else {
    std::vector<Pool*> newest;
    for (const auto& [key, pool] : pools) newest.push_back(pool.get());
    std::sort(newest.begin(), newest.end(), [](const Pool* a, const Pool* b) {
      return std::tie(b->used_at, a->account(), a->model_class()) <
             std::tie(a->used_at, b->account(), b->model_class());
    });
    auto count = static_cast<std::uint32_t>(std::min(newest.size(), most_pools));
    io(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      io(newest[i]->provider()), io(newest[i]->account()), io(newest[i]->model_class());
      newest[i]->fields(io, config, now);
    }
  }
}

std::string Scheduler::Impl::save(TimePoint now, double unix_now) {
  wall_clock(now, unix_now);
  StateWriter io({now, unix_now});
  caps.fields(io);
  io(config.minute);
  calibrations.fields(io);
  io(static_cast<std::uint32_t>(organisations.size()));
  for (const auto& [credential, organisation] : organisations) io(credential), io(organisation);
  pool_fields(io, now);
  const auto payload = io.take();
  if (payload.size() > most_bytes) return {};
  return sealed(learned_kind, payload);
}

bool Scheduler::Impl::restore(std::string_view bytes, TimePoint now, double unix_now) {
  const auto payload = unsealed(learned_kind, bytes);
  if (!payload || payload->size() > most_bytes) return false;
  StateReader io(*payload, {now, unix_now});
  caps.fields(io);
  caps.configure(config);
  wall_clock(now, unix_now);
  Duration minute{};
  io(minute);
  if (minute != config.minute) return io.ok();  // learned in another time
  calibrations.fields(io);
  std::uint32_t count = 0;
  io(count);
  for (std::uint32_t i = 0; i < count && io.ok(); ++i) {
    std::string credential, organisation;
    io(credential), io(organisation);
    if (io.ok()) organisations.try_emplace(std::move(credential), std::move(organisation));
  }
  pool_fields(io, now);
  return io.ok();
}
}  // namespace hivemind
