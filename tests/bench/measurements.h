// measurements.h - what the load client can do; each prints one JSON object, described in its .cc.
#pragma once
#include "tests/bench/arguments.h"

namespace hivemind::bench {
void measure_rounds(const Arguments& arguments);   // latency of exchanges, interleaved over targets
void measure_load(const Arguments& arguments);     // a fixed number of exchanges over many connections
void measure_events(const Arguments& arguments);   // delay of each SSE event, interleaved over targets
void measure_connect(const Arguments& arguments);  // connect() through the libc beside the bare system call
void measure_spawn(const Arguments& arguments);    // from start to end of a command
void hold_idle(const Arguments& arguments);        // keeps connections open after one exchange each
void hold_streams(const Arguments& arguments);     // keeps streaming answers open
void serve_events(const Arguments& arguments);     // the SSE origin
}  // namespace hivemind::bench
