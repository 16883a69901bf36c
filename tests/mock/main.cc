// hivemind-mock: LLM providers, simulated well enough to develop, demonstrate and measure against.
#include <csignal>
#include <cstdio>
#include <exception>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "tests/mock/certificate.h"
#include "tests/mock/options.h"
#include "tests/mock/server.h"

int main(int argc, char** argv) {
  using namespace hivemind::mock;
  int exit_status = 0;
  const auto line = parse_command_line(argc, argv, exit_status);
  if (!line) return exit_status;
  try {
    if (line->make_certificate) {
      write_certificate(line->make_certificate->directory, line->make_certificate->names);
      return 0;
    }
    std::signal(SIGPIPE, SIG_IGN);
    Simulator simulator(line->options);
    boost::asio::io_context io(1);
    Server server(io, simulator);
    boost::asio::signal_set signals(io, SIGINT, SIGTERM);
    signals.async_wait([&io](const boost::system::error_code&, int) { io.stop(); });
    server.start();
    server.announce();
    io.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hivemind-mock: %s\n", error.what());
    return 1;
  }
  return 0;
}
