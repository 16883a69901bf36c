// certificate_generation.h - one root, its intermediate and the intermediate's key, in one private file.
// Invariants: the file appears complete or not at all; it is 0600; the root's key is never in it. A generation that
// was loaded belongs together: the root signed the intermediate, the key is the intermediate's.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/errors.h"
#include "net/certificate.h"

namespace hivemind {

struct CertificateGeneration {
  std::filesystem::path file;
  CertificatePtr root, intermediate;
  KeyPtr key;                        // of the intermediate
  std::vector<std::string> domains;  // permitted, sorted
  Validity validity;                 // of the intermediate; the root's is no shorter

  bool covers(std::string_view host) const;
  bool usable(std::int64_t now_unix) const { return validity.from <= now_unix && now_unix < validity.until; }

  // Not yet on disk. `domains` sorted and not empty.
  static CertificateGeneration make(const std::vector<std::string>& domains, Validity validity);
  Result<void> save(const std::filesystem::path& directory);
  static Result<CertificateGeneration> load(const std::filesystem::path& file);
};

// Replaces `file` with `contents`, or leaves it as it was.
Result<void> write_atomically(const std::filesystem::path& file, std::string_view contents, unsigned mode);
}  // namespace hivemind
