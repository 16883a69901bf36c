// redirect.h - one connect (or first fast-open send) on its way to a token address.
// Life: prepare, then the program's own call with `address`, then settle with what came of it.
#pragma once
#include <stdint.h>

#include "abi.h"
#include "run.h"
#include "slots.h"

namespace hivemind {

class Redirect {
public:
  // True: make the call with address() and size() instead. False: make it as the program asked. errno is untouched.
  bool prepare(int fd, const void* to, uint32_t size, uint32_t flags);

  const void* address() const { return &address_; }
  uint32_t size() const { return size_; }

  // After the call. True: it could not reach the token, and everything is as before it - errno too: make the call as
  // the program asked.
  bool failed(bool succeeded);

private:
  Run* run_ = nullptr;
  Claim claim_;
  abi::Sockaddr address_;
  uint32_t size_ = 0;
  int fd_ = -1;
  int error_before_ = 0;
  bool made_dual_ = false;
};
}  // namespace hivemind
