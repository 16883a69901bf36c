// report.h - rows as people and programs read them.
#pragma once
#include <string>
#include <vector>

#include "sim/experiment.h"

namespace hivemind::sim {

std::string as_table(const std::vector<Row>& rows);
// A list of objects with exactly the keys that README.md names; what has no value is null.
std::string as_json(const std::vector<Row>& rows);
std::string as_csv(const std::vector<Row>& rows);

// Columns of words: the first `left` columns are flush left, the others flush right.
std::string columns(const std::vector<std::vector<std::string>>& lines, std::size_t left);
std::string decimal(double value, int digits);
std::string percent(double share, int digits = 1);
}  // namespace hivemind::sim
