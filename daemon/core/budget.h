// budget.h - how many tokens may be spent, nested: a run's, its parent's, and the caps that runs share.
// A child run's budget is carved out of its parent's. A cap (of a group of runs, a day, all together) is shared: what
// is reserved below it is reserved of it too, and nobody's part is set aside.
// Invariant: spent + reserved + carved <= limit, as long as every reservation was a true upper bound.
// A reservation cannot be copied; one that is dropped unsettled is forfeited: charged in full, never refunded.
#pragma once
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

namespace hivemind {

class Budget {
public:
  class Reservation;
  static constexpr std::int64_t unlimited = std::numeric_limits<std::int64_t>::max() / 4;

  // With a parent that has less left than `limit`, the child gets what is left, and shares its parent's caps.
  static std::shared_ptr<Budget> open(std::int64_t limit, std::int64_t spent, std::shared_ptr<Budget> parent,
                                      std::shared_ptr<Budget> cap = nullptr);
  static std::shared_ptr<Budget> shared(std::int64_t limit, std::shared_ptr<Budget> cap);
  ~Budget();  // gives what is left back to the parent
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  static std::optional<Reservation> reserve(const std::shared_ptr<Budget>& budget, std::int64_t bound);

  std::int64_t limit() const { return limit_; }
  std::int64_t spent() const { return spent_; }
  std::int64_t reserved() const { return reserved_; }
  std::int64_t left() const;  // of it and of every cap above it
  // True when refunds of what is reserved now could make room for `bound`.
  bool may_fit_later(std::int64_t bound) const;
  // The first of it and its caps that has not `bound` left; nullptr: all have.
  const Budget* short_of(std::int64_t bound) const;
  bool is_shared() const { return shared_; }
  const std::shared_ptr<Budget>& parent() const { return parent_; }
  const std::shared_ptr<Budget>& cap() const { return cap_; }

  void set_limit(std::int64_t limit) { limit_ = std::min(std::max<std::int64_t>(limit, 0), unlimited); }
  // A new period, or one that outlived a restart: so much of it is spent.
  void set_spent(std::int64_t spent) { spent_ = std::min(std::max<std::int64_t>(spent, 0), unlimited); }

private:
  Budget(std::int64_t limit, std::int64_t spent, std::shared_ptr<Budget> parent, std::shared_ptr<Budget> cap,
         bool shared);
  std::int64_t own_left() const { return limit_ - spent_ - reserved_ - carved_; }

  std::int64_t limit_, spent_, reserved_ = 0, carved_ = 0;
  std::shared_ptr<Budget> parent_, cap_;
  bool shared_;
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

  std::shared_ptr<Budget> budget_;  // and every cap above it
  std::int64_t bound_;
};
}  // namespace hivemind
