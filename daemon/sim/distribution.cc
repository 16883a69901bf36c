#include "sim/distribution.h"

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/seconds.h"
#include "sim/provider/model_text.h"

namespace hivemind::sim {
namespace {
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const auto end = std::min(text.size(), text.find(' '));
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return words;
}
}  // namespace

Distribution Distribution::parse(std::string_view text) {
  const auto words = words_of(text);
  Distribution d;
  if (words.size() == 1) {
    d.first_ = provider::parse_duration(words[0]);
  } else if (words.size() == 3 && words[0] == "uniform") {
    d.kind_ = Kind::uniform;
    d.first_ = provider::parse_duration(words[1]);
    d.second_ = provider::parse_duration(words[2]);
    if (d.second_ < d.first_) throw std::invalid_argument("'" + std::string(text) + "': the shorter time comes first");
  } else if (words.size() == 2 && words[0] == "exponential") {
    d.kind_ = Kind::exponential;
    d.first_ = provider::parse_duration(words[1]);
  } else if (words.size() == 3 && words[0] == "lognormal") {
    d.kind_ = Kind::lognormal;
    d.first_ = provider::parse_duration(words[1]);
    d.deviation_ = provider::parse_real(words[2], "the deviation of a lognormal time");
  } else {
    throw std::invalid_argument(
        "'" + std::string(text) +
        "' is no time; write \"50ms\", \"uniform 1s 3s\", \"exponential 5s\" or \"lognormal 4s 1.0\"");
  }
  return d;
}

Duration Distribution::draw(Rng& rng) const {
  switch (kind_) {
    case Kind::fixed:
      break;
    case Kind::uniform:
      return from_seconds(std::uniform_real_distribution<>(in_seconds(first_), in_seconds(second_))(rng));
    case Kind::exponential:
      return from_seconds(-std::log(1 - std::uniform_real_distribution<>(0, 1)(rng)) * in_seconds(first_));
    case Kind::lognormal:
      return from_seconds(in_seconds(first_) * std::exp(std::normal_distribution<>(0, 1)(rng) * deviation_));
  }
  return first_;
}

Duration Distribution::mean() const {
  switch (kind_) {
    case Kind::uniform:
      return (first_ + second_) / 2;
    case Kind::lognormal:
      return from_seconds(in_seconds(first_) * std::exp(deviation_ * deviation_ / 2));
    default:
      return first_;
  }
}
}  // namespace hivemind::sim
