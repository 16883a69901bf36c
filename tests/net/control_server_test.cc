// The control socket: what it answers, and whom and what it refuses.
#include "control/control_server.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/net/example_snapshot.h"
#include "tests/net/local_client.h"
#include "tests/net/temporary_directory.h"

namespace hivemind {
namespace {
namespace json = boost::json;

struct FakeHost : ControlHost {
  Snapshot state = example_snapshot();
  std::optional<std::string> reload_error;
  int stops = 0, reloads = 0;

  Snapshot snapshot() override { return state; }
  std::vector<DecisionSnapshot> decisions(std::optional<std::uint64_t> about) override {
    DecisionSnapshot decision;
    decision.kind = "held";
    decision.run = 0xab;
    decision.request = about.value_or(7);
    decision.why.kind = ReasonKind::budget;
    return {decision};
  }
  DaemonInfo info() override { return {.pid = 12, .version = "1.2"}; }
  void stop() override { ++stops; }
  std::optional<std::string> reload() override {
    ++reloads;
    return reload_error;
  }
};

struct Reply {
  int status = 0;
  std::string head, body;
};

class ControlServerTest : public testing::Test {
protected:
  LocalClient connect() { return LocalClient(path_, SOCK_STREAM); }
  // One answer: its head, and the body that Content-Length promises.
  Reply read(LocalClient& client) {
    std::string text;
    for (;;) {
      const auto end = text.find("\r\n\r\n");
      if (end != text.npos) {
        Reply reply{std::stoi(text.substr(9, 3)), text.substr(0, end + 2), text.substr(end + 4)};
        const auto length = reply.head.find("Content-Length: ");
        const auto size = length == text.npos ? 0 : std::stoul(reply.head.substr(length + 16));
        if (reply.body.size() >= size) return reply;
      }
      const auto more = client.receive(loop_);
      if (more.empty()) return {};
      text += more;
    }
  }
  Reply ask(const std::string& request) {
    auto client = connect();
    client.send(request.data(), request.size());
    return read(client);
  }
  Reply ask(const std::string& method, const std::string& path) {
    return ask(method + ' ' + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
  }

  TemporaryDirectory here_;
  std::filesystem::path path_ = here_.path() / "control.sock";
  FakeHost host_;
  boost::asio::io_context loop_;
  ControlServer server_{loop_.get_executor(), path_, host_};
};

TEST_F(ControlServerTest, AnswersItsPaths) {
  auto reply = ask("GET", "/status");
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(reply.head.find("Content-Type: application/json\r\n"), std::string::npos);
  EXPECT_EQ(json::parse(reply.body).at("daemon").at("pid"), 12);
  EXPECT_EQ(json::parse(reply.body).at("pools").as_array().size(), 1u);
  EXPECT_EQ(ask("GET", "/status?pretty=1").status, 200);
  EXPECT_EQ(json::parse(ask("GET", "/runs").body).at("runs").as_array().size(), 1u);
  EXPECT_EQ(json::parse(ask("GET", "/runs/0000000000000abc").body).at("requests"), 40);
  EXPECT_EQ(ask("GET", "/runs/0000000000000abd").status, 404);
  EXPECT_EQ(ask("GET", "/runs/").status, 404);
  reply = ask("GET", "/metrics");
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(reply.head.find("Content-Type: text/plain; version=0.0.4"), std::string::npos);
  EXPECT_NE(reply.body.find("hivemind_queue 2\n"), std::string::npos);
}

TEST_F(ControlServerTest, TellsDecisionsOfAllARunOrARequest) {
  const auto request_of = [&](const char* path) {
    const auto reply = ask("GET", path);
    EXPECT_EQ(reply.status, 200);
    const auto decision = json::parse(reply.body).at("decisions").at(0);
    EXPECT_EQ(decision.at("run").as_string(), "00000000000000ab");
    EXPECT_EQ(decision.at("why").at("freed_by").as_string(), "a refund");
    return decision.at("request").to_number<std::uint64_t>();
  };
  EXPECT_EQ(request_of("/decisions"), 7u);
  EXPECT_EQ(request_of("/decisions/12"), 12u);
  EXPECT_EQ(request_of("/decisions/0000000000000010"), 16u);
  EXPECT_EQ(ask("GET", "/decisions/none").status, 404);
}

TEST_F(ControlServerTest, StopsAndReloads) {
  auto reply = ask("POST", "/stop");
  EXPECT_EQ(reply.status, 202);
  EXPECT_TRUE(run_until(loop_, [&] { return host_.stops == 1; }));
  EXPECT_EQ(ask("POST", "/reload").status, 200);
  host_.reload_error = "hivemind.toml:3: unknown key";
  reply = ask("POST", "/reload");
  EXPECT_EQ(reply.status, 409);
  EXPECT_EQ(json::parse(reply.body).at("error"), "hivemind.toml:3: unknown key");
  EXPECT_EQ(host_.reloads, 2);
}

TEST_F(ControlServerTest, RefusesTheRest) {
  for (const std::string path : {"/", "/status/", "/nothing", "/../etc/passwd", "*"})
    EXPECT_EQ(ask("GET", path).status, 404) << path;
  EXPECT_EQ(ask("POST", "/status").status, 405);
  auto reply = ask("GET", "/stop");
  EXPECT_EQ(reply.status, 405);
  EXPECT_NE(reply.head.find("Allow: POST\r\n"), std::string::npos);
  EXPECT_EQ(json::parse(reply.body).at("error"), "this path takes POST");
  EXPECT_EQ(ask("DELETE", "/runs").status, 405);
  EXPECT_EQ(ask("\x16\x03\x01 no HTTP at all\r\n\r\n").status, 400);
  EXPECT_EQ(ask("GET /status HTTP/1.1\r\nA: " + std::string(20000, 'a') + "\r\n\r\n").status, 413);
  EXPECT_EQ(ask("POST /reload HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n").status, 413);
  EXPECT_EQ(host_.stops + host_.reloads, 0);
}

TEST_F(ControlServerTest, AConnectionCarriesSeveralRequests) {
  auto client = connect();
  const std::string two =
      "GET /runs HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  client.send(two.data(), two.size());
  std::string all;
  for (std::string more; !(more = client.receive(loop_)).empty();) all += more;
  EXPECT_NE(all.find("HTTP/1.1 200"), all.npos);
  EXPECT_NE(all.find("HTTP/1.1 404"), all.npos);
}

TEST_F(ControlServerTest, ManyOrSilentClientsAreKeptWithinBounds) {
  std::vector<LocalClient> silent;
  for (int i = 0; i < 70; ++i) {
    silent.push_back(connect());
    loop_.poll();
  }
  EXPECT_TRUE(run_until(loop_, [&] { return silent.back().readable(); })) << "the one too many is closed at once";
  EXPECT_EQ(silent.back().receive(loop_), "");
  EXPECT_FALSE(silent.front().readable());
  silent.clear();
  EXPECT_TRUE(run_until(loop_, [&] { return ask("GET", "/runs").status == 200; })) << "and room is made again";
}

TEST_F(ControlServerTest, StoppingEndsIdleClientsAndTheLoop) {
  auto idle = connect();
  auto kept = connect();
  const std::string request = "GET /runs HTTP/1.1\r\nHost: x\r\n\r\n";
  kept.send(request.data(), request.size());
  EXPECT_EQ(read(kept).status, 200);
  loop_.poll();
  server_.stop();
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_EQ(idle.receive(loop_), "");
  EXPECT_EQ(kept.receive(loop_), "");
  loop_.restart();
  loop_.run_for(std::chrono::seconds(5));
  EXPECT_TRUE(loop_.stopped());
}

TEST_F(ControlServerTest, TheSocketIsPrivateAndOtherUsersAreClosedOut) {
  struct stat found {};
  ASSERT_EQ(::stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0600u);
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to be another user";
  std::filesystem::permissions(here_.path(), std::filesystem::perms(0777));
  std::filesystem::permissions(path_, std::filesystem::perms(0666));
  ASSERT_EQ(::seteuid(65534), 0);
  auto client = connect();
  ASSERT_EQ(::seteuid(0), 0);
  const std::string request = "POST /stop HTTP/1.1\r\nHost: x\r\n\r\n";
  client.send(request.data(), request.size());
  EXPECT_EQ(client.receive(loop_), "");
  EXPECT_EQ(host_.stops, 0);
}

TEST(ControlSocket, APathTooLongForASocketIsOneSentence) {
  TemporaryDirectory here;
  FakeHost host;
  boost::asio::io_context loop;
  try {
    ControlServer server(loop.get_executor(), here.path() / std::string(120, 'x'), host);
    FAIL() << "accepted";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("set HIVEMIND_RUNTIME_DIR to a shorter"), std::string::npos)
        << error.what();
  }
}
}  // namespace
}  // namespace hivemind
