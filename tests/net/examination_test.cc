#include "control/examination.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "net/certificate_authority.h"
#include "tests/net/temporary_directory.h"

namespace hivemind {
namespace {
namespace fs = std::filesystem;
using State = Finding::State;
constexpr std::int64_t day = 24 * 3600;
constexpr std::int64_t now = 2'000'000'000;

struct ExaminationTest : testing::Test {
  TemporaryDirectory directory;
  fs::path certificates = directory.path() / "ca";
  void make(std::int64_t when) { CertificateAuthority::open(certificates, {"api.anthropic.com"}, when); }
};

TEST_F(ExaminationTest, Certificates) {
  EXPECT_EQ(examine_certificates(certificates, now, true).state, State::note) << "there are none yet";
  make(now);
  const auto good = examine_certificates(certificates, now, true);
  EXPECT_EQ(good.state, State::ok) << good.said;
  EXPECT_EQ(good.said.find("good until 20"), 0u) << good.said;
  fs::remove(certificates / "roots.pem");
  EXPECT_EQ(examine_certificates(certificates, now, true).said, "roots.pem is missing");
}

TEST_F(ExaminationTest, ExpiredCertificates) {
  make(now);
  const auto under_a_daemon = examine_certificates(certificates, now + 40 * day, true);
  EXPECT_EQ(under_a_daemon.state, State::broken);
  EXPECT_EQ(under_a_daemon.said.find("expired on 20"), 0u) << under_a_daemon.said;
  EXPECT_FALSE(under_a_daemon.remedy.empty());
  const auto idle = examine_certificates(certificates, now + 40 * day, false);
  EXPECT_EQ(idle.state, State::note) << "the next daemon replaces them: " << idle.said;
}

TEST_F(ExaminationTest, CertificatesThatOthersCouldReadOrThatAreNone) {
  make(now);
  fs::permissions(certificates, fs::perms(0755));
  EXPECT_EQ(examine_certificates(certificates, now, false).state, State::broken);
  fs::permissions(certificates, fs::perms(0700));
  std::ofstream(certificates / "generation-x.pem") << "nothing";
  const auto damaged = examine_certificates(certificates, now, false);
  EXPECT_EQ(damaged.state, State::broken);
  EXPECT_NE(damaged.said.find("generation-x.pem"), std::string::npos) << damaged.said;
}

TEST_F(ExaminationTest, Configuration) {
  Directories directories;
  directories.config_file = directory.path() / "hivemind.toml";
  EXPECT_EQ(examine_config(directories).state, State::ok) << "the usual file may be missing";
  directories.config_named = true;
  EXPECT_EQ(examine_config(directories).state, State::broken);
  std::ofstream(directories.config_file) << "ports = [443]\n";
  EXPECT_EQ(examine_config(directories).state, State::ok);
  std::ofstream(directories.config_file) << "prots = [443]\n";
  EXPECT_NE(examine_config(directories).said.find("prots"), std::string::npos);
}

TEST(Examination, Json) {
  EXPECT_EQ(examination_json({{"config", State::broken, "said \"x\"", "do y"}}),
            R"({"findings":[{"check":"config","state":"broken","said":"said \"x\"","remedy":"do y"}]})");
}
}  // namespace
}  // namespace hivemind
