// provider_model.h - how a provider treats its accounts: limits, a concurrency cap, latency, output length, prompt
// cache and faults. No socket, clock or thread: time and randomness are arguments, so a simulator can drive it too.
// Invariant: every request that begin() accepted (Verdict::admitted) is in flight until end() is called for it.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/provider/fault.h"
#include "sim/provider/prompt_cache.h"
#include "sim/provider/rate_limit.h"
#include "sim/provider/traffic.h"

namespace hivemind::provider {

using Rng = std::mt19937_64;

struct FaultRate {
  Fault fault;
  double rate = 0;  // of the requests that come so far
};

struct ModelConfig {
  std::vector<LimitSpec> limits{};
  int concurrency_cap = 0;       // per account; 0: none. Beyond it: overloaded
  Duration latency{}, jitter{};  // until the first byte of an answer: latency, give or take
  double spike_rate = 0, spike_factor = 1;
  std::optional<double> output_mean{};  // tokens of an answer; nullopt: the fixed text
  double output_deviation = 0;
  std::int64_t fixed_output = 5;  // tokens of the fixed text
  Duration cache_ttl = 5min;
  std::int64_t acceleration = 0;    // tokens a minute above which traffic may grow by half in 15 minutes; 0: at will
  std::vector<FaultRate> faults{};  // those before an answer are tried in this order, resets first
};

struct ModelRequest {
  std::string account, model;
  Prompt prompt;
  std::optional<std::int64_t> max_tokens;
  std::int64_t cache_step = 1;  // PromptCache::look_up
};

// Which limit refused a request.
struct Rejection {
  LimitSpec limit;
  std::int64_t used = 0, requested = 0;
  std::optional<Duration> retry_after;  // nullopt: can never be served
};

struct Verdict {
  Fault fault;                         // a rate limit shows as status 429, the concurrency cap as 529
  std::optional<Rejection> rejection;  // by a limit of the model, not by an injected fault
  bool over_capacity = false;          // by the concurrency cap
  bool too_fast = false;               // traffic grew too fast
  bool admitted = false;               // end() is due
  Duration latency{};                  // from now to the first byte, or to the fault
  CacheUse prompt;
  std::int64_t output_tokens = 0;
  bool cut_by_max_tokens = false;
};

struct LimitState {
  Dimension dimension = Dimension::requests;
  std::int64_t limit = 0, remaining = 0;
  Duration reset_after{};
};

class ProviderModel {
public:
  explicit ProviderModel(ModelConfig config) : config_(std::move(config)) {}

  // Order of checks: scripted fault, concurrency cap, faults by rate, limits, faults that need an accepted request.
  Verdict begin(const ModelRequest& request, TimePoint now, Rng& rng);
  // The first content of an answer: its prompt can be read from the cache by others.
  void content_begins(const ModelRequest& request, TimePoint now);
  void produced(const ModelRequest& request, std::int64_t tokens, TimePoint now);
  void end(const ModelRequest& request);

  // The next requests meet these, one each, whatever the rates say.
  void set_script(std::vector<Fault> script) { script_.assign(script.begin(), script.end()); }
  std::size_t script_left() const { return script_.size(); }
  std::vector<LimitState> limits(const std::string& account, const std::string& model, TimePoint now);
  int in_flight(const std::string& account) const;
  // Forgets every account; the script and the configuration stay.
  void forget_accounts();

private:
  struct Pool {
    std::vector<RateLimit> limits;
    PromptCache cache;
    Traffic traffic;
  };
  Pool& pool(const std::string& account, const std::string& model, TimePoint now);
  std::optional<Rejection> charge(Pool& pool, const ModelRequest& request, const CacheUse& prompt, TimePoint now);
  std::optional<Fault> draw_fault(bool early, Rng& rng) const;

  ModelConfig config_;
  std::deque<Fault> script_;
  std::map<std::pair<std::string, std::string>, Pool> pools_;  // by account and model class
  std::map<std::string, int> in_flight_;                       // by account
};

// Models of one class share limits: the date, a minor version and "[1m]" do not count.
std::string model_class(std::string_view model);
}  // namespace hivemind::provider
