#include "core/request_json.h"

#include <gtest/gtest.h>

#include <random>

namespace hivemind {
namespace {

TEST(RequestJson, ReadsMembersInAnyOrder) {
  const auto request = read_request_json(
      R"({"messages":[{"model":"inner","stream":false}],"\u0073tream":true,"n":2,"max_tokens":5,"model":"m\u00e9"})");
  EXPECT_EQ(request.model, "m\xc3\xa9");
  EXPECT_EQ(request.stream, true);
  EXPECT_EQ(request.max_tokens, 5);
  EXPECT_EQ(request.choices, 2);
}

TEST(RequestJson, ReadsParametersWhereverDialectsKeepThem) {
  EXPECT_EQ(read_request_json(R"({"options":{"num_predict":7}})").max_tokens, 7);
  EXPECT_EQ(read_request_json(R"({"options":{"num_predict":-1}})").max_tokens, std::nullopt);
  EXPECT_EQ(read_request_json(R"({"max_tokens":0})").max_tokens, 0);
  EXPECT_EQ(read_request_json(R"({"max_tokens":4611686018427387904,"n":1024})").max_tokens, std::nullopt);
  EXPECT_EQ(read_request_json(R"({"request":{"generationConfig":{"maxOutputTokens":8}},"model":"g"})").max_tokens, 8);
  EXPECT_EQ(read_request_json(R"({"request":{"generationConfig":{"maxOutputTokens":8}},"model":"g"})").model, "g");
}

TEST(RequestJson, KeepsWhatStoodBeforeABreak) {
  EXPECT_EQ(read_request_json(R"({"model":"m","messages":[{"a":)").model, "");  // not even well nested
  EXPECT_EQ(read_request_json(R"({"model":"m","stream":tru})").model, "m");
  EXPECT_EQ(read_request_json("").model, "");
  EXPECT_EQ(read_request_json("{\"model\":\"\xff\"}").model, "");
}

TEST(RequestJson, ReadsALargeBody) {
  std::string body = R"({"messages":[)";
  for (int i = 0; i < 64; ++i) body += R"({"content":")" + std::string(1 << 20, 'x') + R"("},)";
  body += R"({}],"model":"m"})";
  EXPECT_EQ(read_request_json(body).model, "m");
}

TEST(RequestJson, SurvivesMutations) {
  const std::string seed =
      R"({"model":"m","messages":[{"role":"user","content":"\"\\\u00e9"}],"options":{"num_predict":3},"n":1,"stream":true})";
  std::mt19937 random(6);
  for (int i = 0; i < 20000; ++i) {
    auto body = seed;
    for (auto n = random() % 4; n > 0; --n) body[random() % body.size()] = static_cast<char>(random());
    if (random() % 2 == 0) body.resize(random() % body.size());
    (void)read_request_json(body);
  }
}

}  // namespace
}  // namespace hivemind
