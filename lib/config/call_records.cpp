// [cdr]: where records of calls go.
#include <array>
#include <utility>

#include "config/draft.h"

namespace intermediary {

namespace {

std::string read_path(TableReader& table, std::string_view key, const ConfigSurroundings& surroundings) {
  const auto path = table.text(key);
  if (!path) return {};
  if (path->value.empty() || path->value.ends_with('/')) {
    table.problems().error(path->at, table.naming(key) + " must name a file");
    return {};
  }
  return placed_file(path->value, surroundings);
}

}  // namespace

std::string placed_file(const std::string& path, const ConfigSurroundings& surroundings) {
  const bool is_whole = surroundings.folder.empty() || path.starts_with('/');
  return is_whole ? path : surroundings.folder + "/" + path;
}

void read_call_records(TableReader& top, const ConfigSurroundings& surroundings, Draft& draft) {
  std::optional<TableReader> cdr = top.table("cdr", "[cdr]");
  if (!cdr) return;
  CallRecordsConfig& records = draft.config.call_records;
  draft.call_records = cdr->at();
  const std::array<std::pair<std::string_view, std::string*>, 3> sinks = {
      {{"json", &records.json}, {"csv", &records.csv}, {"sqlite", &records.sqlite}}};
  bool names_any = false;
  for (const auto& [key, path] : sinks) {
    names_any |= cdr->has(key);
    *path = read_path(*cdr, key, surroundings);
    if (records.spool.empty() && !path->empty()) records.spool = *path + ".spool";
  }
  if (!names_any) {
    cdr->problems().error(cdr->at(),
                          "[cdr] says nowhere to: it needs 'json', 'csv' or 'sqlite', each the path of a file");
  }
  if (!records.json.empty() && (records.json == records.csv || records.json == records.sqlite)) {
    cdr->problems().error(cdr->key_at("json"), "'json' in [cdr] names the file of another kind of records");
  } else if (!records.csv.empty() && records.csv == records.sqlite) {
    cdr->problems().error(cdr->key_at("csv"), "'csv' in [cdr] names the file of another kind of records");
  }
  if (std::string spool = read_path(*cdr, "spool", surroundings); !spool.empty()) records.spool = std::move(spool);
  cdr->integer("rotate_bytes", records.rotate_bytes, range::rotate_bytes);
  cdr->integer("keep", records.keep, range::kept_files);
  cdr->integer("backlog", records.backlog, range::record_backlog);
  if (const auto word = cdr->word("when_full", {"refuse", "go-on"})) records.refuses_calls = *word == 0;
  cdr->finish();
}

}  // namespace intermediary
