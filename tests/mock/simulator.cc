#include "tests/mock/simulator.h"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "tests/mock/log_entry.h"

namespace hivemind::mock {

Simulator::Simulator(Options chosen) : options(std::move(chosen)), model(options.model), rng(options.seed) {
  model.set_script(options.script);
  if (options.log_file.empty()) return;
  log_.reset(std::fopen(options.log_file.c_str(), "ae"));
  if (!log_) throw std::runtime_error("cannot write " + options.log_file + ": " + std::strerror(errno));
}

std::string Simulator::next_number() {
  char text[32];
  std::snprintf(text, sizeof text, "01mock%012llx", static_cast<unsigned long long>(++counter_));
  return text;
}

void Simulator::reset() {
  const auto in_flight = statistics.in_flight;
  statistics = Statistics{};
  statistics.in_flight = in_flight;
  rng.seed(options.seed);
  model.forget_accounts();
  model.set_script(options.script);
}

void Simulator::refill_script() {
  if (options.repeat_script && model.script_left() == 0) model.set_script(options.script);
}

void Simulator::log(const LogEntry& entry) {
  if (!log_) return;
  const auto line = entry.json();
  std::fwrite(line.data(), 1, line.size(), log_.get());
  std::fflush(log_.get());
}
}  // namespace hivemind::mock
