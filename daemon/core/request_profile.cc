#include "core/client_headers.h"
#include "core/credential_hash.h"
#include "core/dialects.h"
#include "core/model_names.h"
#include "core/token_estimate.h"

namespace hivemind {

std::string_view path_of(const RequestHead& head) {
  auto path = head.path();
  if (const auto scheme = path.find("://"); scheme != path.npos && !path.starts_with('/')) {
    const auto slash = path.find('/', scheme + 3);
    path = slash == path.npos ? std::string_view("/") : path.substr(slash);
  }
  return path;
}

RequestProfile read_profile(const RequestHead& head, std::string_view provider, std::string_view host,
                            std::string_view body, std::string_view account_salt, double bytes_per_token) {
  RequestProfile profile;
  profile.provider = provider;
  profile.host = host.substr(0, host.find(':'));
  for (auto& c : profile.host)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  profile.account = account_of(head, account_salt);
  read_client_headers(head, profile);

  auto request = read_request_json(body);
  profile.model = std::move(request.model);
  profile.model_class = model_class(profile.model);
  profile.streaming = request.stream.value_or(false);
  profile.max_tokens = request.max_tokens;
  profile.body_bytes = static_cast<std::int64_t>(body.size());
  profile.input_tokens = estimate_input_tokens(body, bytes_per_token);
  profile.input_bound = profile.body_bytes;
  profile.output_bound = request.choices * request.max_tokens.value_or(default_output_bound(profile.model));
  return profile;
}

}  // namespace hivemind
