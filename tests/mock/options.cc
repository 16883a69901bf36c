#include "tests/mock/options.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <stdexcept>

#include <CLI/CLI.hpp>

#include "sim/provider/model_text.h"

namespace hivemind::mock {
namespace {

const char* const footer = R"(
Durations: 150ms 2s 1m 1h, in provider time: --speed 10 makes a provider minute last 6 s.
FAULT: a status (429 with retry-after 1 s, 429:2s, 429:none, 500, 502 and 503 as HTML, 529 as the dialect says it),
  spend-cap, reset, close, stall-before-head[:D], reset-after-head, reset-mid-stream, truncate, end-early, stall[:D],
  stream-overloaded, stream-overloaded-late. In scripts also ok, and FAULT*N.
LIMIT: requests|input-tokens|output-tokens|tokens=N and any of ,bucket ,window ,per=D ,quantum=D ,count-rejected
  ,charge-max ,model=PREFIX. Each credential and model class has its own.
Answers: POST */v1/messages */chat/completions */v1/responses */codex/responses */api/chat */api/generate.
Own pages: GET /__mock/stats, POST /__mock/reset, POST /__mock/script, /__mock/echo, /__mock/body?size=&chunk=&status=
  &delay=MS&trailer=1&close=1&cookies=N, /__mock/upgrade.
The first line on stdout is "listening PORT". With --cert, TLS and plain HTTP are spoken on the same port.)";

[[noreturn]] void wrong(const std::string& what) { throw CLI::ValidationError(what); }

// std::invalid_argument of our own parsers becomes a command line error.
template <class Parse>
auto checked(Parse parse) {
  try {
    return parse();
  } catch (const std::invalid_argument& error) {
    wrong(error.what());
  }
}

std::int64_t to_count(std::string_view text, std::string_view of) {
  return checked([&] { return parse_count(text, of); });
}

std::uint16_t parse_port(std::string_view text) {
  const auto port = to_count(text, "a port");
  if (port > 65535) wrong("'" + std::string(text) + "' is no port");
  return static_cast<std::uint16_t>(port);
}

ListenAddress parse_listen(const std::string& text, bool tls_only) {
  const auto colon = text.rfind(':');
  if (colon == text.npos) wrong("'" + text + "': write ADDRESS:PORT");
  auto address = text.substr(0, colon);
  if (address.size() > 2 && address.front() == '[') address = address.substr(1, address.size() - 2);
  return {address, parse_port(text.substr(colon + 1)), tls_only};
}

std::vector<Fault> read_script(const std::string& text) {
  std::ifstream file(text);
  if (!file || std::filesystem::is_directory(text)) return checked([&] { return parse_script(text); });
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  return checked([&] { return parse_script(content); });
}

std::size_t parse_size(const std::string& text) {
  for (const auto& [unit, factor] : {std::pair{"KiB", 1024u}, {"MiB", 1024u * 1024}})
    if (text.ends_with(unit))
      return static_cast<std::size_t>(to_count(std::string_view(text).substr(0, text.size() - 3), "a size")) * factor;
  return static_cast<std::size_t>(to_count(text, "a size"));
}

using Handler = std::function<void(const std::string&)>;
CLI::Option* add(CLI::App& app, const char* name, const char* value, const char* help, const Handler& handler) {
  return app
      .add_option_function<std::vector<std::string>>(
          name,
          [handler](const std::vector<std::string>& texts) {
            for (const auto& text : texts) handler(text);
          },
          help)
      ->type_name(value)
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_limits(CLI::App& app, ModelConfig& model) {
  const auto limit = [&model](const std::string& text) {
    model.limits.push_back(checked([&] { return parse_limit(text); }));
  };
  add(app, "--limit", "LIMIT", "a rate limit, see below; repeatable", limit);
  add(app, "--rpm", "N", "short for --limit requests=N", [limit](const auto& n) { limit("requests=" + n); });
  add(app, "--tpm", "N", "short for --limit tokens=N", [limit](const auto& n) { limit("tokens=" + n); });
  add(app, "--itpm", "N", "short for --limit input-tokens=N", [limit](const auto& n) { limit("input-tokens=" + n); });
  add(app, "--otpm", "N", "short for --limit output-tokens=N", [limit](const auto& n) { limit("output-tokens=" + n); });
  add(app, "--concurrency", "N", "requests at once per credential; more are overloaded",
      [&model](const auto& n) { model.concurrency_cap = static_cast<int>(to_count(n, "--concurrency")); });
}

void add_behaviour(CLI::App& app, Options& options) {
  auto& model = options.model;
  const auto duration = [](const std::string& text) { return checked([&] { return parse_duration(text); }); };
  add(app, "--speed", "FACTOR", "provider time runs so much faster", [&options](const auto& text) {
    options.scale.speed = checked([&] { return parse_real(text, "--speed"); });
    if (options.scale.speed <= 0) wrong("--speed is above 0");
  });
  const auto describe = [&model](auto parse) {
    return [&model, parse](const std::string& text) { checked([&] { return parse(text, model), 0; }); };
  };
  add(app, "--latency", "D[+-D]", "until the first byte, give or take", describe(parse_latency));
  add(app, "--spikes", "PxF", "with probability P a latency is F times as long", describe(parse_spikes));
  add(app, "--gap", "D", "between two events of a stream",
      [&options, duration](const auto& d) { options.event_gap = duration(d); });
  app.add_flag("--early-head", options.early_head, "streams: head and handshake before the latency");
  add(app, "--ping", "D", "with --early-head: pings so often until the content",
      [&options, duration](const auto& d) { options.ping_interval = duration(d); });
  add(app, "--output-tokens", "MEAN[:SD]", "length of an answer; default: the text once",
      describe(parse_output_tokens));
  app.add_option("--text", options.text, "what is answered; a token is a word of it");
  add(app, "--tokens-per-event", "N", "words in one event of a stream", [&options](const auto& n) {
    options.tokens_per_event = std::max<std::int64_t>(1, to_count(n, "--tokens-per-event"));
  });
  add(app, "--body-size", "BYTES", "answers that are no stream are padded to it; 64KiB, 2MiB",
      [&options](const auto& n) { options.body_size = parse_size(n); });
  add(app, "--cache-ttl", "D", "a prompt prefix stays cached; default 5m",
      [&model, duration](const auto& d) { model.cache_ttl = duration(d); });
  add(app, "--fault", "FAULT=RATE", "so large a share of generations meets it; repeatable",
      [&model](const auto& text) { model.faults.push_back(checked([&] { return parse_fault_rate(text); })); });
  add(app, "--script", "FILE|FAULTS", "what successive generations meet, then ok: '429,529,reset,ok*3'",
      [&options](const auto& text) { options.script = read_script(text); });
  app.add_flag("--repeat-script", options.repeat_script, "the script begins anew at its end");
  app.add_option("--seed", options.seed, "of everything random; default 1");
}
}  // namespace

std::optional<CommandLine> parse_command_line(int argc, char** argv, int& exit_status) {
  CommandLine line;
  auto& options = line.options;
  CLI::App app("Simulates LLM providers over HTTP/1.1: Anthropic, OpenAI, Ollama.", "hivemind-mock");
  app.footer(footer);
  add(app, "--listen", "ADDRESS:PORT", "default 127.0.0.1:0; repeatable",
      [&options](const auto& text) { options.listen.push_back(parse_listen(text, false)); });
  add(app, "--tls-listen", "ADDRESS:PORT", "the same, refusing plain HTTP",
      [&options](const auto& text) { options.listen.push_back(parse_listen(text, true)); });
  add(app, "--port", "PORT", "short for --listen 127.0.0.1:PORT",
      [&options](const auto& text) { options.listen.push_back(parse_listen("127.0.0.1:" + text, false)); });
  app.add_option("--cert", options.certificate, "PEM chain: speak TLS too")
      ->check(CLI::ExistingFile)
      ->option_text("FILE");
  app.add_option("--key", options.key, "its PEM key")->check(CLI::ExistingFile)->option_text("FILE");
  add_limits(app, options.model);
  add_behaviour(app, options);
  app.add_option("--log", options.log_file, "one JSON line per exchange is appended")->type_name("FILE");

  MakeCertificate make;
  auto* command =
      app.add_subcommand("make-certificate", "writes ca.pem, cert.pem and key.pem for host names, then exits");
  command->add_option("--out", make.directory, "an existing directory")->required()->check(CLI::ExistingDirectory);
  command->add_option("names", make.names, "host names, *.names, IP addresses")->required();
  try {
    app.parse(argc, argv);
    if (options.certificate.empty() != options.key.empty()) wrong("--cert and --key go together");
    for (const auto& listen : options.listen)
      if (listen.tls_only && options.certificate.empty()) wrong("--tls-listen needs --cert and --key");
  } catch (const CLI::ParseError& error) {
    exit_status = app.exit(error) == 0 ? 0 : 2;
    return std::nullopt;
  }
  if (options.listen.empty()) options.listen.emplace_back();
  if (options.text.empty()) options.text = "ok";
  options.model.fixed_output = 1 + std::count(options.text.begin() + 1, options.text.end(), ' ');
  if (command->parsed()) line.make_certificate = make;
  return line;
}
}  // namespace hivemind::mock
