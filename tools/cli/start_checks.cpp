#include "tools/cli/start_checks.h"

#include <algorithm>

#include "engine/routing_engine.h"
#include "runtime/net/tls_contexts.h"
#include "runtime/net/tls_files.h"
#include "runtime/store/binding_store.h"

namespace intermediary::cli {
namespace {

using Severity = ConfigProblem::Severity;

constexpr int soon_days = 30;

// Each certificate by itself, so that all that is wrong is told at once.
void check_each_certificate(const LoadedConfig& loaded, std::vector<ConfigProblem>& problems) {
  for (std::size_t i = 0; i < loaded.config.certificates.size(); ++i) {
    const CertificateConfig& certificate = loaded.config.certificates[i];
    const Position at = loaded.places.certificates[i];
    const auto opened = load_certificate(certificate);
    if (!opened) {
      problems.push_back({loaded.files[at.file], at, Severity::Error, opened.error()});
    } else if (const std::string age = problem_with_age(*opened, soon_days); !age.empty()) {
      problems.push_back(
          {loaded.files[at.file], at, Severity::Warning, "certificate '" + certificate.name + "': " + age});
    }
  }
  if (loaded.config.authorities_file.empty()) return;
  if (const auto store = load_authorities(loaded.config.authorities_file); !store) {
    problems.push_back(
        {loaded.files[loaded.places.authorities.file], loaded.places.authorities, Severity::Error, store.error()});
  }
}

void check_tls(const LoadedConfig& loaded, std::vector<ConfigProblem>& problems) {
  const std::vector<ListenerConfig>& listeners = loaded.config.listeners;
  if (std::ranges::none_of(listeners, [](const auto& each) { return is_secure(each.transport); })) return;
  check_each_certificate(loaded, problems);
  if (std::ranges::find(problems, Severity::Error, &ConfigProblem::severity) != problems.end()) return;
  const auto contexts = TlsContexts::load(loaded.config);
  if (contexts) return;
  Position at = loaded.places.authorities;
  for (std::size_t i = 0; i < loaded.config.certificates.size(); ++i) {
    const bool named = contexts.error().contains("certificate '" + loaded.config.certificates[i].name + "'");
    if (named) at = loaded.places.certificates[i];
  }
  problems.push_back({loaded.files[at.file], at, Severity::Error, contexts.error()});
}

}  // namespace

std::vector<ConfigProblem> problems_at_start(const LoadedConfig& loaded) {
  std::vector<ConfigProblem> problems;
  check_tls(loaded, problems);
  if (loaded.config.store.is_outside()) {
    const std::string problem = problem_with_store(loaded.config.store);
    if (!problem.empty())
      problems.push_back({loaded.files[loaded.places.store.file], loaded.places.store, Severity::Error, problem});
  }
  const std::string no_engine = RoutingEngines().problem_with(loaded.config);  // this program has none
  if (!no_engine.empty()) {
    const Position at = loaded.places.engines.front().second;
    problems.push_back({loaded.files[at.file], at, Severity::Error, no_engine});
  }
  return problems;
}

}  // namespace intermediary::cli
