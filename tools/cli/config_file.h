// Configuration files as the operator has them: on disk, with this process's environment.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "config/load.h"

namespace intermediary::cli {

// What is in the file, or why it cannot be read: the system's reason, or that it is no regular file or above 1 MiB.
std::expected<std::string, std::string> read_file(const std::string& path);

// The files that are there, as ConfigSurroundings::list_files has it.
std::expected<std::vector<std::string>, std::string> list_files(const std::string& pattern);

// The environment of this process; a "file:" is looked for beside the configuration file.
ConfigSurroundings surroundings_of(const std::string& config_path);

}  // namespace intermediary::cli
