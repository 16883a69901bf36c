#include "ebpf/session.h"

#include <sys/stat.h>

#include <optional>

#include "ebpf/cgroup.h"
#include "ebpf/packet.h"
#include "ebpf/privileges.h"
#include "ebpf/programs.h"
#include "ebpf/refusal.h"

namespace hivemind::ebpf {
namespace {
constexpr int request_patience_ms = 10'000;

hm_capture_request read_request(int socket) {
  const auto packet = receive(socket, request_patience_ms);
  if (packet.size == 0) throw Refusal("nothing was asked");
  const auto request = packet.as<hm_capture_request>(HM_CAPTURE_REQUEST);
  if (!request) throw Refusal("hivemind-run and hivemind-ebpf are of different versions");
  return *request;
}

bool is_own(const RunCgroup& cgroup, const char* file) {
  struct stat found {};
  return ::fstatat(cgroup.fd(), file, &found, 0) == 0 && found.st_uid == ::geteuid() && (found.st_mode & S_IWUSR) != 0;
}

// Processes are moved, and the cgroup is removed in the end, by what is above it: where that is another's, or is
// nobody's to write as the root of all cgroups, only that capability lets us.
bool needs_file_privilege(const RunCgroup& cgroup) {
  return !is_own(cgroup, "..") || !is_own(cgroup, "../cgroup.procs");
}

void admit(RunCgroup& cgroup, const Packet& packet, uid_t owner) {
  if (!packet.as<hm_capture_enter>(HM_CAPTURE_ENTER) || !packet.sender) throw Refusal("an unknown message");
  if (packet.sender->uid != owner && owner != 0) throw Refusal("a process of another user cannot be captured");
  cgroup.admit(packet.sender->pid);
}

// Until hivemind-run closes its end.
void serve_requests(int socket, RunCgroup& cgroup, uid_t owner) {
  for (;;) {
    const auto packet = receive(socket, -1);
    if (packet.size == 0) return;
    try {
      admit(cgroup, packet, owner);
      answer(socket, false, cgroup.path().c_str());
    } catch (const Refusal& refusal) {
      answer(socket, true, refusal.what());
    }
  }
}
}  // namespace

void serve_run(int socket) {
  std::optional<RunCgroup> cgroup;
  try {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes);
    const ucred peer = peer_of(socket);
    require_privileges();
    const auto request = read_request(socket);
    if (request.cgroup[0] == '\0')
      cgroup.emplace(peer.pid, request.run_id);
    else if (peer.uid == 0)
      cgroup.emplace(std::string(request.cgroup, ::strnlen(request.cgroup, sizeof request.cgroup)));
    else
      throw Refusal("only root may have a whole cgroup captured");
    const Programs programs(cgroup->fd());
    drop_privileges(needs_file_privilege(*cgroup));
    answer(socket, false, cgroup->path().c_str(), programs.table());
    serve_requests(socket, *cgroup, peer.uid);
  } catch (const Refusal& refusal) {
    answer(socket, true, refusal.what());
  }
  if (cgroup) cgroup->wait_until_empty();
}

void try_out() {
  require_privileges();
  const RunCgroup cgroup(::getpid(), 0);
  const Programs programs(cgroup.fd());
}
}  // namespace hivemind::ebpf
