// client_headers.h - what clients tell about themselves in headers: which agent asks, for what, how patiently.
// Values are shown to people: they are short and of plain characters only.
#pragma once
#include "core/http_head.h"
#include "core/signals.h"

namespace hivemind {

// Fills agent, request_class, client, client_retry and client_timeout.
void read_client_headers(const RequestHead& head, RequestProfile& profile);
}  // namespace hivemind
