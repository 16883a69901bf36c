// A session that is none of ours: carried as it is.
#include <spdlog/spdlog.h>

#include "net/session.h"
#include "net/tunnel.h"

namespace hivemind {

asio::awaitable<Result<StreamPtr>> Session::dial(std::string host) {
  // What was opened for silence leads to where nobody sends anything elsewhere.
  if (early_ && !find_override(*config_, host)) co_return std::move(early_);
  early_.reset();
  auto destination = destination_for(*config_, std::move(host), endpoint_of(original_), false);
  CancelPoint cancel;
  // One that has closed may have sent all it had to say; only a break ends the way there.
  client_.watch([&cancel](bool orderly) {
    if (!orderly) cancel.request();
  });
  auto upstream = co_await connect_to(destination, config_->connect_timeout, services_.deadlines, cancel);
  client_.unwatch();
  if (!upstream)
    spdlog::debug("tunnel failed host={} address={} error={}", destination.host,
                  destination.original.address().to_string(), upstream.error().message());
  co_return upstream;
}

asio::awaitable<void> Session::tunnel_to(std::string host, std::string ahead) {
  Active active(services_);
  ++run_->passed;
  auto upstream = co_await dial(std::move(host));
  if (!upstream) {
    client_.reset();
    co_return;
  }
  co_await tunnel(client_, **upstream, std::move(ahead), {});
}
}  // namespace hivemind
