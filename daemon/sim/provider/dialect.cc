#include "sim/provider/dialect.h"

namespace hivemind::provider {

std::string Answer::text() const {
  std::string whole;
  for (const auto& piece : pieces) whole += piece;
  return whole;
}

const Dialect& dialect_of(Api api) {
  switch (api) {
    case Api::anthropic_messages:
      return anthropic_dialect();
    case Api::openai_chat:
      return openai_chat_dialect();
    case Api::openai_responses:
      return openai_responses_dialect();
    case Api::ollama_chat:
      return ollama_dialect(true);
    case Api::ollama_generate:
      break;
  }
  return ollama_dialect(false);
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Payload Too Large";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 529:
      return "Overloaded";
    default:
      return "Unknown";
  }
}

ErrorAnswer gateway_page(int status) {
  const auto title = std::to_string(status) + " " + std::string(reason_phrase(status));
  return {status, "text/html",
          "<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + title +
              "</h1></center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"};
}

std::string header_line(std::string_view name, std::string_view value) {
  std::string line;
  line.reserve(name.size() + value.size() + 4);
  line += name;
  line += ": ";
  line += value;
  return line += "\r\n";
}
}  // namespace hivemind::provider
