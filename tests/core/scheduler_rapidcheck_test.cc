// Whatever events come in whatever order, under every policy: what always holds. rapidcheck makes the events, and
// shrinks what breaks a property to the fewest that do.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "core/order_policy.h"
#include "tests/core/fleet.h"

namespace hivemind {
namespace {

// What to do, and with which of what there is.
using Event = std::tuple<unsigned char, unsigned char, unsigned short>;
constexpr std::int64_t per_minute = 30, cap = 40'000;

// What an attempt may truly use: its estimate is right here, and its output stays within its cap.
std::int64_t most_of(const RequestProfile& profile) { return profile.input_tokens + profile.output_bound; }

struct Told {
  std::vector<std::pair<RequestId, bool>> actions;  // dispatched, else refused
  bool operator==(const Told&) const = default;
};

// Runs the events and checks as it goes; what the scheduler did, for comparison.
class World {
public:
  explicit World(const std::string& policy) {
    SchedulerConfig config;
    config.policy = policy;
    config.max_hold = 20min;
    config.seeds[""].requests_per_minute = per_minute;
    scheduler_.emplace(config);
    for (RunId run = 1; run <= 4; ++run) {
      auto spec = run_spec(run, static_cast<Priority>(run - 1));
      if (run == 2) spec.token_budget = cap;
      scheduler_->add_run(spec, now_);
    }
  }
  Told run(const std::vector<Event>& events) {
    for (const auto& event : events) {
      step(event);
      act();
    }
    // Everything that is left goes or is refused, by time and answers alone.
    for (int i = 0; i < 100'000 && !(waiting_.empty() && running_.empty()); ++i) {
      if (!running_.empty()) {
        finish(0);
      } else {
        const auto wake = scheduler_->wake_at();
        RC_ASSERT(wake.has_value());
        now_ = std::max(now_, *wake);
      }
      act();
    }
    RC_ASSERT(waiting_.empty() && running_.empty());
    RC_ASSERT(!scheduler_->wake_at().has_value());
    RC_ASSERT(longest_wait_ <= 20min);
    return told_;
  }

private:
  void step(const Event& event) {
    const auto [what, which, amount] = event;
    switch (what % 8) {
      case 0:
      case 1:
      case 2: {
        auto asked = profile("anthropic", 1 + amount % 2000, 1 + amount % 3000);
        asked.agent = "agent" + std::to_string(which % 3);
        asked.body_hash = 1 + which % 5;
        asked.request_class = which % 2 ? "main" : "auxiliary";
        // Prompts that begin alike, to be waited for.
        if (asked.input_tokens > 1100)
          asked.prefixes = {{1u + which % 2, 1100, 5min}, {10u + which % 7, asked.input_tokens, 1min}};
        waiting_[scheduler_->submit(1 + which % 4, asked, now_)] = {now_, 1u + which % 4, asked};
        break;
      }
      case 3:
      case 4:
        if (!running_.empty()) finish(which);
        break;
      case 5:
        if (!running_.empty()) fail(which, amount);
        break;
      case 6:
        now_ += std::chrono::milliseconds(amount % 30'000);
        break;
      case 7:
        if (amount % 3 == 0 && !running_.empty()) {
          const auto [id, known] = take(which);
          if (known.run == 2) spent_ += most_of(known.profile);
          scheduler_->cancel(id, {}, now_);
        } else if (!waiting_.empty()) {
          const auto at = std::next(waiting_.begin(), which % static_cast<long>(waiting_.size()));
          scheduler_->cancel(at->first, {}, now_);
          waiting_.erase(at);
        }
        break;
    }
  }
  void act() {
    for (const auto& action : scheduler_->act(now_)) {
      const auto* sent = std::get_if<Dispatch>(&action);
      const auto id = std::visit([](const auto& a) { return a.request; }, action);
      const auto found = waiting_.find(id);
      RC_ASSERT(found != waiting_.end());
      longest_wait_ = std::max(longest_wait_, now_ - found->second.since);
      told_.actions.emplace_back(id, sent != nullptr);
      if (sent) {
        running_.push_back({id, found->second});
        if (found->second.run == 2) reserved_ += most_of(found->second.profile);
        sent_.push_back(now_);
      }
      waiting_.erase(found);
    }
    // Never above the limit we know: a bucket of a minute's worth lets out at most that and what came in since, and
    // again what met a fault: most likely nobody counted it.
    for (auto from = sent_.begin(); from != sent_.end(); ++from) {
      const double minutes = std::chrono::duration<double>(sent_.back() - *from).count() / 60;
      const auto again = lost_.end() - std::lower_bound(lost_.begin(), lost_.end(), *from);
      RC_ASSERT(static_cast<double>(sent_.end() - from - again) <= per_minute * (1 + minutes) + 1);
    }
    RC_ASSERT(spent_ + reserved_ <= cap);
    // Work-conserving: what waits has a time at which it is looked at again, or somebody under way.
    RC_ASSERT(waiting_.empty() || !running_.empty() || scheduler_->wake_at().has_value());
    RC_ASSERT(!scheduler_->wake_at() || *scheduler_->wake_at() > now_);
  }
  struct Known {
    TimePoint since;
    RunId run = 0;
    RequestProfile profile;
  };
  std::pair<RequestId, Known> take(std::size_t which) {
    const auto at = running_.begin() + static_cast<long>(which % running_.size());
    const auto taken = *at;
    running_.erase(at);
    if (taken.second.run == 2) reserved_ -= most_of(taken.second.profile);
    return taken;
  }
  void finish(std::size_t which) {
    const auto [id, known] = take(which);
    auto used = usage(known.profile.input_tokens, known.profile.output_bound / 2);
    if (which % 2 && used.input > 1100) used.cache_read = 1100, used.input -= 1100;
    if (known.run == 2) spent_ += used.total();
    if (which % 3) scheduler_->first_content(id, now_);
    scheduler_->finished(id, used, which % 5 == 4, now_);
  }
  void fail(std::size_t which, unsigned amount) {
    const auto [id, known] = take(which);
    // None that would teach another limit than the one the account keeps to here.
    Failure failure{static_cast<FailureClass>(3 + amount % 5), amount % 3 ? 500 : 0, std::nullopt, ""};
    if (failure.failure_class == FailureClass::overload || failure.failure_class == FailureClass::fault)
      lost_.push_back(now_);
    if (amount % 5 == 0) failure.retry_after = std::chrono::seconds(amount % 90);
    if (scheduler_->failed(id, failure, {}, now_) == FailureVerdict::retry)
      waiting_[id] = {now_, known.run, known.profile};
  }

  std::optional<Scheduler> scheduler_;
  TimePoint now_ = start;
  std::map<RequestId, Known> waiting_;
  std::vector<std::pair<RequestId, Known>> running_;
  std::vector<TimePoint> sent_, lost_;
  std::int64_t spent_ = 0, reserved_ = 0;
  Duration longest_wait_{};
  Told told_;
};

class AnyEvents : public testing::TestWithParam<std::string_view> {};

TEST_P(AnyEvents, KeepTheInvariants) {
  const std::string policy(GetParam());
  EXPECT_TRUE(rc::check(policy, [&](const std::vector<Event>& events) { World(policy).run(events); }));
}

TEST_P(AnyEvents, GiveTheSameTwice) {
  const std::string policy(GetParam());
  EXPECT_TRUE(rc::check(policy, [&](const std::vector<Event>& events) {
    RC_ASSERT(World(policy).run(events) == World(policy).run(events));
  }));
}

INSTANTIATE_TEST_SUITE_P(Policies, AnyEvents, testing::ValuesIn(policy_names()), [](const auto& name) {
  std::string text(name.param);
  std::replace(text.begin(), text.end(), '-', '_');
  return text;
});
}  // namespace
}  // namespace hivemind
