#include "ctl/doctor.h"

#include <gtest/gtest.h>

namespace hivemind::ctl {
namespace {
const char* const nothing = R"({"findings":[]})";

TEST(Doctor, GoodWhenNothingIsBroken) {
  const auto found =
      diagnosis(R"({"findings":[{"check":"kernel","state":"ok","said":"6.1","remedy":""}],"program":null})",
                R"({"findings":[{"check":"ebpf","state":"note","said":"no helper","remedy":"make it"}]})");
  EXPECT_TRUE(found.at("good").as_bool());
  EXPECT_EQ(doctor_text(found, false),
            "kernel       ok      6.1\n"
            "ebpf         -       no helper\n"
            "                     -> make it\n"
            "\nnothing is broken\n");
}

TEST(Doctor, OneThingIsBroken) {
  const auto found = diagnosis(
      R"({"findings":[{"check":"preload","state":"broken","said":"is \u001b[2Jmissing","remedy":"build it"}]})",
      nothing);
  EXPECT_FALSE(found.at("good").as_bool());
  EXPECT_EQ(doctor_text(found, false),
            "preload      BROKEN  is  [2Jmissing\n                     -> build it\n\n1 thing is broken\n");
  EXPECT_NE(doctor_text(found, true).find("\033[1;31mBROKEN"), std::string::npos);
}

TEST(Doctor, ACommandThatIsNotThere) {
  const auto found =
      diagnosis(R"({"findings":[],"program":{"command":"x","problem":"x: command not found"}})", nothing);
  EXPECT_FALSE(found.at("good").as_bool());
  EXPECT_EQ(doctor_text(found, false),
            "\nx\n  x: command not found\n\nnothing is broken, but there is no such command to run\n");
}

TEST(Doctor, ProgramsThatDoNotAnswer) {
  for (const char* said : {"", "nonsense", "[]", "{}"}) {
    const auto found = diagnosis(said, nothing);
    EXPECT_FALSE(found.at("good").as_bool()) << said;
    EXPECT_NE(doctor_text(found, false).find("hivemind-run BROKEN"), std::string::npos) << said;
  }
}

TEST(Doctor, TheCommand) {
  const auto found = diagnosis(R"({"findings":[],"program":{"command":"x","steps":["/x is a static program"],
    "tier":"preload","reason":"r","not_covered":"is static","uncovered":[{"what":"w","remedy":"y"}]}})",
                               nothing);
  EXPECT_FALSE(found.at("good").as_bool());
  EXPECT_EQ(doctor_text(found, false),
            "\nx\n  /x is a static program\n  tier preload: r\n  NOT CAPTURED: is static\n  stays uncaptured:\n    w\n"
            "      -> y\n\nnothing is broken, but the command would not be captured\n");
}
}  // namespace
}  // namespace hivemind::ctl
