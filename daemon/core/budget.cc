#include "core/budget.h"

#include <algorithm>

namespace hivemind {

std::shared_ptr<Budget> Budget::open(std::int64_t limit, std::int64_t spent, std::shared_ptr<Budget> parent,
                                     std::shared_ptr<Budget> cap) {
  limit = std::clamp<std::int64_t>(limit, 0, unlimited);
  if (parent) {
    limit = std::min(limit, std::max<std::int64_t>(parent->own_left(), 0));
    cap = parent->cap_;
  }
  return std::shared_ptr<Budget>(new Budget(limit, spent, std::move(parent), std::move(cap), false));
}

std::shared_ptr<Budget> Budget::shared(std::int64_t limit, std::shared_ptr<Budget> cap) {
  return std::shared_ptr<Budget>(
      new Budget(std::clamp<std::int64_t>(limit, 0, unlimited), 0, nullptr, std::move(cap), true));
}

Budget::Budget(std::int64_t limit, std::int64_t spent, std::shared_ptr<Budget> parent, std::shared_ptr<Budget> cap,
               bool shared)
    : limit_(limit), spent_(spent), parent_(std::move(parent)), cap_(std::move(cap)), shared_(shared) {
  if (parent_) parent_->carved_ += limit_;
}

Budget::~Budget() {
  if (!parent_) return;
  parent_->carved_ -= limit_;
  parent_->spent_ += spent_;
}

std::int64_t Budget::left() const { return cap_ ? std::min(own_left(), cap_->left()) : own_left(); }

bool Budget::may_fit_later(std::int64_t bound) const {
  return bound <= own_left() + reserved_ && (!cap_ || cap_->may_fit_later(bound));
}

const Budget* Budget::short_of(std::int64_t bound) const {
  if (bound > own_left()) return this;
  return cap_ ? cap_->short_of(bound) : nullptr;
}

std::optional<Budget::Reservation> Budget::reserve(const std::shared_ptr<Budget>& budget, std::int64_t bound) {
  bound = std::max<std::int64_t>(bound, 0);
  if (budget->short_of(bound)) return std::nullopt;
  for (auto* each = budget.get(); each; each = each->cap_.get()) each->reserved_ += bound;
  return Reservation(budget, bound);
}

void Budget::Reservation::settle(std::int64_t actual) {
  const auto budget = std::exchange(budget_, nullptr);
  if (!budget) return;
  for (auto* each = budget.get(); each; each = each->cap_.get()) {
    each->reserved_ -= bound_;
    each->spent_ += std::max<std::int64_t>(actual, 0);
  }
}
}  // namespace hivemind
