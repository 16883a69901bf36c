// deadlines.h - the deadlines of everything that waits on a peer, swept together.
// A wait on a peer is long (seconds to hours) and nearly always ends early, so an exact timer per wait would be paid
// for nothing. One sweep every quarter second looks at all of them: a deadline is met up to `sweep_interval` late.
// Event-loop thread only.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include "core/time.h"
#include "net/spawn.h"

namespace hivemind {

class Deadlines {
public:
  static constexpr Duration sweep_interval = 250ms;
  static constexpr TimePoint never = TimePoint::max();

  // One party that may wait. Derive from it, or hold it.
  class Entry : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    virtual ~Entry() = default;
    TimePoint expires_at = never;

  private:
    friend class Deadlines;
    virtual void expire() = 0;  // called once per deadline, which is `never` again by then
  };

  explicit Deadlines(asio::io_context& loop);
  void watch(Entry& entry) { entries_.push_back(entry); }
  // Ends the sweep, so that the loop can run out of work.
  void stop() {
    timer_.cancel();
    stopped_ = true;
  }

private:
  asio::awaitable<void> sweep();
  asio::steady_timer timer_;
  boost::intrusive::list<Entry, boost::intrusive::constant_time_size<false>> entries_;
  bool stopped_ = false;
};
}  // namespace hivemind
