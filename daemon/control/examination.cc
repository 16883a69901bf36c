#include "control/examination.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <optional>

#include "control/config_file.h"
#include "net/certificate_generation.h"
#include "net/unique_fd.h"

namespace hivemind {
namespace {
namespace fs = std::filesystem;
using State = Finding::State;

std::string day(std::int64_t unix) {
  const auto time = static_cast<std::time_t>(unix);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts);
  return text;
}

const char* name_of(State state) { return state == State::ok ? "ok" : state == State::note ? "note" : "broken"; }
}  // namespace

Finding examine_config(const Directories& directories) {
  std::error_code ec;
  const auto file = directories.config_file.string();
  try {
    load_config(directories);
  } catch (const std::exception& error) {
    return {"config", State::broken, error.what(), "correct it, then `hivemindctl reload`"};
  }
  if (!fs::exists(directories.config_file, ec)) return {"config", State::ok, "defaults; " + file + " is not there", {}};
  return {"config", State::ok, file + " is valid", {}};
}

Finding examine_certificates(const fs::path& certificates, std::int64_t now_unix, bool daemon_runs) {
  const auto broken = [](std::string said, std::string remedy) {
    return Finding{"certificates", State::broken, std::move(said), std::move(remedy)};
  };
  const std::string again = "`hivemindctl stop`; the next daemon makes new ones";
  struct stat status {};
  if (::lstat(certificates.c_str(), &status) != 0)
    return {"certificates", State::note, "none yet; the daemon makes them when it first starts", {}};
  if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid() || (status.st_mode & 077) != 0)
    return broken(certificates.string() + " is not a private directory of this user",
                  "chmod 700 and chown it, or remove it");
  std::error_code ec;
  std::optional<std::int64_t> until;
  std::string unreadable;
  int usable = 0;
  for (const auto& entry : fs::directory_iterator(certificates, ec)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with("generation-") || name.ends_with(".new")) continue;
    const auto generation = CertificateGeneration::load(entry.path());
    if (!generation) {
      unreadable = entry.path().string() + ": " + generation.error().message();
      continue;
    }
    until = std::max(until.value_or(generation->validity.until), generation->validity.until);
    usable += generation->usable(now_unix) ? 1 : 0;
  }
  if (ec) return broken(certificates.string() + ": " + ec.message(), again);
  if (!unreadable.empty()) return broken("cannot be used: " + unreadable, again);
  if (!until) return {"certificates", State::note, "none yet; the daemon makes them when it next starts", {}};
  if (usable == 0 && !daemon_runs)
    return {"certificates", State::note, "expired on " + day(*until) + "; the next daemon makes new ones", {}};
  if (usable == 0) return broken("expired on " + day(*until), again);
  if (!fs::exists(certificates / "roots.pem", ec)) return broken("roots.pem is missing", again);
  return {"certificates", State::ok, "good until " + day(*until), {}};
}

bool daemon_runs(const Directories& directories) {
  const UniqueFd lock(::open(directories.daemon_lock().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  return lock && ::flock(lock.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

std::string examination_json(const std::vector<Finding>& findings) {
  boost::json::array all;
  for (const auto& finding : findings)
    all.push_back(boost::json::object{{"check", finding.check},
                                      {"state", name_of(finding.state)},
                                      {"said", finding.said},
                                      {"remedy", finding.remedy}});
  return boost::json::serialize(boost::json::object{{"findings", std::move(all)}});
}
}  // namespace hivemind
