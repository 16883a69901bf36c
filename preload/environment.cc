#include "environment.h"

#include "bytes.h"
#include "hivemind/environment.h"
#include "syscalls.h"

namespace hivemind {
namespace {
constexpr char ld_preload[] = "LD_PRELOAD";
constexpr uintptr_t page_size = 4096;  // or a multiple of it

// Whether the byte at `p` can be read, when everything before it on its page can.
bool can_read_on(const char* p) { return reinterpret_cast<uintptr_t>(p) % page_size != 0 || sys::can_read_8(p); }
// The same for a byte we come to out of nowhere.
bool can_read_at(const void* p) {
  const auto aligned = reinterpret_cast<uintptr_t>(p) & ~uintptr_t{7};
  return sys::can_read_8(reinterpret_cast<const void*>(aligned));
}

size_t name_size(const char* assignment) {
  size_t n = 0;
  while (assignment[n] != '=' && assignment[n] != '\0') ++n;
  return n;
}

template <size_t size>
bool is_named(const char* assignment, size_t length, const char (&name)[size]) {
  return length == size - 1 && equal_bytes(assignment, name, length);
}

// Whether the list - separated by colons and spaces, as ld.so takes it - has `path`.
bool lists(const char* list, size_t size, const char* path, size_t path_size) {
  for (size_t start = 0; start <= size;) {
    size_t end = start;
    while (end < size && list[end] != ':' && list[end] != ' ') ++end;
    if (end - start == path_size && equal_bytes(list + start, path, path_size)) return true;
    start = end + 1;
  }
  return false;
}
}  // namespace

EnvironmentRepair::EnvironmentRepair(const Run& run, char* const* given, bool takes_us) : given_(given) {
  want(run.table_assignment);
  want(run.run_assignment);
  want(run.preload_assignment);
  const char* const environment = run.table->environment;
  size_t size = __atomic_load_n(&run.table->environment_size, __ATOMIC_RELAXED);
  if (size > sizeof run.table->environment) size = 0;
  for (size_t start = 0; start < size;) {
    size_t end = start;
    while (end < sizeof run.table->environment && environment[end] != '\0') ++end;
    if (end < sizeof run.table->environment) want(environment + start);
    start = end + 1;
  }
  if (run.preload_assignment[0] != '\0') our_path_ = run.preload_assignment + sizeof HM_ENV_PRELOAD;
  if (!read_given() || opted_out_ || our_path_ == nullptr) return;
  our_path_size_ = length_of(our_path_);
  const char* last = our_path_ + our_path_size_;
  while (last != our_path_ && last[-1] != ':') --last;
  const size_t last_size = our_path_size_ - static_cast<size_t>(last - our_path_);
  preload_lacks_us_ = last_size > 0 && !lists(preload_value_, preload_size_, last, last_size);
  if (!takes_us) {
    needed_ = takes_away_ = last_size > 0 && !preload_lacks_us_;
    return;
  }
  const uint64_t all = wanted_count_ == 64 ? ~uint64_t{0} : (uint64_t{1} << wanted_count_) - 1;
  needed_ = preload_lacks_us_ || present_ != all;
}

// The table may list what we bring ourselves.
void EnvironmentRepair::want(const char* assignment) {
  const size_t size = name_size(assignment);
  if (assignment[size] != '=' || wanted_count_ == most_wanted) return;
  for (unsigned i = 0; i < wanted_count_; ++i) {
    if (assigns(wanted_[i], assignment, size)) return;
  }
  wanted_[wanted_count_++] = assignment;
}

bool EnvironmentRepair::read_given() {
  if (given_ == nullptr) return true;
  for (;; ++given_count_) {
    const char* const* const at = given_ + given_count_;
    if (given_count_ == 0 ? !can_read_at(at) : !can_read_on(reinterpret_cast<const char*>(at))) return false;
    if (*at == nullptr) return true;
    if (!can_read_at(*at) || !note(*at, given_count_)) return false;
  }
}

bool EnvironmentRepair::note(const char* assignment, size_t index) {
  size_t size = 0;
  while (can_read_on(assignment + size) && assignment[size] != '=' && assignment[size] != '\0') ++size;
  if (!can_read_on(assignment + size)) return false;
  if (assignment[size] == '\0') return true;
  for (unsigned i = 0; i < wanted_count_; ++i) {
    if (assigns(wanted_[i], assignment, size)) present_ |= uint64_t{1} << i;
  }
  const char* const value = assignment + size + 1;
  size_t value_size = 0;
  if (is_named(assignment, size, HM_ENV_DISABLE)) {
    if (!read_value(value, value_size)) return false;
    if (value_size == 1 && value[0] == '1') opted_out_ = true;
  } else if (is_named(assignment, size, HM_ENV_PRELOAD)) {
    if (!read_value(value, value_size)) return false;
    our_path_ = value;
  } else if (is_named(assignment, size, ld_preload)) {
    if (!read_value(value, preload_size_)) return false;
    preload_value_ = value;  // the last one, when there are several: that is the one ld.so takes
    preload_index_ = index;
  }
  return true;
}

bool EnvironmentRepair::read_value(const char* value, size_t& size) const {
  for (size = 0; can_read_on(value + size); ++size) {
    if (value[size] == '\0') return true;
  }
  return false;
}

size_t EnvironmentRepair::size() const {
  const size_t pointers = given_count_ + wanted_count_ + 2;  // LD_PRELOAD and the end
  const size_t text = preload_lacks_us_ || takes_away_ ? sizeof ld_preload + preload_size_ + 1 + our_path_size_ + 1 : 0;
  return pointers * sizeof(char*) + text;
}

char** EnvironmentRepair::write(void* memory) const {
  auto** const result = static_cast<char**>(memory);
  size_t count = 0;
  for (; count < given_count_; ++count) result[count] = given_[count];
  if (takes_away_) return write_without_us(result);
  size_t preload_index = preload_index_;
  if (preload_lacks_us_ && preload_index == SIZE_MAX) preload_index = count++;
  for (unsigned i = 0; i < wanted_count_; ++i) {
    if ((present_ >> i & 1) == 0) result[count++] = const_cast<char*>(wanted_[i]);
  }
  result[count] = nullptr;
  if (!preload_lacks_us_) return result;

  char* text = reinterpret_cast<char*>(result + given_count_ + wanted_count_ + 2);
  result[preload_index] = text;
  copy_bytes(text, ld_preload, sizeof ld_preload - 1);
  text += sizeof ld_preload - 1;
  *text++ = '=';
  copy_bytes(text, preload_value_, preload_size_);
  text += preload_size_;
  if (preload_size_ > 0) *text++ = ':';
  copy_bytes(text, our_path_, our_path_size_ + 1);
  return result;
}

char** EnvironmentRepair::write_without_us(char** result) const {
  result[given_count_] = nullptr;
  char* text = reinterpret_cast<char*>(result + given_count_ + 1);
  result[preload_index_] = text;
  copy_bytes(text, ld_preload, sizeof ld_preload - 1);
  text += sizeof ld_preload - 1;
  *text++ = '=';
  bool first = true;
  for (size_t start = 0; start < preload_size_;) {
    size_t end = start;
    while (end < preload_size_ && preload_value_[end] != ':' && preload_value_[end] != ' ') ++end;
    if (end > start && !lists(our_path_, our_path_size_, preload_value_ + start, end - start)) {
      if (!first) *text++ = ':';
      first = false;
      copy_bytes(text, preload_value_ + start, end - start);
      text += end - start;
    }
    start = end + 1;
  }
  *text = '\0';
  return result;
}
}  // namespace hivemind
