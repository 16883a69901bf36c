// model_text.h - a ModelConfig as text: how limits, latencies, lengths and faults are written on hivemind-mock's
// command line and in scenario files. Every parser throws std::invalid_argument that says what can be written.
#pragma once
#include <string_view>

#include "sim/provider/provider_model.h"

namespace hivemind::provider {

// requests|input-tokens|output-tokens|tokens=N and any of ,bucket ,window ,per=D ,quantum=D ,count-rejected
// ,charge-max ,model=PREFIX.
LimitSpec parse_limit(std::string_view text);
std::string limit_text(const LimitSpec& limit);
FaultRate parse_fault_rate(std::string_view text);                   // FAULT=RATE
void parse_latency(std::string_view text, ModelConfig& into);        // D[+-D]
void parse_spikes(std::string_view text, ModelConfig& into);         // PxF: with probability P F times as long
void parse_output_tokens(std::string_view text, ModelConfig& into);  // MEAN[:SD]

// A number of at least zero. `of` names it in the message.
std::int64_t parse_count(std::string_view text, std::string_view of);
double parse_real(std::string_view text, std::string_view of);
}  // namespace hivemind::provider
