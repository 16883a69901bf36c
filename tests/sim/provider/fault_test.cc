#include "sim/provider/fault.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace hivemind::provider {
namespace {

TEST(Fault, IsReadAsWritten) {
  const struct {
    const char* text;
    Fault want;
  } cases[] = {
      {"ok", {}},
      {"429", {FaultKind::status, 429, 1s}},
      {"429:2.5s", {FaultKind::status, 429, 2500ms}},
      {"429:none", {FaultKind::status, 429, {}}},
      {"503:3", {FaultKind::status, 503, 3s}},
      {"reset", {FaultKind::reset, 0, {}}},
      {"reset-before-head", {FaultKind::reset, 0, {}}},
      {"stall:200ms", {FaultKind::stall, 0, 200ms}},
      {"stream-overloaded", {FaultKind::stream_overloaded, 0, {}}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(parse_fault(c.text), c.want);
  }
}

TEST(Fault, MistakesAreNamed) {
  for (const char* text : {"", "200", "42", "rest", "reset:2s", "429:soon", "stall:-1s", "429:", "ok*0", "ok*x"}) {
    SCOPED_TRACE(text);
    EXPECT_THROW(
        {
          parse_script(text);
          parse_fault(text);
        },
        std::invalid_argument);
  }
}

TEST(Fault, ScriptIsASequence) {
  const auto script = parse_script("429, reset*2 # twice\nok\n\n# nothing\n502");
  ASSERT_EQ(script.size(), 5u);
  EXPECT_EQ(script[0].status, 429);
  EXPECT_EQ(script[1].kind, FaultKind::reset);
  EXPECT_EQ(script[2].kind, FaultKind::reset);
  EXPECT_EQ(script[3].kind, FaultKind::none);
  EXPECT_EQ(script[4].status, 502);
}
}  // namespace
}  // namespace hivemind::provider
