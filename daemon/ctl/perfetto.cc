#include "ctl/perfetto.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <vector>

namespace hivemind::ctl {
namespace json = boost::json;
namespace {

std::string text(const json::object& object, const char* key) {
  const auto* found = object.if_contains(key);
  return found && found->is_string() ? std::string(found->get_string()) : "";
}
double number(const json::object& object, const char* key) {
  const auto* found = object.if_contains(key);
  return found && found->is_number() ? found->to_number<double>() : 0;
}

const json::array& list(const json::value& value, const char* key) {
  static const json::array none;
  const auto* found = value.is_object() ? value.get_object().if_contains(key) : nullptr;
  return found && found->is_array() ? found->get_array() : none;
}

// Draws decisions, oldest first, into lanes: what overlaps of one agent lies in lanes beside each other.
class Drawing {
public:
  explicit Drawing(const json::array& runs) {
    for (const auto& run : runs)
      if (run.is_object()) names_[text(run.get_object(), "id")] = text(run.get_object(), "name");
  }

  void add(const json::object& decision) {
    const double at = std::round(-1e6 * number(decision, "ago_s"));
    if (!begin_) begin_ = at;
    last_ = std::max(last_, at - *begin_);
    draw(open_[static_cast<std::uint64_t>(number(decision, "request"))], decision, last_);
  }

  json::object finish() {
    for (auto& [id, request] : open_) end_phase(request, last_);
    return {{"traceEvents", std::move(events_)}, {"displayTimeUnit", "ms"}};
  }

private:
  struct Request {
    std::int64_t process = 0, lane = 0;  // 0: not yet known
    std::string phase;                   // "waits", "runs"; empty: none
    double since = 0;
    json::object told;  // of the phase
  };

  void draw(Request& request, const json::object& decision, double at) {
    const auto kind = text(decision, "kind"), why = text(decision, "reason");
    if (request.lane == 0) {
      place(request, text(decision, "run"), text(decision, "agent"), at);
      // What came before the oldest decision is forgotten: it waited until now.
      if (kind == "dispatched") begin_phase(request, "waits", std::max(0.0, at - 1e6 * number(decision, "waited_s")));
    }
    request.told["request"] = number(decision, "request");
    if (kind == "queued") {
      begin_phase(request, "waits", at);
    } else if (kind == "held") {
      request.told["why"] = why;
      mark(request, "held: " + why, at);
    } else if (kind == "dispatched") {
      begin_phase(request, "runs", at);
      request.told["attempt"] = number(decision, "attempts");
    } else if (kind == "retried") {
      request.told["ended"] = why;
      mark(request, "retried: " + why, at);
      begin_phase(request, "waits", at);
    } else {  // refused, passed on, finished, cancelled
      request.told["ended"] = kind;
      if (kind != "finished") mark(request, kind + ": " + why, at);
      end_phase(request, at);
      free_at_[{request.process, request.lane}] = at;
    }
  }

  // The first lane of its agent that is free.
  void place(Request& request, const std::string& run, const std::string& agent, double at) {
    auto [process, new_run] = processes_.try_emplace(run, static_cast<std::int64_t>(processes_.size()) + 1);
    if (new_run) {
      const auto name = names_[run];
      describe("process_name", process->second, 0, name.empty() ? run : name);
    }
    request.process = process->second;
    for (int copy = 1; request.lane == 0; ++copy) {
      const auto name = (agent.empty() ? "main" : agent) + (copy > 1 ? " (" + std::to_string(copy) + ")" : "");
      auto [lane, new_lane] = lanes_.try_emplace({request.process, name}, static_cast<std::int64_t>(lanes_.size()) + 1);
      if (new_lane) describe("thread_name", request.process, lane->second, name);
      auto& free = free_at_.try_emplace({request.process, lane->second}, at).first->second;
      if (free > at) continue;
      request.lane = lane->second;
      free = HUGE_VAL;
    }
  }

  void begin_phase(Request& request, const char* phase, double at) {
    end_phase(request, at);
    request.phase = phase;
    request.since = at;
  }
  void end_phase(Request& request, double at) {
    if (!request.phase.empty() && request.lane != 0)
      events_.push_back(json::object{{"name", request.phase},
                                     {"cat", "request"},
                                     {"ph", "X"},
                                     {"ts", request.since},
                                     {"dur", at - request.since},
                                     {"pid", request.process},
                                     {"tid", request.lane},
                                     {"args", request.told}});
    request.told.clear();
    request.phase.clear();
  }
  void mark(const Request& request, const std::string& name, double at) {
    events_.push_back(json::object{{"name", name},
                                   {"cat", "decision"},
                                   {"ph", "i"},
                                   {"s", "t"},
                                   {"ts", at},
                                   {"pid", request.process},
                                   {"tid", request.lane}});
  }
  void describe(const char* what, std::int64_t process, std::int64_t lane, const std::string& name) {
    json::object event{{"name", what}, {"ph", "M"}, {"pid", process}, {"args", json::object{{"name", name}}}};
    if (lane > 0) event["tid"] = lane;
    events_.push_back(std::move(event));
  }

  std::map<std::string, std::string> names_;
  std::map<std::string, std::int64_t> processes_;
  std::map<std::pair<std::int64_t, std::string>, std::int64_t> lanes_;
  std::map<std::pair<std::int64_t, std::int64_t>, double> free_at_;
  std::map<std::uint64_t, Request> open_;
  json::array events_;
  std::optional<double> begin_;
  double last_ = 0;
};
}  // namespace

std::string perfetto_text(const json::value& decisions, const json::value& runs) {
  Drawing drawing(list(runs, "runs"));
  for (const auto& decision : list(decisions, "decisions"))
    if (decision.is_object()) drawing.add(decision.get_object());
  return json::serialize(drawing.finish()) + '\n';
}
}  // namespace hivemind::ctl
