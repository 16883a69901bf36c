// metrics_text.h - the daemon's state in Prometheus' text format.
// Invariant: one HELP and TYPE per name, labels escaped; names and labels are added, never renamed.
#pragma once
#include <string>

#include "control/control_server.h"
#include "core/snapshot.h"

namespace hivemind {
std::string metrics_text(const DaemonInfo& info, const Snapshot& snapshot);
}
