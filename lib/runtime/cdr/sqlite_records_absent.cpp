#include "runtime/cdr/record_sink.h"

namespace intermediary {

OpenedSink open_sqlite_records(const CallRecordsConfig&) {
  return std::unexpected("'sqlite' in [cdr]: this program was built without SQLite (libsqlite3-dev)");
}

}  // namespace intermediary
