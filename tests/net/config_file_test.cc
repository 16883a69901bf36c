// The configuration file: what it accepts, and what it says about what it does not.
#include "control/config_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "control/directories.h"
#include "tests/net/temporary_directory.h"

namespace hivemind {
namespace {

std::string error_of(std::string_view toml) {
  try {
    parse_config(toml, "hivemind.toml");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

std::string slurp(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

// Every field of Config as text, so that two can be compared and a difference be read.
std::string shown(const Config& c) {
  std::ostringstream out;
  const auto ms = [](Duration d) { return std::chrono::duration_cast<std::chrono::milliseconds>(d).count(); };
  const auto list = [&](const char* name, const auto& values) {
    out << name;
    for (const auto& value : values) out << ' ' << value;
    out << '\n';
  };
  list("ports", c.ports);
  list("hosts", c.hosts);
  for (const auto& u : c.upstreams) {
    out << "upstream " << u.host << ' ' << u.address << ' ' << u.port.value_or(0) << ' ' << u.ca_file << ' ' << u.plain
        << ' ' << u.dialect << '\n';
  }
  out << "log " << c.log_level << "\ntimeouts " << ms(c.connect_timeout) << ' ' << ms(c.head_timeout) << ' '
      << ms(c.upstream_idle) << ' ' << ms(c.response_timeout) << ' ' << ms(c.stall_timeout) << ' ' << ms(c.drain)
      << "\nlimits " << c.max_body << ' ' << c.max_buffered << '\n';
  const auto& s = c.scheduler;
  out << "scheduler " << ms(s.minute) << ' ' << s.admission << s.rate_limits << s.breakers << s.budgets << s.fair_order
      << s.retry << s.policy << s.slow_start << s.class_order << s.keep_place << s.cache_siblings << s.cache_expiry
      << ' ' << s.max_attempts << ' ' << s.retry_budget << ' ' << s.retry_floor << ' ' << ms(s.backoff_base) << ' '
      << ms(s.backoff_cap) << ' ' << ms(s.max_hold) << ' ' << s.client_timeout_margin << ' ' << ms(s.max_cooldown)
      << ' ' << ms(s.breaker_open) << ' ' << ms(s.breaker_open_cap) << ' ' << s.breaker_failures << ' '
      << ms(s.aging_step) << ' ' << s.max_queue << ' ' << s.seed << '\n';
  for (const auto& [name, seed] : s.seeds) {
    out << "provider \"" << name << "\" " << seed.requests_per_minute.value_or(-1) << ' '
        << seed.input_tokens_per_minute.value_or(-1) << ' ' << seed.output_tokens_per_minute.value_or(-1) << ' '
        << seed.tokens_per_minute.value_or(-1) << ' ' << seed.concurrency << ' ' << seed.max_concurrency << ' '
        << seed.increase << ' ' << seed.decrease << '\n';
  }
  return out.str();
}

TEST(ConfigFile, ExampleIsTheDefaults) {
  EXPECT_EQ(shown(load_config("examples/hivemind.toml")), shown(default_config()));
  EXPECT_EQ(shown(parse_config("", "empty")), shown(default_config()));
}

TEST(ConfigFile, ExampleNamesEveryKey) {
  const auto text = slurp("examples/hivemind.toml");
  ASSERT_GT(known_config_keys().size(), 40u);
  for (const auto& dotted : known_config_keys()) {
    const auto key = dotted.substr(dotted.rfind('.') + 1);
    EXPECT_TRUE(text.find("\n" + key + " = ") != text.npos || text.find("\n# " + key + " = ") != text.npos) << dotted;
  }
}

TEST(ConfigFile, ExamplesUpstreamIsRead) {
  // The section that the example shows as a comment.
  std::string text = slurp("examples/hivemind.toml");
  const auto from = text.find("# [[upstream]]");
  ASSERT_NE(from, text.npos);
  std::string section;
  for (std::istringstream lines(text.substr(from)); std::getline(lines, text);)
    section += text.substr(std::min<std::size_t>(2, text.size())) + "\n";
  TemporaryDirectory here;
  std::ofstream(here.path() / "gateway-ca.pem") << "roots";
  const auto config = parse_config(section, here.path() / "hivemind.toml");
  ASSERT_EQ(config.upstreams.size(), 1u);
  const auto& upstream = config.upstreams[0];
  EXPECT_EQ(upstream.host, "api.anthropic.com");
  EXPECT_EQ(upstream.address, "127.0.0.1");
  EXPECT_EQ(upstream.port, 8443);
  EXPECT_EQ(upstream.ca_file, here.path() / "gateway-ca.pem");
  EXPECT_FALSE(upstream.plain);
  EXPECT_EQ(upstream.dialect, "anthropic");
}

TEST(ConfigFile, ReadsWhatIsSet) {
  const auto config = parse_config(R"(
ports = [443, 9000, 443]
hosts = ["LLM.Example.com", "*.example.net"]
log_level = "debug"
[timeouts]
head = "1m30s"
[limits]
max_body = "1MiB"
[scheduler]
minute = "6s"
retry = false
max_attempts = 3
seed = 99
[provider.anthropic]
requests_per_minute = "unlimited"
output_tokens_per_minute = 8000
[provider.generic]
concurrency = 2
[provider.other]
concurrency = 3
requests_per_minute = 7
[[upstream]]
host = "*.example.net"
plain = true
[[upstream]]
host = "api.openai.com"
port = 8443
)",
                                   "hivemind.toml");
  EXPECT_EQ(config.ports, (std::vector<std::uint16_t>{443, 9000}));
  EXPECT_EQ(config.hosts, (std::vector<std::string>{"llm.example.com", "*.example.net"}));
  EXPECT_EQ(config.log_level, "debug");
  EXPECT_EQ(config.head_timeout, 90s);
  EXPECT_EQ(config.max_body, 1u << 20);
  EXPECT_EQ(config.scheduler.minute, 6s);
  EXPECT_FALSE(config.scheduler.retry);
  EXPECT_TRUE(config.scheduler.admission);
  EXPECT_EQ(config.scheduler.max_attempts, 3);
  EXPECT_EQ(config.scheduler.seed, 99u);
  const auto& seeds = config.scheduler.seeds;
  EXPECT_FALSE(seeds.at("anthropic").requests_per_minute.has_value());
  EXPECT_EQ(seeds.at("anthropic").output_tokens_per_minute, 8000);
  EXPECT_EQ(seeds.at("anthropic").concurrency, default_config().scheduler.seeds.at("anthropic").concurrency);
  EXPECT_EQ(seeds.at("").concurrency, 3);
  EXPECT_EQ(seeds.at("generic").requests_per_minute, 7) << "a dialect without a seed starts from [provider.other]";
  EXPECT_EQ(seeds.at("generic").concurrency, 2);
  ASSERT_EQ(config.upstreams.size(), 2u);
  EXPECT_TRUE(config.upstreams[0].plain);
  EXPECT_EQ(config.upstreams[1].port, 8443);
}

TEST(ConfigFile, MistakesAreNamedWithLineAndRemedy) {
  const struct {
    const char* toml;
    const char* line;
    const char* says;
  } cases[] = {
      {"portz = [443]", ":1:", "unknown key \"portz\"; did you mean \"ports\"?"},
      {"\n[scheduler]\nmax_atempts = 3",
       ":3:", "unknown key \"scheduler.max_atempts\"; did you mean \"scheduler.max_attempts\"?"},
      {"[scheduler]\nqqqqqqqqqqqq = 3", ":2:", "Keys here: minute"},
      {"[schedular]\nretry = true", ":1:", "did you mean \"scheduler\"?"},
      {"[provider.antropic]\nconcurrency = 1", ":1:", "did you mean \"provider.anthropic\"?"},
      {"[provider.openai]\n\nrpm = 1", ":3:", "unknown key \"provider.openai.rpm\""},
      {"[[upstream]]\nhost = \"a.b\"\nadress = \"c\"", ":3:", "did you mean \"upstream.address\"?"},
      {"[timeouts]\nhead = 10", ":2:", "timeouts.head is 10; write a duration above zero such as"},
      {"[timeouts]\nhead = \"10 parsecs\"", ":2:", "timeouts.head is \"10 parsecs\"; write a duration"},
      {"[timeouts]\nhead = \"0s\"", ":2:", "above zero"},
      {"[timeouts]\nhead = \"-5s\"", ":2:", "write a duration"},
      {"timeouts = 3", ":1:", "write it as a section, [timeouts]"},
      {"upstream = 3", ":1:", "[[upstream]]"},
      {"[upstream]\nhost = \"a\"", ":1:", "[[upstream]]"},
      {"[limits]\nmax_body = \"64MB\"", ":2:", "write a size such as \"512KiB\""},
      {"[limits]\nmax_body = \"1GiB\"", ":1:", "max_buffered is below max_body"},
      {"log_level = \"verbose\"", ":1:", "write \"error\", \"warn\", \"info\" or \"debug\""},
      {"ports = []", ":1:", "a list of 1 to 16 ports"},
      {"ports = [0]", ":1:", "a port from 1 to 65535"},
      {"ports = [443,\n 70000]", ":2:", "ports is 70000; write a port"},
      {"ports = [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]", ":1:", "a list of 1 to 16 ports"},
      {"hosts = [\"https://llm.example.com\"]", ":1:", "without scheme, port or path"},
      {"hosts = [\"llm.example.com:443\"]", ":1:", "without scheme, port or path"},
      {"hosts = \"llm.example.com\"", ":1:", "a list such as"},
      {"[scheduler]\nretry = \"yes\"", ":2:", "write true or false"},
      {"[scheduler]\nmax_attempts = 0", ":2:", "a whole number from 1 to"},
      {"[scheduler]\nmax_attempts = 2.5", ":2:", "scheduler.max_attempts is 2.5; write a whole number"},
      {"[scheduler]\nretry_budget = nan", ":2:", "a number from 0 to 100"},
      {"[scheduler]\nclient_timeout_margin = 2", ":2:", "a number from 0.1 to 1"},
      {"[scheduler]\nbackoff_base = \"1m\"", ":1:", "backoff_cap is shorter"},
      {"[scheduler]\nbackoff_base = \"1s\"\nbackoff_cap = \"500ms\"", ":3:", "backoff_cap is shorter"},
      {"[provider.openai]\nrequests_per_minute = 0", ":2:", "or \"unlimited\""},
      {"[provider.openai]\nconcurrency = 100", ":1:", "concurrency is above max_concurrency"},
      {"[provider.openai]\ndecrease = 1.5", ":2:", "a number from 0.01 to 0.99"},
      {"[[upstream]]\nplain = true", ":1:", "has no host"},
      {"[[upstream]]\nhost = \"a.b\"\n[[upstream]]\nhost = \"A.b\"", ":4:", "a second [[upstream]]"},
      {"[[upstream]]\nhost = \"a.b\"\naddress = \"http://c\"", ":3:", "a host name or address"},
      {"[[upstream]]\nhost = \"a.b\"\ndialect = \"gemini\"",
       ":3:", "\"anthropic\", \"openai\", \"ollama\" or \"generic\""},
      {"[[upstream]]\nhost = \"a.b\"\nca_file = \"/nonexistent/ca.pem\"", ":3:", "No such file"},
      {"ports = [443", ":1:", "not TOML"},
      {"a = 1\na = 2", ":2:", "not TOML"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.toml);
    const auto error = error_of(c.toml);
    EXPECT_NE(error.find(c.line), error.npos) << error;
    EXPECT_NE(error.find(c.says), error.npos) << error;
  }
}

TEST(ConfigFile, OnlyAFileThatWasNamedMustExist) {
  TemporaryDirectory here;
  Directories directories;
  directories.config_file = here.path() / "none.toml";
  EXPECT_EQ(shown(load_config(directories)), shown(default_config()));
  directories.config_named = true;
  try {
    load_config(directories);
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("none.toml: cannot be read: No such file"), std::string::npos)
        << error.what();
  }
  directories.config_file = here.path();
  EXPECT_THROW(load_config(directories), ConfigError) << "a directory";
}
}  // namespace
}  // namespace hivemind
