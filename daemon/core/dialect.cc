#include "core/dialect.h"

#include <algorithm>
#include <iterator>

#include "core/dialects.h"

namespace hivemind {
namespace {

struct KnownHost {
  std::string_view pattern, dialect;
};
constexpr KnownHost hosts[] = {
    {"api.anthropic.com", "anthropic"},
    {"api.openai.com", "openai"},
    {"*.api.openai.com", "openai"},  // eu.api.openai.com
    {"chatgpt.com", "chatgpt"},
    {"*.chatgpt.com", "chatgpt"},
    {"*.openai.azure.com", "azure"},
    {"*.services.ai.azure.com", "azure"},
    {"*.cognitiveservices.azure.com", "azure"},
    {"generativelanguage.googleapis.com", "generic"},
    {"cloudcode-pa.googleapis.com", "generic"},
    {"aiplatform.googleapis.com", "generic"},
    {"openrouter.ai", "openrouter"},
    {"api.groq.com", "groq"},
    {"api.mistral.ai", "mistral"},
    {"codestral.mistral.ai", "mistral"},
    {"api.deepseek.com", "deepseek"},
    {"api.x.ai", "xai"},
    {"api.cerebras.ai", "cerebras"},
    {"api.together.xyz", "together"},
    {"api.fireworks.ai", "fireworks"},
    {"integrate.api.nvidia.com", "openai"},
    {"api.z.ai", "openai"},
    {"open.bigmodel.cn", "openai"},
    {"api.moonshot.ai", "openai"},
    {"api.moonshot.cn", "openai"},
    {"api.minimax.io", "openai"},
    {"dashscope-intl.aliyuncs.com", "openai"},
    {"dashscope.aliyuncs.com", "openai"},
    {"api.cohere.com", "generic"},
};

// A request that can only be of one dialect, wherever it goes: many hosts offer more than one.
const Dialect* dialect_of_path(const RequestHead& head) {
  for (const Dialect* dialect : {&anthropic_dialect(), &ollama_dialect(), openai_dialect("openai")})
    if (dialect->is_generation(head)) return dialect;
  return nullptr;
}

// On a host nobody has heard of, a path must leave no doubt: ".../surveys/responses" is not ours.
bool is_telling(std::string_view path) {
  return path.find("/v1/") != path.npos || path.ends_with("/chat/completions") || path.starts_with("/api/");
}

bool is_openai_kind(const Dialect& dialect) { return openai_dialect(dialect.name()) == &dialect; }

}  // namespace

bool host_matches(std::string_view pattern, std::string_view host) {
  if (!pattern.starts_with("*.")) return pattern == host;
  pattern.remove_prefix(1);
  return host.size() > pattern.size() && host.ends_with(pattern) && host.front() != '.';
}

std::vector<std::string> known_hosts() {
  std::vector<std::string> patterns;
  for (const auto& host : hosts) patterns.emplace_back(host.pattern);
  return patterns;
}

const Dialect* dialect_by_name(std::string_view name) {
  for (const Dialect* dialect : {&anthropic_dialect(), &ollama_dialect(), &generic_dialect()})
    if (dialect->name() == name) return dialect;
  return openai_dialect(name);
}

const Dialect* find_dialect(std::string_view host, const RequestHead& head, std::string_view configured) {
  if (!configured.empty()) return dialect_by_name(configured);
  host = host.substr(0, host.find(':'));
  std::string lower(host);
  for (auto& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  const auto by_path = dialect_of_path(head);
  const auto known = std::find_if(std::begin(hosts), std::end(hosts),
                                  [&](const KnownHost& k) { return host_matches(k.pattern, lower); });
  if (known == std::end(hosts)) return by_path == nullptr || is_telling(path_of(head)) ? by_path : nullptr;
  const auto by_host = dialect_by_name(known->dialect);
  // The path decides the language, the host which of its limits apply.
  if (by_path == nullptr || by_path == by_host || by_path == &ollama_dialect()) return by_host;
  return is_openai_kind(*by_path) && is_openai_kind(*by_host) ? by_host : by_path;
}

}  // namespace hivemind
