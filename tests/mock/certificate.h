// certificate.h - a throw-away CA and a server certificate (P-256), so that tests need no openssl command line.
#pragma once
#include <string>
#include <vector>

namespace hivemind::mock {
// Writes ca.pem, cert.pem (leaf, then CA) and key.pem into `directory`, which must exist; ca.key is not kept. Names may
// be host names, "*.name" or IP addresses. Throws std::runtime_error.
void write_certificate(const std::string& directory, const std::vector<std::string>& names);
}  // namespace hivemind::mock
