// wire.h - what a provider answers as bytes, and what the daemon's dialect reads out of them. Headers, bodies and
// errors are written by the provider's code and parsed by the scheduler's, so that both are part of every simulation.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/dialect.h"
#include "sim/provider/dialect.h"
#include "sim/scenario.h"

namespace hivemind::sim {

// The provider's side: heads and bodies of its answers.
class Speaker {
public:
  explicit Speaker(const Provider& provider);
  struct Told {
    const provider::Verdict& verdict;
    const std::vector<provider::LimitState>& limits;
    std::string_view model;
    std::uint64_t number = 0;
    double unix_now = 0;
  };
  // An error, complete. `fault` is what happens; of a rate limit the verdict says which.
  std::string error(const provider::Fault& fault, const Told& told) const;
  // A stream: the head, what opens it, its one piece of content, its end with the usage.
  std::string success_head(const Told& told) const;
  std::string opening(const Told& told) const;
  std::string content(const Told& told) const;
  std::string closing(const Told& told) const;
  std::string overloaded(const Told& told) const;

private:
  std::string head(int status, std::string_view type, std::optional<std::size_t> length, const provider::Fault& fault,
                   const Told& told) const;
  provider::Answer answer(const Told& told) const;
  provider::Circumstances circumstances(const Told& told) const;
  provider::Fault spoken(provider::Fault fault) const;

  const provider::Dialect& dialect_;
  bool announces_, retry_after_;
};

// The daemon's side: one response, read as it comes. `head` is one complete head.
class Listener {
public:
  Listener(const Dialect& dialect, std::string_view head, double unix_now);
  void feed(std::string_view body) { reader_->feed(body); }
  void finish() { reader_->finish(); }
  int status() const { return status_; }
  const std::vector<LimitReport>& limits() const { return limits_; }
  std::vector<LimitReport> body_limits() const { return reader_->limits(); }
  const std::string& organisation() const { return organisation_; }
  bool complete() const { return reader_->complete() && !reader_->failure(); }
  bool content_begun() const { return reader_->content_begun(); }
  std::optional<Failure> failure() const { return reader_->failure(); }
  Usage usage() const { return reader_->usage(); }

private:
  int status_ = 0;
  std::vector<LimitReport> limits_;
  std::string organisation_;
  std::unique_ptr<ResponseReader> reader_;
};
}  // namespace hivemind::sim
