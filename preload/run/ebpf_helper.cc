#include "preload/run/ebpf_helper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "hivemind/ebpf.h"
#include "preload/run/descriptors.h"
#include "preload/run/program_directory.h"

namespace hivemind::run {
namespace {
constexpr timeval patience{10, 0};

struct Answer {
  hm_capture_answer message{};
  UniqueFd descriptor;
};

Result<Answer> read_answer(int socket) {
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  Answer answer;
  iovec bytes{&answer.message, sizeof answer.message};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t size = 0;
  do size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (size < 0 && (errno == EINTR || errno == ECONNRESET));
  if (size < 0 && errno == EAGAIN) return Problem{"hivemind-ebpf did not answer within 10 s"};
  if (size <= 0) return Problem{"hivemind-ebpf ended without an answer"};
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header && header->cmsg_type == SCM_RIGHTS) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    answer.descriptor.reset(fd);
  }
  if (size != sizeof answer.message || answer.message.type != HM_CAPTURE_ANSWER ||
      answer.message.version != HM_EBPF_VERSION)
    return Problem{"hivemind-ebpf is of another version"};
  answer.message.text[sizeof answer.message.text - 1] = '\0';
  if (answer.message.refused != 0) return Problem{answer.message.text};
  return answer;
}

template <class Message>
bool send_message(int socket, Message message) {
  message.version = HM_EBPF_VERSION;
  return ::send(socket, &message, sizeof message, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof message);
}

Result<EbpfHelper> request(UniqueFd socket, std::uint64_t run_id, const std::string& cgroup) {
  hm_capture_request request{};
  request.type = HM_CAPTURE_REQUEST;
  request.run_id = run_id;
  if (cgroup.size() >= sizeof request.cgroup) return Problem{"the path " + cgroup + " is too long"};
  cgroup.copy(request.cgroup, sizeof request.cgroup - 1);
  // A helper that refuses at once has ended already, and its reason can still be read.
  if (!send_message(socket.get(), request) && errno != EPIPE) return failed_to("ask hivemind-ebpf");
  auto answer = read_answer(socket.get());
  if (!answer) return Problem{answer.problem()};
  if (!answer->descriptor) return Problem{"hivemind-ebpf gave no table"};
  return EbpfHelper{std::move(socket), std::move(answer->descriptor), answer->message.text};
}

[[noreturn]] void become_helper(const std::string& program, int socket) {
  ::setsid();
  if (::fork() != 0) ::_exit(0);  // nobody's child here, so that CMD's parent has no other
  const int null = ::open("/dev/null", O_RDWR);
  const int kept = ::fcntl(socket, F_DUPFD, 10);
  for (int fd = 0; fd < 3; ++fd) ::dup2(null, fd);
  ::dup2(kept, 3);
  close_from(4);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::chdir("/") == 0) ::execl(program.c_str(), "hivemind-ebpf", "--session", "3", static_cast<char*>(nullptr));
  ::_exit(127);
}

Result<EbpfHelper> start_own(std::uint64_t run_id, const std::string& cgroup) {
  const std::string program = program_directory() + "/hivemind-ebpf";
  if (::access(program.c_str(), X_OK) != 0) return Problem{"hivemind-ebpf is not built or installed here"};
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return failed_to("make a socket");
  UniqueFd ours(ends[0]), theirs(ends[1]);
  const pid_t first = ::fork();
  if (first < 0) return failed_to("start a process");
  if (first == 0) become_helper(program, theirs.get());
  theirs.reset();
  while (::waitpid(first, nullptr, 0) < 0 && errno == EINTR) {
  }
  return request(std::move(ours), run_id, cgroup);
}

Result<EbpfHelper> ask_service(std::uint64_t run_id, const std::string& cgroup) {
  const char* other = ::secure_getenv(HM_ENV_EBPF_SOCKET);
  const std::string path = other ? other : HM_EBPF_SOCKET;
  UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return failed_to("connect to " + path);
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
      (peer.uid != 0 && peer.uid != ::geteuid()))
    return Problem{path + " is served by another user"};
  return request(std::move(socket), run_id, cgroup);
}
}  // namespace

Result<EbpfHelper> EbpfHelper::ask(std::uint64_t run_id, const std::string& cgroup) {
  auto own = start_own(run_id, cgroup);
  if (own) return own;
  auto service = ask_service(run_id, cgroup);
  return service ? std::move(service) : std::move(own);  // there being no service is not news
}

std::string EbpfHelper::enter() const {
  hm_capture_enter enter{};
  enter.type = HM_CAPTURE_ENTER;
  if (!send_message(socket.get(), enter)) return failed_to("ask hivemind-ebpf").sentence;
  const auto answer = read_answer(socket.get());
  return answer ? std::string() : answer.problem();
}

bool EbpfHelper::has_gone() const {
  pollfd state{socket.get(), 0, 0};
  return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR)) != 0;
}
}  // namespace hivemind::run
