#include "core/fair_order.h"

#include <algorithm>

namespace hivemind {

template <class Change>
void FairOrder::change(FairFlow& flow, Change change) {
  if (flow.backlogged) order_.erase(key(flow));
  change();
  if (flow.backlogged) order_.insert(key(flow));
}

void FairOrder::enter(FairFlow& flow) {
  if (flow.backlogged) return;
  flow.backlogged = true;
  flow.tag = std::max(flow.tag, virtual_time_);
  weight_ += flow.weight;
  order_.insert(key(flow));
}

void FairOrder::leave(FairFlow& flow) {
  if (!flow.backlogged) return;
  order_.erase(key(flow));
  flow.backlogged = false;
  weight_ = order_.empty() ? 0 : weight_ - flow.weight;
}

void FairOrder::update(FairFlow& flow, int band, std::int64_t rank) {
  if (flow.band == band && flow.rank == rank) return;
  change(flow, [&] {
    if (band < flow.band && flow.backlogged) flow.tag = std::max(flow.tag, virtual_time_);
    flow.band = band;
    flow.rank = rank;
  });
}

void FairOrder::served(FairFlow& flow, double cost) {
  virtual_time_ = std::max(virtual_time_ + cost / std::max(weight_, flow.weight), flow.tag);
  change(flow, [&] { flow.tag += cost / flow.weight; });
}

void FairOrder::correct(FairFlow& flow, double cost) {
  change(flow, [&] { flow.tag += cost / flow.weight; });
}

void FairOrder::restore(FairFlow& flow, double tag) {
  change(flow, [&] { flow.tag = std::min(flow.tag, tag); });
}
}  // namespace hivemind
