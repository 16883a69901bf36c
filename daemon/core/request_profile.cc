#include <algorithm>
#include <functional>
#include <iterator>

#include "core/client_headers.h"
#include "core/credential_hash.h"
#include "core/dialects.h"
#include "core/model_names.h"
#include "core/token_estimate.h"

namespace hivemind {
namespace {

bool is_compressed(const RequestHead& head) {
  const auto coding = head.find("content-encoding");
  return coding && !coding->empty() && !iequals(*coding, "identity");
}

// Codex compresses its bodies and tells the model beside them: "model=gpt-5.4, ...".
std::string_view hinted_model(const RequestHead& head) {
  auto hint = head.find("x-codex-routing-hint").value_or("");
  const auto at = hint.find("model=");
  if (at == hint.npos) return {};
  hint.remove_prefix(at + 6);
  return hint.substr(0, hint.find_first_of(",; "));
}

// What can be told of a body that cannot be read: its size before compression is guessed, its bound generously.
void read_compressed(const RequestHead& head, RequestProfile& profile) {
  constexpr int usual = 3, most = 20;
  profile.model = hinted_model(head);
  profile.model_class = model_class(profile.model);
  profile.output_bound = default_output_bound(profile.model);
  profile.streaming = head.find("accept").value_or("").find("text/event-stream") != std::string_view::npos;
  profile.input_tokens *= usual;
  profile.input_bound *= most;
}

constexpr double least_kept = 1024;  // tokens: no provider keeps less

PromptPrefixes kept_prefixes(PromptPrefixes prefixes, double bytes_per_token, std::int64_t whole) {
  for (auto& prefix : prefixes)
    prefix.tokens = std::min(whole, static_cast<std::int64_t>(static_cast<double>(prefix.tokens) / bytes_per_token));
  std::erase_if(prefixes, [](const auto& prefix) { return static_cast<double>(prefix.tokens) < least_kept; });
  return prefixes;
}

}  // namespace

std::string_view path_of(const RequestHead& head) {
  auto path = head.path();
  if (const auto scheme = path.find("://"); scheme != path.npos && !path.starts_with('/')) {
    const auto slash = path.find('/', scheme + 3);
    path = slash == path.npos ? std::string_view("/") : path.substr(slash);
  }
  return path;
}

RequestProfile read_profile(const RequestHead& head, std::string_view provider, std::string_view host,
                            std::string_view body, std::string_view account_salt, double bytes_per_token,
                            PromptCaching caching) {
  RequestProfile profile;
  profile.provider = provider;
  profile.host = host.substr(0, host.find(':'));
  for (auto& c : profile.host)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  profile.account = account_of(head, account_salt);
  read_client_headers(head, profile);

  // What is too small to be kept is not looked at.
  const auto least_bytes = static_cast<std::int64_t>(least_kept * bytes_per_token);
  auto request = read_request_json(body, std::ssize(body) < least_bytes ? PromptCaching::none : caching);
  profile.model = std::move(request.model);
  profile.model_class = model_class(profile.model);
  profile.streaming = request.stream.value_or(false);
  profile.max_tokens = request.max_tokens;
  profile.body_bytes = static_cast<std::int64_t>(body.size());
  profile.body_hash = std::hash<std::string_view>{}(body);
  profile.input_tokens = estimate_input_tokens(body, bytes_per_token);
  profile.input_bound = profile.body_bytes;
  profile.prefixes = kept_prefixes(std::move(request.prefixes), bytes_per_token, profile.input_tokens);
  profile.output_bound = request.choices * request.max_tokens.value_or(default_output_bound(profile.model));
  if (is_compressed(head)) read_compressed(head, profile);
  return profile;
}

}  // namespace hivemind
