// table_file.h - a token table as hivemind-run makes it: a private file of the right size, header filled in.
#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "hivemind/token_table.h"
#include "net/unique_fd.h"

namespace hivemind {

class TableFile {
public:
  explicit TableFile(std::uint64_t run_id) {
    std::string name = (std::filesystem::temp_directory_path() / "hivemind-table-XXXXXX").string();
    fd_.reset(::mkstemp(name.data()));
    ::unlink(name.c_str());
    if (!fd_ || ::ftruncate(fd_.get(), sizeof(hm_table)) != 0) throw std::runtime_error("table file");
    void* mapped = ::mmap(nullptr, sizeof(hm_table), PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0);
    if (mapped == MAP_FAILED) throw std::runtime_error("mmap");
    table_ = static_cast<hm_table*>(mapped);
    table_->magic = HM_TABLE_MAGIC;
    table_->version = HM_TABLE_VERSION;
    table_->slot_count = HM_SLOT_COUNT;
    table_->process_count = HM_PROCESS_COUNT;
    table_->run_id = run_id;
    table_->uid = ::geteuid();
  }
  TableFile(const TableFile&) = delete;
  ~TableFile() { ::munmap(table_, sizeof *table_); }
  const UniqueFd& fd() const { return fd_; }
  hm_table& table() { return *table_; }

private:
  UniqueFd fd_;
  hm_table* table_ = nullptr;
};
}  // namespace hivemind
