// The subcommands of intermediary-cli: one file each, added here and in main.cpp.
//
// Each function declares its subcommand, with a help text that ends in an example, and sets `exit_code` when it runs:
// 0 when all is well, 1 when a check or test fails, 2 on bad usage.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace intermediary::cli {

inline constexpr int exit_fine = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;

void add_run(CLI::App& app, int& exit_code);
void add_check(CLI::App& app, int& exit_code);
void add_init(CLI::App& app, int& exit_code);
void add_schema(CLI::App& app, int& exit_code);
void add_explain(CLI::App& app, int& exit_code);
void add_test(CLI::App& app, int& exit_code);
void add_replay(CLI::App& app, int& exit_code);
void add_conformance(CLI::App& app, int& exit_code);
void add_ctl(CLI::App& app, int& exit_code);

}  // namespace intermediary::cli
