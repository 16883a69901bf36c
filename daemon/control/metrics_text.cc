#include "control/metrics_text.h"

#include <array>
#include <cstdio>
#include <initializer_list>
#include <utility>

#include "control/snapshot_json.h"

namespace hivemind {
namespace {

using Labels = std::initializer_list<std::pair<const char*, std::string>>;

std::string escaped(const std::string& value) {
  std::string text;
  for (const char c : valid_utf8(value)) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  return text;
}

class Metrics {
public:
  void begin(const char* name, const char* type, const char* help) {
    name_ = name;
    text_ += "# HELP " + name_ + ' ' + help + "\n# TYPE " + name_ + ' ' + type + '\n';
  }
  void sample(double value, Labels labels = {}) {
    text_ += name_;
    const char* before = "{";
    for (const auto& [label, of] : labels) {
      text_ += std::string(before) + label + "=\"" + escaped(of) + '"';
      before = ",";
    }
    std::array<char, 40> number{};
    std::snprintf(number.data(), number.size(), "%.15g", value);
    text_ += std::string(labels.size() ? "} " : " ") + number.data() + '\n';
  }
  std::string take() { return std::move(text_); }

private:
  std::string name_, text_;
};

template <class Number>
double number(Number value) {
  return static_cast<double>(value);
}

void pools(Metrics& out, const Snapshot& snapshot) {
  const auto each = [&](const char* name, const char* type, const char* help, auto value) {
    out.begin(name, type, help);
    for (const auto& pool : snapshot.pools) {
      out.sample(number(value(pool)),
                 {{"provider", pool.provider}, {"account", pool.account}, {"model_class", pool.model_class}});
    }
  };
  each("hivemind_pool_window", "gauge", "Concurrent requests that AIMD allows.", [](auto& p) { return p.window; });
  each("hivemind_pool_in_flight", "gauge", "Requests at the provider now.", [](auto& p) { return p.in_flight; });
  each("hivemind_pool_waiting", "gauge", "Requests waiting for the pool now.", [](auto& p) { return p.waiting; });
  each("hivemind_pool_breaker_open", "gauge", "1 while a breaker holds the queue.",
       [](auto& p) { return p.breaker.empty() || p.breaker == "closed" ? 0 : 1; });
  each("hivemind_pool_rate_limited_total", "counter", "Rate limit answers of the provider.",
       [](auto& p) { return p.rate_limited; });
  each("hivemind_pool_overloads_total", "counter", "Overload answers of the provider.",
       [](auto& p) { return p.overloads; });
  each("hivemind_pool_faults_total", "counter", "Resets, gateway errors and lost connections.",
       [](auto& p) { return p.faults; });
  const auto limits = [&](const char* name, const char* help, auto value) {
    out.begin(name, "gauge", help);
    for (const auto& pool : snapshot.pools) {
      for (const auto& limit : pool.limits) {
        out.sample(number(value(limit)), {{"provider", pool.provider},
                                          {"account", pool.account},
                                          {"model_class", pool.model_class},
                                          {"dimension", dimension_key(limit.dimension)}});
      }
    }
  };
  limits("hivemind_limit", "What the provider allows per window.", [](auto& l) { return l.limit; });
  limits("hivemind_limit_available", "What is left of it after reservations.", [](auto& l) { return l.available; });
}

void runs(Metrics& out, const Snapshot& snapshot) {
  const auto each = [&](const char* name, const char* type, const char* help, auto value) {
    out.begin(name, type, help);
    for (const auto& run : snapshot.runs)
      out.sample(number(value(run)), {{"run", run_id_text(run.id)}, {"name", run.name}});
  };
  each("hivemind_run_in_flight", "gauge", "Requests of the run at a provider now.",
       [](auto& r) { return r.in_flight; });
  each("hivemind_run_waiting", "gauge", "Requests of the run waiting now.", [](auto& r) { return r.waiting; });
  each("hivemind_run_requests_total", "counter", "Generations that got an answer.", [](auto& r) { return r.requests; });
  each("hivemind_run_retries_total", "counter", "Failures absorbed.", [](auto& r) { return r.retries; });
  each("hivemind_run_errors_total", "counter", "Provider errors passed on.", [](auto& r) { return r.errors; });
  each("hivemind_run_refused_total", "counter", "Requests refused by HiveMind.", [](auto& r) { return r.refused; });
  each("hivemind_run_input_tokens_total", "counter", "Input tokens used.", [](auto& r) { return r.input_tokens; });
  each("hivemind_run_output_tokens_total", "counter", "Output tokens used.", [](auto& r) { return r.output_tokens; });
  each("hivemind_run_cached_tokens_total", "counter", "Input tokens read from the provider's cache.",
       [](auto& r) { return r.cached_tokens; });
  each("hivemind_run_waited_seconds_total", "counter", "Time requests waited.",
       [](auto& r) { return std::chrono::duration<double>(r.waited).count(); });
}
}  // namespace

std::string metrics_text(const DaemonInfo& info, const Snapshot& snapshot) {
  Metrics out;
  out.begin("hivemind_info", "gauge", "The daemon's version.");
  out.sample(1, {{"version", info.version}});
  out.begin("hivemind_uptime_seconds", "gauge", "Since the daemon started.");
  out.sample(std::chrono::duration<double>(info.uptime).count());
  out.begin("hivemind_connections", "gauge", "Client connections open now.");
  out.sample(number(info.connections));
  out.begin("hivemind_queue", "gauge", "Requests waiting in all.");
  out.sample(number(snapshot.queue.size()));
  pools(out, snapshot);
  runs(out, snapshot);
  return out.take();
}
}  // namespace hivemind
