#include "preload/run/preload_list.h"

#include <gtest/gtest.h>

namespace hivemind::run {
namespace {
TEST(PreloadList, OursIsLastAndOnce) {
  const std::string ours = "/opt/hm/lib/libhivemind-preload.so";
  const struct {
    const char* before;
    const char* after;
  } cases[] = {
      {"", "/opt/hm/lib/libhivemind-preload.so"},
      {"liba.so", "liba.so:/opt/hm/lib/libhivemind-preload.so"},
      {"liba.so /b.so", "liba.so /b.so:/opt/hm/lib/libhivemind-preload.so"},
      {"/opt/hm/lib/libhivemind-preload.so", "/opt/hm/lib/libhivemind-preload.so"},
      {"/opt/hm/lib/libhivemind-preload.so:liba.so", "liba.so:/opt/hm/lib/libhivemind-preload.so"},
      {"liba.so /old/libhivemind-preload.so b.so", "liba.so:b.so:/opt/hm/lib/libhivemind-preload.so"},
      {"::", ":::/opt/hm/lib/libhivemind-preload.so"},
  };
  for (const auto& c : cases) EXPECT_EQ(append_preload(c.before, ours), c.after);
  const std::string longest(4096, 'x');
  EXPECT_EQ(append_preload(longest, ours), longest + ":" + ours);
}
}  // namespace
}  // namespace hivemind::run
