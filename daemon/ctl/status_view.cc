#include "ctl/status_view.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "ctl/format.h"
#include "ctl/text_table.h"

namespace hivemind::ctl {
namespace {
namespace json = boost::json;

constexpr std::size_t most_waiting = 20;  // shown of the queue
constexpr std::size_t account_length = 8;

const json::value* find(const json::value& object, const char* key) {
  const auto* members = object.if_object();
  const auto* found = members ? members->if_contains(key) : nullptr;
  return found && !found->is_null() ? found : nullptr;
}
double number(const json::value& object, const char* key) {
  const auto* found = find(object, key);
  return found && found->is_number() ? found->to_number<double>() : 0;
}
std::string text(const json::value& object, const char* key) {
  const auto* found = find(object, key);
  return found && found->is_string() ? std::string(found->get_string()) : std::string();
}
const json::array& list(const json::value& object, const char* key) {
  static const json::array none;
  const auto* found = find(object, key);
  return found && found->is_array() ? found->get_array() : none;
}
std::string tenths(double value) {
  const auto tenth = std::llround(value * 10);
  return std::to_string(tenth / 10) + '.' + std::to_string(tenth % 10);
}
std::string count(const json::value& object, const char* key) { return count_text(number(object, key)); }
std::string seconds(const json::value& object, const char* key) {
  return find(object, key) ? duration_text(number(object, key)) : "";
}

std::string indented(const std::string& table) {
  std::string out;
  std::size_t from = 0;
  while (from < table.size()) {
    const auto end = table.find('\n', from);
    out += "  " + table.substr(from, end - from) + '\n';
    from = end + 1;
  }
  return out;
}

std::string section(const std::string& title, const TextTable& table, const std::string& when_empty, const Look& look) {
  const std::string heading = look.styled ? "\033[1m" + title + "\033[0m" : title;
  return "\n" + heading + "\n" + (table.empty() ? "  " + when_empty + "\n" : indented(table.render(look.width - 2)));
}

std::string head_line(const json::value& status) {
  const auto* daemon = find(status, "daemon");
  if (!daemon) return "hivemindd\n";
  const auto config = text(*daemon, "config_file");
  const auto* draining = find(*daemon, "draining");
  std::string line = "hivemindd " + text(*daemon, "version") + ", pid " +
                     std::to_string(static_cast<long>(number(*daemon, "pid"))) + ", up " +
                     seconds(*daemon, "uptime_s") + ", connections: " + count(*daemon, "connections");
  if (draining && draining->is_bool() && draining->get_bool()) line += ", stopping";
  return printable(line) + "\n" +
         (config.empty() ? "no configuration file, defaults" : "configured by " + printable(config)) + "\n";
}

std::string pool_name(const json::value& pool) { return text(pool, "provider") + ' ' + text(pool, "model_class"); }

std::string pools_section(const json::array& pools, const Look& look) {
  TextTable table({{"POOL", Align::left, Cut::first, true},
                   {"ACCOUNT"},
                   {"RUNNING", Align::right},
                   {"WINDOW", Align::right},
                   {"WAITING", Align::right},
                   {"LIMITED", Align::right},
                   {"OVERLOADS", Align::right},
                   {"FAULTS", Align::right},
                   {"BREAKER"}});
  for (const auto& pool : pools) {
    table.add({pool_name(pool), text(pool, "account").substr(0, account_length), count(pool, "in_flight"),
               tenths(number(pool, "window")), count(pool, "waiting"), count(pool, "rate_limited"),
               count(pool, "overloads"), count(pool, "faults"), text(pool, "breaker")});
  }
  return section("Pools", table, "none yet; a pool appears with the first request", look);
}

std::string per(double window_seconds) {
  if (window_seconds == 1) return "second";
  if (window_seconds == 60) return "minute";
  if (window_seconds == 3600) return "hour";
  return window_seconds == 86400 ? "day" : duration_text(window_seconds);
}

std::string limits_section(const json::array& pools, const Look& look) {
  TextTable table({{"POOL", Align::left, Cut::first, true},
                   {"LIMIT"},
                   {"LEFT", Align::right},
                   {"OF", Align::right},
                   {"PER"},
                   {"KNOWN FROM"},
                   {"PAUSED FOR", Align::right}});
  for (const auto& pool : pools) {
    for (const auto& limit : list(pool, "limits")) {
      auto dimension = text(limit, "dimension");
      std::replace(dimension.begin(), dimension.end(), '_', ' ');
      table.add({pool_name(pool), dimension, count(limit, "available"), count(limit, "limit"),
                 dimension == "concurrency" ? "" : per(number(limit, "window_s")), text(limit, "source"),
                 seconds(limit, "cooldown_s")});
    }
  }
  return table.empty() ? "" : section("Limits", table, "", look);
}

std::string window_name(double seconds_long) {
  const auto hours = std::llround(seconds_long / 3600);
  if (hours < 1) return std::to_string(std::llround(seconds_long / 60)) + " min";
  return hours < 48 ? std::to_string(hours) + " hours" : std::to_string(hours / 24) + " days";
}

// Long windows of which only a share is told, as subscriptions have them.
std::string windows_section(const json::array& pools, const Look& look) {
  TextTable table({{"POOL", Align::left, Cut::first, true},
                   {"WINDOW"},
                   {"USED", Align::right},
                   {"STATE"},
                   {"ENDS IN", Align::right},
                   {"USED UP IN", Align::right}});
  for (const auto& pool : pools) {
    for (const auto& window : list(pool, "windows")) {
      const auto flag = [&](const char* key) {
        const auto* found = find(window, key);
        return found && found->is_bool() && found->get_bool();
      };
      const bool paced = find(window, "paced_s") != nullptr;
      table.add({pool_name(pool), window_name(number(window, "window_s")) + (flag("model_only") ? ", this model" : ""),
                 std::to_string(std::llround(number(window, "used") * 100)) + "%",
                 flag("rejected") ? "rejected"
                 : paced          ? "paced, " + seconds(window, "paced_s")
                                  : "open",
                 seconds(window, "resets_s"), seconds(window, "exhausted_s")});
    }
  }
  return table.empty() ? "" : section("Windows", table, "", look);
}

// "61%" of the token budget, or nothing.
std::string spent_text(const json::value& run) {
  const double budget = number(run, "token_budget");
  if (!find(run, "token_budget")) return "";
  return count_text(budget > 0 ? number(run, "tokens_spent") / budget * 100 : 100) + "%";
}

std::string runs_section(const json::array& runs, const Look& look) {
  TextTable table({{"NAME", Align::left, Cut::first, true},
                   {"PRIORITY"},
                   {"RUNNING", Align::right},
                   {"WAITING", Align::right},
                   {"DONE", Align::right},
                   {"RETRIED", Align::right},
                   {"ERRORS", Align::right},
                   {"REFUSED", Align::right},
                   {"TOKENS", Align::right},
                   {"BUDGET", Align::right},
                   {"WAITED", Align::right}});
  for (const auto& run : runs) {
    const double tokens = number(run, "input_tokens") + number(run, "output_tokens") + number(run, "cached_tokens");
    const auto name = text(run, "name");
    table.add({name.empty() ? text(run, "id") : name, text(run, "priority"), count(run, "in_flight"),
               count(run, "waiting"), count(run, "requests"), count(run, "retries"), count(run, "errors"),
               count(run, "refused"), count_text(tokens), spent_text(run), seconds(run, "waited_s")});
    const auto& agents = list(run, "agents");
    if (agents.size() < 2) continue;  // the run itself
    for (const auto& agent : agents) {
      const auto agent_name = text(agent, "agent");
      table.add({"  " + (agent_name.empty() ? "(main)" : agent_name), "", count(agent, "in_flight"),
                 count(agent, "waiting"), count(agent, "requests")});
    }
  }
  return section("Runs", table, "none; hivemind-run COMMAND starts one", look);
}

// Caps that runs share.
std::string budgets_section(const json::array& budgets, const Look& look) {
  TextTable table({{"BUDGET", Align::left, Cut::first, true},
                   {"LEFT", Align::right},
                   {"OF", Align::right},
                   {"SPENT", Align::right},
                   {"SET ASIDE", Align::right}});
  for (const auto& budget : budgets) {
    const double limit = number(budget, "limit"), spent = number(budget, "spent"),
                 reserved = number(budget, "reserved");
    table.add({text(budget, "name"), count_text(std::max(0.0, limit - spent - reserved)), count_text(limit),
               count_text(spent), count_text(reserved)});
  }
  return table.empty() ? "" : section("Budgets", table, "", look);
}

std::string queue_section(const json::value& status, const Look& look) {
  std::unordered_map<std::string, std::string> names;
  for (const auto& run : list(status, "runs")) names[text(run, "id")] = text(run, "name");
  TextTable table({{"WHO", Align::left, Cut::first, true},
                   {"MODEL", Align::left, Cut::first, true},
                   {"PRIORITY"},
                   {"WAITED", Align::right},
                   {"WAITS FOR", Align::left, Cut::last}});
  const auto& queue = list(status, "queue");
  for (std::size_t i = 0; i < std::min(queue.size(), most_waiting); ++i) {
    const auto& waiting = queue[i];
    const auto run = text(waiting, "run"), agent = text(waiting, "agent");
    const auto& name = names[run];
    table.add({(name.empty() ? run : name) + (agent.empty() ? "" : "/" + agent), text(waiting, "model"),
               text(waiting, "priority"), seconds(waiting, "waited_s"), text(waiting, "reason")});
  }
  std::string shown = section("Queue", table, "empty; nothing waits", look);
  if (queue.size() > most_waiting) shown += "  and " + std::to_string(queue.size() - most_waiting) + " more\n";
  return shown;
}
}  // namespace

std::string status_text(const json::value& status, const Look& look) {
  const auto& pools = list(status, "pools");
  return head_line(status) + pools_section(pools, look) + limits_section(pools, look) + windows_section(pools, look) +
         runs_section(list(status, "runs"), look) + budgets_section(list(status, "budgets"), look) +
         queue_section(status, look);
}

std::string runs_text(const json::value& runs, const Look& look) {
  return runs_section(list(runs, "runs"), look).substr(1);
}

namespace {
// Of who is held also what would let it go, where that is not time, which the reason names.
std::string why_text(const json::value& decision) {
  const auto* why = find(decision, "why");
  const auto freed_by = why && text(decision, "kind") == "held" ? text(*why, "freed_by") : "";
  const bool says_more = !freed_by.empty() && freed_by != "time" && freed_by != "nothing";
  return text(decision, "reason") + (says_more ? "; until " + freed_by : "");
}
}  // namespace

std::string decisions_text(const json::value& decisions, const Look& look) {
  TextTable table({{"AGO", Align::right},
                   {"RUN"},
                   {"AGENT", Align::left, Cut::first, true},
                   {"REQUEST", Align::right},
                   {"WAITED", Align::right},
                   {"WHAT"},
                   {"WHY", Align::left, Cut::last}});
  for (const auto& decision : list(decisions, "decisions")) {
    table.add({seconds(decision, "ago_s"), text(decision, "run"), text(decision, "agent"), count(decision, "request"),
               seconds(decision, "waited_s"), text(decision, "kind"), why_text(decision)});
  }
  return section("Decisions", table, "none yet", look).substr(1);
}

std::string frame(const std::string& text, std::size_t lines) {
  const auto all = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  std::string shown = text;
  if (all >= lines) {
    std::size_t end = 0;
    for (std::size_t line = 0; line + 2 < lines; ++line) end = text.find('\n', end) + 1;
    shown = text.substr(0, end) + "... " + std::to_string(all + 2 - lines) + " more lines\n";
  }
  // From the top, on an empty screen; a line that is too long is cut by the terminal, not wrapped.
  return "\033[H\033[2J\033[?7l" + shown + "\033[?7h";
}

std::string certificates_text(const json::value& status, std::int64_t now_unix) {
  const auto* daemon = find(status, "daemon");
  const auto bundle = daemon ? text(*daemon, "root_bundle") : "";
  if (bundle.empty()) return "the daemon has no certificates\n";
  std::string shown = "roots    " + printable(bundle) + "\n";
  if (find(*daemon, "certificates_expire")) {
    const auto expire = static_cast<std::int64_t>(number(*daemon, "certificates_expire"));
    shown += "expire   " + date_text(expire) + ", in " +
             duration_text(static_cast<double>(std::max<std::int64_t>(0, expire - now_unix))) + "\n";
    shown += "renewed  by the daemon, ten days before; runs that last longer than that must be started again\n";
  }
  return shown;
}
}  // namespace hivemind::ctl
