// bundle.h - PEM bundles merged out of somebody's roots and ours.
// A bundle is named by its content and never changes, because children outlive the run that set the variable.
// What was merged before is found again by its inputs' (path, size, mtime), without reading them.
#pragma once
#include <string>
#include <string_view>

#include "preload/run/result.h"

namespace hivemind::run {
class BundleStore {
public:
  // `directory` is ours alone; `roots` is the PEM file with our roots.
  BundleStore(std::string directory, std::string roots);
  const std::string& roots() const { return roots_; }
  // The path of a bundle with all of `base` and our roots: `base` itself when it has them already.
  Result<std::string> merged_with(const std::string& base) const;

private:
  std::string directory_, roots_;
};

// The bytes of a regular file of a bundle's size.
// A copy of `path` in `directory`, named by its content.
Result<std::string> copy_of(const std::string& path, const std::string& directory);
Result<std::string> read_pem(const std::string& path);
std::string fnv1a_128(std::string_view bytes);  // 32 hexadecimal digits; names files, protects nothing
}  // namespace hivemind::run
