#include "runtime/cdr/record_sink.h"

namespace intermediary {

std::string problem_with_sqlite_records(const CallRecordsConfig&) {
  return "'sqlite' in [cdr]: this program was built without SQLite (libsqlite3-dev)";
}

OpenedSink open_sqlite_records(const CallRecordsConfig& config) {
  return std::unexpected(problem_with_sqlite_records(config));
}

}  // namespace intermediary
