// status_view.h - the daemon's JSON (daemon/control/snapshot_json.h) as text for people. Pure.
// Invariant: whatever is missing from the JSON is left out, so that an older or newer daemon can be looked at.
#pragma once
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace hivemind::ctl {

struct Look {
  std::size_t width = 100;
  bool styled = false;  // headings in bold
};

std::string status_text(const boost::json::value& status, const Look& look);
std::string runs_text(const boost::json::value& runs, const Look& look);
std::string decisions_text(const boost::json::value& decisions, const Look& look);
// One picture of --watch on a terminal of so many lines: replaces the one before, and never scrolls.
std::string frame(const std::string& text, std::size_t lines);
// Where our roots are and until when they hold.
std::string certificates_text(const boost::json::value& status, std::int64_t now_unix);
}  // namespace hivemind::ctl
