// preload_list.h - LD_PRELOAD as ld.so and musl read it: names parted by colons or spaces.
#pragma once
#include <string>
#include <string_view>

#include "preload/run/result.h"

namespace hivemind::run {
// Ours comes last, so that an allocator or a sanitizer already there stays first; it never stands there twice, and
// another version of it gives way.
std::string append_preload(std::string_view list, std::string_view object);

constexpr std::string_view preload_object = "libhivemind-preload.so", tap_object = "libhivemind-tap.so";
// The object of that name that belongs to the program in `program_dir`, absolute: built beside it or installed.
Result<std::string> find_object(const std::string& program_dir, std::string_view name);
Result<std::string> find_preload_object(const std::string& program_dir);

// ASAN_OPTIONS. Programs built with AddressSanitizer refuse to start beside any preloaded object, unless told that its
// place does not matter; agents build and run such programs.
std::string with_link_order_unchecked(const std::string& options);
}  // namespace hivemind::run
