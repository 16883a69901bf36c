#include "core/flow_order.h"

#include <algorithm>

namespace hivemind {
namespace {
// What bands get of a level on which they meet.
constexpr std::array<double, FlowOrder::bands> weights{8, 4, 2, 1};
bool climbs(int band) { return band > 0 && band < FlowOrder::overdue; }
}  // namespace

FlowOrder::FlowOrder(const OrderPolicy& policy, bool banded, Duration aging_step)
    : banded_(banded), aging_step_(aging_step) {
  for (int band = 0; band <= overdue; ++band) {
    of(band).policy = policy.clone();
    of(band).level = band == overdue ? -1 : band;
  }
}

FlowKey FlowOrder::key(OrderedFlow& flow) const {
  const bool by_arrival = !banded_ || flow.placed == overdue;
  return {by_arrival ? 0.0 : of(flow.placed).policy->key(flow), flow.rank, &flow};
}

void FlowOrder::insert(OrderedFlow& flow) {
  Band& band = of(flow.placed);
  flow.at = band.order.insert(key(flow)).first;
  if (climbs(flow.placed)) flow.age = band.ages.emplace_hint(band.ages.end(), flow.since, &flow);
  ++size_;
}

void FlowOrder::remove(OrderedFlow& flow) {
  Band& band = of(flow.placed);
  band.order.erase(flow.at);
  if (climbs(flow.placed)) band.ages.erase(flow.age);
  --size_;
}

void FlowOrder::enter(OrderedFlow& flow) {
  if (flow.backlogged) return;
  flow.placed = place_of(flow);
  if (flow.placed != overdue) {
    if (flow.home != flow.placed) flow.tag = 0;  // another band's time says nothing here
    flow.home = flow.placed;
  }
  of(flow.home).policy->entered(flow);
  flow.backlogged = true;
  insert(flow);
}

void FlowOrder::leave(OrderedFlow& flow) {
  if (!flow.backlogged) return;
  remove(flow);
  flow.backlogged = false;
  of(flow.home).policy->left(flow);
}

void FlowOrder::rekey(OrderedFlow& flow) {
  if (!flow.backlogged) return;
  const int place = place_of(flow);
  if (place != flow.placed) {
    if (place != overdue && place != flow.home) {
      leave(flow);
      enter(flow);
      return;
    }
    remove(flow);
    flow.placed = place;
    insert(flow);
    return;
  }
  Band& band = of(flow.placed);
  if (climbs(flow.placed) && flow.age->first != flow.since) {
    auto age = band.ages.extract(flow.age);
    age.value().first = flow.since;
    flow.age = band.ages.insert(band.ages.end(), std::move(age));
  }
  const FlowKey now = key(flow);
  if (now == *flow.at) return;
  auto node = band.order.extract(flow.at);
  node.value() = now;
  flow.at = band.order.insert(std::move(node)).position;
}

void FlowOrder::served(OrderedFlow& flow, double cost) {
  if (flow.placed < overdue) of(flow.placed).tag += cost / weights[static_cast<std::size_t>(flow.placed)];
  of(flow.home).policy->served(flow, cost);
}

void FlowOrder::correct(OrderedFlow& flow, double extra) {
  of(flow.home).policy->corrected(flow, extra);
  rekey(flow);
}

void FlowOrder::rescale(double factor) {
  for (auto& band : bands_) {
    band.policy->rescaled(factor);
    band.tag *= factor;
  }
}

int FlowOrder::level(int band, TimePoint now) const {
  if (band == 0 || band == overdue || of(band).ages.empty()) return of(band).level;
  const auto steps = std::max<std::int64_t>(0, (now - of(band).ages.begin()->first) / aging_step_);
  return static_cast<int>(std::max<std::int64_t>(0, band - steps));
}

// A band that comes to a level starts there with the one that is furthest behind, as if it had just arrived.
void FlowOrder::settle_levels(TimePoint now) {
  for (int band = 0; band < bands; ++band) {
    Band& moved = of(band);
    if (moved.order.empty()) {
      moved.level = -2;  // nowhere: whoever comes back arrives
      continue;
    }
    const int at = band == 0 ? 0 : level(band, now);
    if (at == moved.level) continue;
    moved.level = at;
    double least = -1;
    for (int other = 0; other < bands; ++other) {
      if (other == band || of(other).order.empty() || of(other).level != at) continue;
      least = least < 0 ? of(other).tag : std::min(least, of(other).tag);
    }
    if (least >= 0) moved.tag = std::max(moved.tag, least);
  }
}

OrderedFlow* FlowOrder::first(TimePoint now) {
  if (size_ == 0) return nullptr;
  const Band* best = &of(overdue);
  if (best->order.empty()) {
    settle_levels(now);
    best = nullptr;
    for (int band = 0; band < bands; ++band) {
      const Band& b = of(band);
      if (b.order.empty()) continue;
      if (!best || std::tie(b.level, b.tag) < std::tie(best->level, best->tag)) best = &b;
    }
  }
  return static_cast<OrderedFlow*>(std::get<2>(*best->order.begin()));
}

FlowOrder FlowOrder::without_flows() const {
  FlowOrder other(policy(), banded_, aging_step_);
  for (int band = 0; band <= overdue; ++band) {
    other.of(band).policy = of(band).policy->clone();
    other.of(band).tag = of(band).tag;
    other.of(band).level = of(band).level;
  }
  return other;
}
}  // namespace hivemind
