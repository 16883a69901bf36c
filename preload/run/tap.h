// tap.h - hivemind-run --tap FILE: what the sockets of CMD and its children did, as they saw it.
// Invariant: CMD never waits for FILE. A process of ours reads the ring and writes FILE, as long as anything with the
// ring in its environment lives; it is nobody's child, holds none of our descriptors, and goes by itself.
#pragma once
#include <string>

#include "preload/run/process_environment.h"
#include "preload/run/result.h"
#include "preload/run/unique_fd.h"

namespace hivemind::run {
class Tap {
public:
  // Makes FILE (0600) and starts the reader.
  static Result<Tap> start(const std::string& file, const std::string& object, const ProcessEnvironment& environment);
  // What loads the object into CMD.
  void add_to(ProcessEnvironment& environment) const;
  // Nothing more will come from us. FILE is complete when this returns, unless somebody of the run lives on; else what
  // kept it from being written, one sentence.
  std::string finish(bool somebody_lives);

private:
  UniqueFd ours_;  // the reader sees its end
  UniqueFd done_;  // the reader's: we see its end
  std::string file_, ring_, object_;
};
}  // namespace hivemind::run
