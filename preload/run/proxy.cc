#include "preload/run/proxy.h"

#include <sys/random.h>

#include <array>

#include "hivemind/proxy.h"

namespace hivemind::run {
namespace {
constexpr const char* this_machine = "localhost,127.0.0.1,::1";
constexpr const char* ours = "http://" HM_PROXY_USER ":";
}  // namespace

std::string why_no_proxy(const ProcessEnvironment& environment) {
  for (const char* name : {"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"}) {
    const auto proxy = environment.get_or(name, "");
    if (!proxy.empty() && !proxy.starts_with(ours)) return std::string(name) + " names a proxy of your own";
  }
  return {};
}

void open_proxy(hm_table& table) {
  // Without randomness there is no secret, and the listener stays closed.
  std::array<std::uint8_t, HM_PROXY_SECRET_SIZE> secret;
  if (::getrandom(secret.data(), secret.size(), 0) != static_cast<ssize_t>(secret.size())) return;
  std::copy(secret.begin(), secret.end(), table.proxy_secret);
}

std::vector<std::pair<std::string, std::string>> proxy_assignments(const hm_table& table,
                                                                   const ProcessEnvironment& environment) {
  if (!hm_proxy_is_open(table.proxy_secret)) return {};
  char password[HM_PROXY_PASSWORD_SIZE + 1];
  hm_proxy_password(table.proxy_secret, password);
  const std::string proxy = std::string(ours) + password + "@127.0.0.1:" + std::to_string(table.listener_port);
  std::vector<std::pair<std::string, std::string>> all;
  for (const char* name : {"HTTPS_PROXY", "https_proxy"}) all.emplace_back(name, proxy);
  const auto users = environment.get_or("no_proxy", environment.get_or("NO_PROXY", ""));
  for (const char* name : {"NO_PROXY", "no_proxy"})
    all.emplace_back(name, environment.get_or(name, users) + (users.empty() ? "" : ",") + this_machine);
  if (environment.get_or("NODE_USE_ENV_PROXY", "").empty()) all.emplace_back("NODE_USE_ENV_PROXY", "1");
  return all;
}
}  // namespace hivemind::run
