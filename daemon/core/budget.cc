#include "core/budget.h"

#include <algorithm>

namespace hivemind {

std::shared_ptr<Budget> Budget::open(std::int64_t limit, std::int64_t spent, std::shared_ptr<Budget> parent) {
  limit = std::max<std::int64_t>(limit, 0);
  if (parent) limit = std::min(limit, std::max<std::int64_t>(parent->left(), 0));
  return std::shared_ptr<Budget>(new Budget(limit, spent, std::move(parent)));
}

Budget::Budget(std::int64_t limit, std::int64_t spent, std::shared_ptr<Budget> parent)
    : limit_(limit), spent_(spent), parent_(std::move(parent)) {
  if (parent_) parent_->carved_ += limit_;
}

Budget::~Budget() {
  if (!parent_) return;
  parent_->carved_ -= limit_;
  parent_->spent_ += spent_;
}

std::optional<Budget::Reservation> Budget::reserve(const std::shared_ptr<Budget>& budget, std::int64_t bound) {
  bound = std::max<std::int64_t>(bound, 0);
  if (bound > budget->left()) return std::nullopt;
  budget->reserved_ += bound;
  return Reservation(budget, bound);
}

void Budget::Reservation::settle(std::int64_t actual) {
  const auto budget = std::exchange(budget_, nullptr);
  if (!budget) return;
  budget->reserved_ -= bound_;
  budget->spent_ += std::max<std::int64_t>(actual, 0);
}
}  // namespace hivemind
