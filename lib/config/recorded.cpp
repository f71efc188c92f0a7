#include "config/recorded.h"

#include <algorithm>
#include <utility>

#include "config/zones.h"

namespace intermediary {
namespace {

// What stands in a record for a private key: enough for the configuration to be loaded.
constexpr std::string_view left_out = "-----BEGIN PRIVATE KEY-----\n(not in the record)\n-----END PRIVATE KEY-----\n";

bool is_key_of_tls(const RecordedConfig::File& file, const Config& config) {
  const bool is_named = std::ranges::any_of(config.certificates, [&](const CertificateConfig& certificate) {
    return certificate.key_file == file.path || certificate.key_file.ends_with('/' + file.path);
  });
  return is_named && !(config.smime && config.smime->key == file.text);
}

// What a pattern stands for stands in a record as the contents of a file of that name: a name a line.
std::vector<std::string> lines_in(std::string_view text) {
  std::vector<std::string> lines;
  for (std::size_t end; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1)) {
    lines.emplace_back(text.substr(0, end));
  }
  return lines;
}

std::string as_lines(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += name + '\n';
  return text;
}

ConfigSurroundings surroundings_in(const RecordedConfig& recorded) {
  return {[&recorded](const std::string& name) -> std::optional<std::string> {
            const auto found = std::ranges::find(recorded.variables, name, &RecordedConfig::Variable::name);
            return found == recorded.variables.end() ? std::nullopt : found->value;
          },
          [&recorded](const std::string& path) -> std::expected<std::string, std::string> {
            const auto found = std::ranges::find(recorded.files, path, &RecordedConfig::File::path);
            if (found == recorded.files.end()) return std::unexpected("the record does not hold it");
            if (!found->readable) return std::unexpected(found->text);
            return found->text;
          },
          recorded.folder,
          [&recorded](const std::string& name) -> std::expected<ZoneTable, std::string> {
            const auto found = std::ranges::find(recorded.zones, name, &ZoneTable::name);
            if (found == recorded.zones.end()) return std::unexpected("the record does not hold '" + name + "'");
            return *found;
          },
          [&recorded](const std::string& pattern) -> std::expected<std::vector<std::string>, std::string> {
            const auto found = std::ranges::find(recorded.files, pattern, &RecordedConfig::File::path);
            if (found == recorded.files.end()) return std::unexpected("the record does not hold it");
            if (!found->readable) return std::unexpected(found->text);
            return lines_in(found->text);
          }};
}

}  // namespace

ConfigSurroundings ConfigWitness::surroundings() {
  return {[this](const std::string& name) {
            std::optional<std::string> value = world_.variable(name);
            seen_.variables.push_back({name, value});
            return value;
          },
          [this](const std::string& path) {
            std::expected<std::string, std::string> text = world_.read_file(path);
            seen_.files.push_back({path, text.has_value(), text ? *text : text.error()});
            return text;
          },
          world_.folder,
          [this](const std::string& name) {
            std::expected<ZoneTable, std::string> zone = world_.zone ? world_.zone(name) : system_zone(name);
            if (zone) seen_.zones.push_back(*zone);
            return zone;
          },
          [this](const std::string& pattern) -> std::expected<std::vector<std::string>, std::string> {
            if (!world_.list_files) return std::unexpected("there are no folders here");
            auto names = world_.list_files(pattern);
            seen_.files.push_back({pattern, names.has_value(), names ? as_lines(*names) : names.error()});
            return names;
          }};
}

RecordedConfig ConfigWitness::recorded(const std::string& name, std::string_view text, const Config& config) const {
  RecordedConfig recorded = seen_;
  recorded.name = name;
  recorded.text = text;
  for (RecordedConfig::File& file : recorded.files) {
    if (is_key_of_tls(file, config)) file.text = left_out;
  }
  return recorded;
}

std::expected<Config, std::string> load_recorded(const RecordHeader& header) {
  auto loaded = load_config(header.config.text, header.config.name, surroundings_in(header.config));
  if (!loaded) {
    std::string problems = "the recorded configuration cannot be loaded";
    for (const ConfigProblem& problem : loaded.error()) problems += "\n  " + problem.to_string();
    return std::unexpected(std::move(problems));
  }
  Config config = std::move(loaded->config);
  config.listeners = header.listeners;
  config.proxy.key = header.key;
  if (const std::string problem = problem_with(config); !problem.empty()) {
    return std::unexpected("the recorded configuration cannot be used: " + problem);
  }
  return config;
}

}  // namespace intermediary
