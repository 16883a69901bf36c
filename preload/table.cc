#include "table.h"

#include "mapped_file.h"
#include "syscalls.h"

namespace hivemind {
namespace {
bool is_valid(const hm_table& table) {
  return table.magic == HM_TABLE_MAGIC && table.version == HM_TABLE_VERSION && table.slot_count == HM_SLOT_COUNT &&
         table.process_count == HM_PROCESS_COUNT && table.uid == static_cast<uint32_t>(sys::raw(sys::nr_geteuid)) &&
         table.environment_size <= sizeof table.environment;
}
}  // namespace

hm_table* map_table(const char* path) {
  auto* const table = static_cast<hm_table*>(map_file(path, sizeof(hm_table)));
  if (table == nullptr || is_valid(*table)) return table;
  unmap_file(table, sizeof(hm_table));
  return nullptr;
}
}  // namespace hivemind
