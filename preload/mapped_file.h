// mapped_file.h - maps a file that hivemind-run made for this run.
#pragma once
#include <stddef.h>

namespace hivemind {

// The file at `path`, mapped shared, or nullptr: not there, not a plain file of exactly `size` bytes, not ours, or open
// to others' writing. Leaves no descriptor behind.
void* map_file(const char* path, size_t size);
void unmap_file(void* address, size_t size);
}  // namespace hivemind
