#include "net/kernel_table.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

namespace hivemind {
namespace {

namespace ip = boost::asio::ip;
error_code system_error(int number) { return {number, boost::system::system_category()}; }

bool is_array_map(const UniqueFd& map) {
  std::ifstream info("/proc/self/fdinfo/" + std::to_string(map.get()));
  for (std::string line; std::getline(info, line);)
    if (line == "map_type:\t2") return true;  // BPF_MAP_TYPE_ARRAY
  return false;
}

ip::address_v6::bytes_type bytes_of(const ip::address& address) {
  return (address.is_v4() ? ip::make_address_v6(ip::v4_mapped, address.to_v4()) : address.to_v6()).to_bytes();
}
}  // namespace

Result<KernelTable> KernelTable::map(const UniqueFd& map, uid_t owner, std::uint64_t run_id) {
  if (!is_array_map(map)) return system_error(EINVAL);
  void* mapped = ::mmap(nullptr, sizeof(hm_kernel_table), PROT_READ | PROT_WRITE, MAP_SHARED, map.get(), 0);
  if (mapped == MAP_FAILED) return system_error(errno);
  auto* kernel = static_cast<hm_kernel_table*>(mapped);
  auto tokens = TokenTable::adopt(&kernel->table, sizeof *kernel, owner, run_id);
  if (!tokens) return tokens.error();
  std::atomic_ref(kernel->daemon_pid).store(::getpid(), std::memory_order_relaxed);
  return KernelTable(kernel, std::move(*tokens));
}

std::optional<OriginalDestination> KernelTable::accept(const ip::tcp::endpoint& local,
                                                       const ip::tcp::endpoint& source) {
  const ip::address here = local.address();
  std::uint32_t token = 0;
  if (here.is_v4()) token = here.to_v4().to_uint();
  if (here.is_v6() && here.to_v6().is_v4_mapped()) token = ip::make_address_v4(ip::v4_mapped, here.to_v6()).to_uint();
  auto original = tokens_.accept(hm_token_from(kernel_, token, bytes_of(source.address()).data(), source.port()));
  if (!original) return original;
  original->in_kernel = true;
  name_process(kernel_->table.slots[original->slot].process, original->pid);
  return original;
}

// For --explain. The kernel's programs may not ask for a name; while a connection is new, its process mostly lives.
void KernelTable::name_process(std::uint32_t index, std::int32_t pid) {
  if (index >= HM_PROCESS_COUNT || kernel_->table.processes[index].comm[0] != '\0') return;
  std::string name;
  std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/comm"), name);
  auto& comm = kernel_->table.processes[index].comm;
  name.copy(comm, sizeof comm - 1);
}

void KernelTable::add_llm_address(const ip::address& address) {
  const auto bytes = bytes_of(address);
  std::uint32_t words[4];
  std::memcpy(words, bytes.data(), sizeof words);
  static constexpr std::uint8_t none[16] = {};
  const auto place = hm_llm_place(words[0], words[1], words[2], words[3]);
  std::uint8_t* free = nullptr;
  for (std::uint32_t i = 0; i < HM_LLM_PROBES; ++i) {
    std::uint8_t* known = kernel_->llm_addresses[(place + i) % HM_LLM_ADDRESS_COUNT];
    if (std::memcmp(known, bytes.data(), bytes.size()) == 0) return;
    if (!free && std::memcmp(known, none, sizeof none) == 0) free = known;
  }
  // A half-written address matches nothing, or refuses one datagram.
  std::copy(bytes.begin(), bytes.end(), free ? free : kernel_->llm_addresses[place]);
}
}  // namespace hivemind
