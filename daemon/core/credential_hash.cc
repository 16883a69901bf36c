#include "core/credential_hash.h"

#include <openssl/evp.h>
#include <openssl/crypto.h>

#include <array>

namespace hivemind {
namespace {

std::string_view query_value(std::string_view target, std::string_view name) {
  auto query = target.substr(std::min(target.find('?'), target.size()));
  while (!query.empty()) {
    query.remove_prefix(1);  // '?' or '&'
    const auto parameter = query.substr(0, query.find('&'));
    if (parameter.size() > name.size() && parameter.starts_with(name) && parameter[name.size()] == '=')
      return parameter.substr(name.size() + 1);
    query.remove_prefix(parameter.size());
  }
  return {};
}

// The token of "Bearer token"; any other scheme is taken whole.
std::string_view bearer_token(std::string_view value) {
  constexpr std::string_view scheme = "bearer ";
  if (value.size() > scheme.size() && iequals(value.substr(0, scheme.size()), scheme))
    value.remove_prefix(scheme.size());
  return value;
}

std::string_view credential(const RequestHead& head) {
  // A login's tokens change by the hour, its account does not.
  for (const char* name : {"chatgpt-account-id", "x-api-key"})
    if (const auto value = head.find(name); value && !value->empty()) return *value;
  if (const auto value = head.find("authorization"); value && !value->empty()) return bearer_token(*value);
  for (const char* name : {"api-key", "x-goog-api-key"})
    if (const auto value = head.find(name); value && !value->empty()) return *value;
  return query_value(head.target, "key");
}

}  // namespace

std::string account_of(const RequestHead& head, std::string_view salt) {
  const auto secret = credential(head);
  if (secret.empty()) return {};
  std::string input(salt);
  input += secret;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  const int hashed = EVP_Digest(input.data(), input.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  OPENSSL_cleanse(input.data(), input.size());
  if (hashed != 1) return {};
  static constexpr char hex[] = "0123456789abcdef";
  std::string account;
  for (std::size_t i = 0; i < 8; ++i) {
    account += hex[digest[i] >> 4];
    account += hex[digest[i] & 15];
  }
  return account;
}

}  // namespace hivemind
