// budget.h - how many tokens a run may spend, nested: a child's budget is carved out of its parent's.
// Invariant: spent + reserved + carved <= limit, as long as every reservation was a true upper bound.
// A reservation cannot be copied; one that is dropped unsettled is forfeited: charged in full, never refunded.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace hivemind {

class Budget {
public:
  class Reservation;

  // With a parent that has less left than `limit`, the child gets what is left.
  static std::shared_ptr<Budget> open(std::int64_t limit, std::int64_t spent, std::shared_ptr<Budget> parent);
  ~Budget();  // gives what is left back to the parent
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  static std::optional<Reservation> reserve(const std::shared_ptr<Budget>& budget, std::int64_t bound);

  std::int64_t limit() const { return limit_; }
  std::int64_t spent() const { return spent_; }
  std::int64_t reserved() const { return reserved_; }
  std::int64_t left() const { return limit_ - spent_ - reserved_ - carved_; }
  // True when refunds of what is reserved now could make room for `bound`.
  bool may_fit_later(std::int64_t bound) const { return bound <= left() + reserved_; }
  const std::shared_ptr<Budget>& parent() const { return parent_; }

private:
  Budget(std::int64_t limit, std::int64_t spent, std::shared_ptr<Budget> parent);

  std::int64_t limit_, spent_, reserved_ = 0, carved_ = 0;
  std::shared_ptr<Budget> parent_;
};

class Budget::Reservation {
public:
  Reservation(Reservation&& other) noexcept : budget_(std::move(other.budget_)), bound_(other.bound_) {}
  Reservation& operator=(Reservation&& other) noexcept {
    settle(bound_);
    budget_ = std::move(other.budget_);
    bound_ = other.bound_;
    return *this;
  }
  ~Reservation() { settle(bound_); }

  void settle(std::int64_t actual);  // once; later calls do nothing
  void refund() { settle(0); }
  std::int64_t bound() const { return bound_; }

private:
  friend class Budget;
  Reservation(std::shared_ptr<Budget> budget, std::int64_t bound) : budget_(std::move(budget)), bound_(bound) {}

  std::shared_ptr<Budget> budget_;
  std::int64_t bound_;
};
}  // namespace hivemind
