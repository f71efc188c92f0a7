#include "sim/node_config.h"

#include <algorithm>

#include "config/load.h"

namespace intermediary::sim {
namespace {

ConfigSurroundings surroundings_of(const std::string& file, const Surroundings& surroundings) {
  ConfigSurroundings result;
  result.variable = [&surroundings](const std::string& name) {
    return surroundings.variable ? surroundings.variable(name) : std::nullopt;
  };
  result.read_file = [&surroundings, file](const std::string& path) {
    return surroundings.read_file(beside(file, path).value_or(path));
  };
  if (surroundings.list_files) {
    result.list_files = [&surroundings, file](const std::string& pattern) {
      return surroundings.list_files(beside(file, pattern).value_or(pattern));
    };
  }
  result.folder = file.substr(0, file.rfind('/') == std::string::npos ? 0 : file.rfind('/'));
  return result;
}

std::string line_of(std::string_view text, std::size_t number) {
  for (; number > 1 && !text.empty(); --number) {
    const std::size_t end = text.find('\n');
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  std::string_view line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return std::string(line);
}

[[noreturn]] void refuse(const ConfigSource& source, const std::vector<ConfigProblem>& problems,
                         const Origins& origins) {
  Wrong wrong;
  bool first = true;
  for (const ConfigProblem& problem : problems) {
    if (problem.severity != ConfigProblem::Severity::Error) continue;
    const std::string file = problem.at.file == 0 ? source.file : problem.file;
    Place place{problem.at.line, problem.at.column};
    if (file.empty()) place = {source.block.line + place.line - 1, source.block.column + place.column - 1};
    if (first) {
      const bool is_shown = !file.empty() && problem.at.file == 0;
      wrong = {place, problem.message, file, is_shown ? line_of(source.text, place.line) : "", {}};
    } else {
      const std::string at = file.empty() ? origins.at(place.line) : file + ':' + std::to_string(place.line);
      wrong.also += at + ':' + std::to_string(place.column) + ": " + problem.message + '\n';
    }
    first = false;
  }
  if (!wrong.also.empty()) wrong.also.pop_back();
  throw wrong;
}

void give_addresses(Config& config, const std::vector<IpAddress>& addresses, const Place& node) {
  for (ListenerConfig& listener : config.listeners) {
    IpAddress& address = listener.bind.address;
    if (listener.bind.port == 0) {
      throw Wrong{node, "listener '" + listener.name + "' lets the system choose its port: in a scenario it needs one"};
    }
    if (!address.is_unspecified()) continue;
    const auto own = std::ranges::find(addresses, address.family(), &IpAddress::family);
    if (own == addresses.end()) {
      throw Wrong{node, "listener '" + listener.name +
                            "' listens on every address: say which there is, as in address=" +
                            (address.is_v4() ? "192.0.2.1" : "2001:db8::1")};
    }
    address = *own;
  }
}

}  // namespace

void read_config(const ConfigSource& source, const std::vector<IpAddress>& addresses, const Surroundings& surroundings,
                 const Origins& origins, const Place& node, NodeOptions& options) {
  const std::string name = source.file.empty() ? origins.file_of(source.block.line) : source.file;
  auto loaded = load_config(source.text, name, surroundings_of(name, surroundings));
  if (!loaded) refuse(source, loaded.error(), origins);
  const HashKey key = options.config.proxy.key;
  options.config = std::move(loaded->config);
  if (options.config.proxy.key == HashKey{}) options.config.proxy.key = key;
  options.is_whole = true;
  give_addresses(options.config, addresses, node);
}

}  // namespace intermediary::sim
