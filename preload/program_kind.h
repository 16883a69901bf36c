// program_kind.h - whether a program about to run can load our object: the loader of another word size or architecture
// says on stderr that it cannot. In doubt - no such file, not readable, a script - it can.
#pragma once
#include <stddef.h>

namespace hivemind {

bool takes_our_object(const char* path);
bool takes_our_object(int fd);  // its position stays
// `file` as execvp finds it, on the PATH of `environment`.
bool takes_our_object_on_path(const char* file, char* const* environment);
}  // namespace hivemind
