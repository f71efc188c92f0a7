#include "conformance/torture_table.h"

#include <fstream>
#include <sstream>

#include "conformance/flow_files.h"

namespace intermediary::conformance {
namespace {

const std::filesystem::path torture = INTERMEDIARY_SOURCE_DIR "/conformance/torture";

std::vector<Verdict> read_verdicts(const std::filesystem::path& table) {
  std::ifstream file(table);
  std::vector<Verdict> verdicts;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream columns(line);
    Verdict v;
    for (auto* column : {&v.name, &v.rule, &v.kind, &v.datagram, &v.stream, &v.proxy, &v.why}) {
      std::getline(columns, *column, '\t');
    }
    if (v.stream == "-") v.stream = v.datagram;
    verdicts.push_back(v);
  }
  return verdicts;
}

}  // namespace

std::string TortureTable::message(const Verdict& verdict) const {
  return read_text((folder / (verdict.name + extension)).string());
}

TortureTable our_messages() { return {read_verdicts(torture / "verdicts.tsv"), torture, ".sip"}; }

TortureTable messages_of_rfc4475() {
  return {read_verdicts(torture / "rfc4475.tsv"), INTERMEDIARY_SHARED_DIR "/corpora/rfc4475", ".dat"};
}

}  // namespace intermediary::conformance
