// Which requests share a pool, and what happens when a response shows that two pools are one.
#include <algorithm>

#include "core/scheduler_state.h"

namespace hivemind {
namespace {
std::string key_of(const std::string& provider, const std::string& account) { return provider + '\0' + account; }
}  // namespace

std::string pool_key(const std::string& provider, const std::string& account, const std::string& model_class) {
  std::string key;
  key.reserve(provider.size() + account.size() + model_class.size() + 2);
  return key.append(provider).append(1, '\0').append(account).append(1, '\0').append(model_class);
}

Pool& Scheduler::Impl::pool_of(const RequestProfile& profile, TimePoint now) {
  const std::string* account = &profile.account;
  if (!organisations.empty()) {
    const auto known = organisations.find(key_of(profile.provider, profile.account));
    if (known != organisations.end()) account = &known->second;
  }
  auto key = pool_key(profile.provider, *account, profile.model_class);
  const auto found = pools.find(key);
  if (found != pools.end()) return *found->second;
  forget_idle_pools(now);
  auto& pool = pools[std::move(key)];
  pool = std::make_unique<Pool>(profile.provider, *account, profile.model_class, config, now);
  return *pool;
}

// Accounts and models are named by clients: what nobody uses is forgotten before it piles up.
void Scheduler::Impl::forget_idle_pools(TimePoint now) {
  if (pools.size() < sweep_pools_at) return;
  std::erase_if(
      pools, [&](const auto& p) { return p.second->users == 0 && !p.second->listed && now - p.second->used_at > 1h; });
  if (pools.size() >= 4096)
    std::erase_if(pools, [](const auto& p) { return p.second->users == 0 && !p.second->listed; });
  if (organisations.size() >= 4096) organisations.clear();
  sweep_pools_at = std::max<std::size_t>(256, 2 * pools.size());
}

// The organisation that a response names is whose limits they are: its other credentials share them.
void Scheduler::Impl::share_limits(Pool& seen, const std::string& organisation, TimePoint now) {
  // Copies: `seen` itself goes when it is merged.
  const std::string provider = seen.provider(), account = seen.account();  // NOLINT(performance-*)
  organisations[key_of(provider, account)] = organisation;
  std::vector<Pool*> same;
  for (const auto& [key, pool] : pools) {
    if (pool->provider() == provider && pool->account() == account) same.push_back(pool.get());
  }
  for (Pool* pool : same) {
    pool->organisation = organisation;
    auto node = pools.extract(pool_key(provider, account, pool->model_class()));
    auto key = pool_key(provider, organisation, pool->model_class());
    const auto shared = pools.find(key);
    if (shared == pools.end()) {
      pool->rename(organisation);
      node.key() = std::move(key);
      pools.insert(std::move(node));
    } else {
      move_requests(*pool, *shared->second, now);
      std::erase(busy, pool);
    }
  }
}

void Scheduler::Impl::move_requests(Pool& from, Pool& to, TimePoint now) {
  release_followers(from.caches.followers(), now);
  std::vector<Request*> moved;
  for (auto& [id, request] : requests) {
    if (request.pool != &from && request.pool != &to) continue;
    const bool moves = request.pool == &from;
    if (request.attempt) Limits::rebase(request.attempt->spending, (moves ? to : from).limits.spent());
    if (moves) moved.push_back(&request);
  }
  std::sort(moved.begin(), moved.end(), [](const Request* a, const Request* b) { return a->item.rank < b->item.rank; });
  for (Request* request : moved) {
    request->pool = &to;
    --from.users;
    ++to.users;
    request->stood.reset();
    request->came_back = false;
    if (request->place == Request::Place::queued) {
      from.queue.erase(request->item, now);
      request->ahead_from.reset();
      wait_in_queue(*request, now);
    }
  }
  to.merge(from, now);
  touch(to);
}

void Scheduler::Impl::touch(Pool& pool) {
  pool.changed = true;
  if (pool.listed || pool.queue.empty()) return;
  pool.listed = true;
  busy.push_back(&pool);
}
}  // namespace hivemind
