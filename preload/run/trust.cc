#include "preload/run/trust.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "preload/run/directories.h"
#include "preload/run/unique_fd.h"

namespace hivemind::run {
namespace {
enum Kind { replaces, adds };
// A variable of ours would hide this setting: a line of `file`, in the home directory, that begins with `keyword`.
struct Setting {
  const char* keyword;
  const char* file;
};
struct Variable {
  const char* name;
  Kind kind;
  std::array<const char*, 2> stands_in{};  // read by the same programs while `name` is unset
  bool only_if_set = false;
  bool empty_means_off = false;  // "" switches verification off
  Setting setting{};
};

// Who reads what: Python, Go, Rust, curl; Node, Bun, Deno; requests; Codex; botocore; gRPC. Not git and package
// managers: they never speak to an LLM host, and a variable would hide what their users configured (DECISIONS.md).
constexpr std::array variables{
    Variable{.name = "SSL_CERT_FILE", .kind = replaces},
    Variable{.name = "NODE_EXTRA_CA_CERTS", .kind = adds},
    Variable{.name = "REQUESTS_CA_BUNDLE", .kind = replaces, .stands_in = {"CURL_CA_BUNDLE"}, .empty_means_off = true},
    Variable{.name = "CURL_CA_BUNDLE", .kind = replaces, .stands_in = {"SSL_CERT_FILE"}, .empty_means_off = true},
    Variable{.name = "CODEX_CA_CERTIFICATE", .kind = adds, .stands_in = {"SSL_CERT_FILE"}},
    Variable{.name = "DENO_CERT", .kind = adds},
    Variable{.name = "AWS_CA_BUNDLE",
             .kind = replaces,
             .stands_in = {"REQUESTS_CA_BUNDLE"},
             .setting = {"ca_bundle", ".aws/config"}},
    Variable{.name = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", .kind = replaces},
    Variable{.name = "HTTPLIB2_CA_CERTS", .kind = replaces},
    Variable{.name = "NIX_SSL_CERT_FILE", .kind = replaces, .only_if_set = true},
};

// A line of `path` that begins with `keyword`, in any case.
bool has_setting(const std::string& path, std::string_view keyword) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return false;
  std::string text(65536, '\0');
  const auto n = ::read(file.get(), text.data(), text.size());
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    auto line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.starts_with(keyword)) return true;
  }
  return false;
}

bool is_configured(const Variable& variable, const std::string& home) {
  return variable.setting.keyword && has_setting(home + "/" + variable.setting.file, variable.setting.keyword);
}

// requests reads an empty value as "do not verify"; that is the user's wish.
bool is_switched_off(const Variable& variable, const ProcessEnvironment& environment) {
  if (const auto own = environment.get(variable.name)) return variable.empty_means_off && own->empty();
  return std::any_of(variable.stands_in.begin(), variable.stands_in.end(), [&](const char* other) {
    return other && std::string_view(other) == "CURL_CA_BUNDLE" && environment.get(other) == std::string();
  });
}

// What the programs that read `variable` use today: a file the user named, the system's, or nothing.
struct Base {
  std::string path;
  bool by_user = false;
};
Base base_of(const Variable& variable, const ProcessEnvironment& environment, const std::string& system_bundle) {
  if (auto own = environment.get_or(variable.name, ""); !own.empty()) return {std::move(own), true};
  for (const char* other : variable.stands_in)
    if (other)
      if (auto path = environment.get_or(other, ""); !path.empty()) return {std::move(path), true};
  return {variable.kind == replaces ? system_bundle : std::string(), false};
}
}  // namespace

Result<Trust> make_trust(const ProcessEnvironment& environment, const BundleStore& bundles,
                         const std::string& system_bundle) {
  Trust trust;
  const std::string home = home_directory(environment);
  std::vector<std::pair<std::string, std::string>> merged;  // base -> bundle: most variables share one
  for (const auto& variable : variables) {
    const auto value = environment.get(variable.name);
    if (!value && (variable.only_if_set || is_configured(variable, home))) continue;
    if (is_switched_off(variable, environment)) continue;
    const Base base = base_of(variable, environment, system_bundle);
    if (base.path.empty()) {
      if (variable.kind == adds) trust.assignments.emplace_back(variable.name, bundles.roots());
      continue;  // no system roots to keep: replacing them would take away what the program brings along
    }
    auto known = std::find_if(merged.begin(), merged.end(), [&](const auto& pair) { return pair.first == base.path; });
    if (known == merged.end()) {
      auto bundle = bundles.merged_with(base.path);
      if (!bundle) {
        // What the user named may be unreadable, a folder, a pipe; anything else is ours and stops the run's capture.
        const auto readable = read_pem(base.path);
        if (!base.by_user || readable) return Problem{bundle.problem()};
        trust.remarks.push_back(std::string(variable.name) +
                                " stays as it is, so its programs will not trust HiveMind: " + readable.problem());
        continue;
      }
      known = merged.insert(merged.end(), {base.path, *bundle});
    }
    trust.assignments.emplace_back(variable.name, known->second);
  }
  // Claude Code gives up on a silent request after three minutes; a queue can be longer than that.
  if (!environment.get("CLAUDE_STREAM_FIRST_BYTE_TIMEOUT_MS"))
    trust.assignments.emplace_back("CLAUDE_STREAM_FIRST_BYTE_TIMEOUT_MS", "900000");
  if (!environment.get("API_TIMEOUT_MS")) trust.assignments.emplace_back("API_TIMEOUT_MS", "1200000");
  return trust;
}

std::string find_system_bundle() {
  for (const char* path : {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                           "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
                           "/var/lib/ca-certificates/ca-bundle.pem", "/etc/pki/tls/cacert.pem", "/etc/ssl/cert.pem"})
    if (::access(path, R_OK) == 0) return path;
  return {};
}
}  // namespace hivemind::run
