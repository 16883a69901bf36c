#include "net/destination.h"

#include <sys/socket.h>

#include <algorithm>

#include "core/dialect.h"

namespace hivemind {

namespace ip = boost::asio::ip;

std::string Destination::key() const {
  std::string key = address.empty() ? original.address().to_string() : address;
  key += ' ';
  key += std::to_string(port);
  key += tls ? " tls " : " plain ";
  key += host;
  key += ' ';
  key += ca_file;
  return key;
}

ip::tcp::endpoint endpoint_of(const OriginalDestination& original) {
  ip::address_v6::bytes_type bytes;
  std::copy(original.address.begin(), original.address.end(), bytes.begin());
  const ip::address_v6 v6(bytes, original.scope_id);
  if (v6.is_v4_mapped()) return {ip::make_address_v4(ip::v4_mapped, v6), original.port};
  return {v6, original.port};
}

const UpstreamOverride* find_override(const Config& config, std::string_view host) {
  for (const auto& upstream : config.upstreams)
    if (host_matches(upstream.host, host)) return &upstream;
  return nullptr;
}

Destination destination_for(const Config& config, std::string host, ip::tcp::endpoint original, bool tls) {
  Destination destination{
      .host = std::move(host), .original = original, .tls = tls, .address = {}, .port = original.port(), .ca_file = {}};
  if (const auto* upstream = find_override(config, destination.host)) {
    destination.address = upstream->address;
    destination.port = upstream->port.value_or(destination.port);
    destination.ca_file = upstream->ca_file;
    if (upstream->plain) destination.tls = false;
  }
  return destination;
}
}  // namespace hivemind
