#include "tools/cli/schema.h"

#include <iostream>

#include "tools/cli/commands.h"

namespace intermediary::cli {

void add_schema(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("schema", "Print the JSON Schema of the configuration, for editors");
  command->footer("Example:\n  intermediary-cli schema > intermediary.schema.json");
  command->callback([&exit_code] {
    std::cout << schema_text;
    exit_code = exit_fine;
  });
}

}  // namespace intermediary::cli
