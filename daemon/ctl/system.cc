#include "ctl/system.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <unistd.h>

#include <climits>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "ctl/system_journal.h"
#include "hivemind/environment.h"

namespace hivemind::ctl {
namespace fs = std::filesystem;
namespace {

struct Places {
  explicit Places(const fs::path& root)
      : journal(root / "var/lib/hivemind.journal"),
        runtime(root / "run/hivemind/system"),
        state(root / "var/lib/hivemind"),
        etc(root / "etc/hivemind"),
        profile(root / "etc/profile.d/hivemind.sh"),
        authority(root / "usr/local/share/ca-certificates/hivemind.crt") {}
  fs::path journal, runtime, state, etc, profile, authority;
};

constexpr const char* system_bundles[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                          "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};
// What adds roots, and what replaces them (and so gets the system's, too).
constexpr const char* adding[] = {"NODE_EXTRA_CA_CERTS"};
constexpr const char* replacing[] = {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "CODEX_CA_CERTIFICATE",
                                     "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"};

fs::path program(const char* name) {
  char path[PATH_MAX];
  const auto n = ::readlink("/proc/self/exe", path, sizeof path);
  return fs::path(std::string(path, n > 0 ? static_cast<std::size_t>(n) : 0)).parent_path() / name;
}

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) throw std::runtime_error("cannot read " + file.string());
  return text.str();
}

std::string system_roots() {
  for (const char* path : system_bundles)
    if (fs::exists(path)) return text_of(path);
  return {};
}

std::string profile_text(const Places& places) {
  std::string text = "# Written by `hivemindctl system enable`, removed by `hivemindctl system disable`.\n";
  const auto line = [&](const std::string& name, const fs::path& file) {
    text += "[ -n \"${" + name + "-}\" ] || export " + name + "=" + file.string() + "\n";
  };
  for (const char* name : adding) line(name, places.etc / "root.pem");
  for (const char* name : replacing) line(name, places.etc / "ca.pem");
  return text;
}

std::string cgroup_of_all() {
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string word, point;
    for (int i = 0; i < 5; ++i) words >> point;
    while (words >> word && word != "-") {
    }
    if (words >> word && word == "cgroup2") return point;
  }
  throw std::runtime_error("no cgroup2 file system is mounted here");
}

std::string uid_of(const std::string& user) {
  if (const auto* entry = ::getpwnam(user.c_str())) return std::to_string(entry->pw_uid);
  if (!user.empty() && user.find_first_not_of("0123456789") == user.npos) return user;
  throw std::runtime_error("there is no user " + user);
}

std::vector<std::string> update_authorities(const fs::path& root) {
  std::vector<std::string> words{"update-ca-certificates", "--fresh"};
  if (root != "/")
    words.insert(words.end(), {"--localcertsdir", root / "usr/local/share/ca-certificates", "--etccertsdir",
                               root / "etc/ssl/certs", "--certsconf", root / "etc/ca-certificates.conf"});
  return words;
}

void start_capture(const SystemWish& wish, const Places& places, SystemJournal& journal) {
  journal.make_user(wish.as);
  const auto* user = ::getpwnam(wish.as.c_str());
  if (!user) throw std::runtime_error("there is no user " + wish.as);
  const uid_t uid = user->pw_uid;
  const gid_t gid = user->pw_gid;
  journal.make_directory(places.runtime, 0700, uid, gid);
  journal.make_directory(places.state, 0700, uid, gid);
  journal.make_directory(places.etc, 0755);
  std::vector<std::string> environment{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + places.state.string(),
                                       HM_ENV_RUNTIME_DIR "=" + places.runtime.string(),
                                       HM_ENV_STATE_DIR "=" + places.state.string()};
  if (const auto config = places.etc / "hivemind.toml"; fs::exists(config))
    environment.push_back(HM_ENV_CONFIG "=" + config.string());
  else
    environment.push_back("XDG_CONFIG_HOME=" + places.etc.string());
  std::vector<std::string> words{program("hivemind-run"), "--scope",
                                 wish.cgroup.empty() ? cgroup_of_all() : wish.cgroup, wish.as, "@READY@"};
  for (const auto& one : wish.users) words.push_back(uid_of(one));
  journal.expect_daemon(places.runtime / HM_DAEMON_LOCK);
  journal.start(words, environment, places.state.parent_path() / "hivemind.log");
}

void update_store(const fs::path& root) {
  std::string command;
  for (const auto& word : update_authorities(root)) command += "'" + word + "' ";
  if (std::system((command + ">/dev/null 2>&1").c_str()) != 0)
    throw std::runtime_error("update-ca-certificates does not take our root");
}

void spread_trust(const SystemWish& wish, const Places& places, SystemJournal& journal) {
  const std::string ours = text_of(places.state / HM_ROOT_BUNDLE);
  journal.write_file(places.etc / "root.pem", ours);
  journal.write_file(places.etc / "ca.pem", system_roots() + ours);
  journal.make_directory(places.profile.parent_path(), 0755);
  journal.write_file(places.profile, profile_text(places));
  if (!wish.install_ca) return;
  journal.run_at_the_end(update_authorities(wish.root));
  journal.make_directory(places.authority.parent_path(), 0755);
  journal.write_file(places.authority, ours);
  update_store(wish.root);
}

int tell(const std::vector<std::string>& problems) {
  for (const auto& problem : problems) std::cerr << "hivemindctl: " << problem << "\n";
  return problems.empty() ? 0 : 1;
}

// One at a time: whoever comes second sees what the first has left.
class AloneAsRoot {
public:
  explicit AloneAsRoot(const fs::path& journal) {
    if (::geteuid() != 0) throw std::runtime_error("this is root's business: sudo hivemindctl system ...");
    fs::create_directories(journal.parent_path());
    fd_ = ::open(journal.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ::flock(fd_, LOCK_EX);
  }
  ~AloneAsRoot() { ::close(fd_); }
  AloneAsRoot(const AloneAsRoot&) = delete;

private:
  int fd_ = -1;
};
}  // namespace

int enable_system(const SystemWish& wish) {
  const Places places(wish.root);
  const AloneAsRoot alone(places.journal);
  SystemJournal journal(places.journal);
  if (const auto pid = journal.running(); pid != 0) {
    std::cout << "enabled already (pid " << pid << ")\n";
    return 0;
  }
  if (const int left = tell(journal.undo_all()); left != 0) return left;  // of one that died
  try {
    start_capture(wish, places, journal);
    spread_trust(wish, places, journal);
  } catch (...) {
    tell(journal.undo_all());
    throw;
  }
  std::cout << "enabled: what starts from now on in " << (wish.cgroup.empty() ? "any cgroup" : wish.cgroup)
            << " is captured; programs trust it after the next log-in (" << places.profile.string() << ")\n"
            << "look at it: " HM_ENV_RUNTIME_DIR "=" << places.runtime.string() << " hivemindctl status\n";
  return 0;
}

int disable_system(const SystemWish& wish) {
  const Places places(wish.root);
  const AloneAsRoot alone(places.journal);
  SystemJournal journal(places.journal);
  if (!journal.exists()) {
    std::cout << "not enabled\n";
    return 0;
  }
  const int left = tell(journal.undo_all());
  if (left == 0) std::cout << "disabled; everything is as it was\n";
  return left;
}

int refresh_system(const SystemWish& wish) {
  const Places places(wish.root);
  const AloneAsRoot alone(places.journal);
  const SystemJournal journal(places.journal);
  if (!journal.exists()) throw std::runtime_error("not enabled");
  const std::string ours = text_of(places.state / HM_ROOT_BUNDLE);
  journal.rewrite_file(places.etc / "root.pem", ours);
  journal.rewrite_file(places.etc / "ca.pem", system_roots() + ours);
  if (journal.rewrite_file(places.authority, ours)) update_store(wish.root);
  return 0;
}

int show_system(const SystemWish& wish) {
  const SystemJournal journal(Places(wish.root).journal);
  if (const auto pid = journal.running(); pid != 0)
    std::cout << "enabled (pid " << pid << ")\n";
  else if (journal.exists())
    std::cout << "enabled, but what captures has ended: connections go direct; `hivemindctl system enable` starts it "
                 "again, `disable` cleans up\n";
  else
    std::cout << "not enabled\n";
  return journal.running() != 0 ? 0 : 1;
}
}  // namespace hivemind::ctl
