#include "tools/cli/start_checks.h"

#include <algorithm>

#include "engine/routing_engine.h"
#include "runtime/cdr/call_records.h"
#include "runtime/control/http_server.h"
#include "runtime/control/metrics.h"
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

void check_user_stores(const LoadedConfig& loaded, std::vector<ConfigProblem>& problems) {
  const Config& config = loaded.config;
  for (std::size_t i = 0; i < config.user_stores.size(); ++i) {
    const auto realm = std::ranges::find(config.auth, config.user_stores[i].auth, &DigestRealm::name);
    const bool wants_sha512_256 = std::ranges::count(realm->algorithms, DigestAlgorithm::Sha512_256) > 0;
    const UserStoreProblem found = problem_with_user_store(config.user_stores[i].store, wants_sha512_256);
    const Position& at = loaded.places.user_stores[i];
    if (!found.error.empty()) problems.push_back({loaded.files[at.file], at, Severity::Error, found.error});
    if (!found.warning.empty()) problems.push_back({loaded.files[at.file], at, Severity::Warning, found.warning});
  }
}

}  // namespace

std::vector<ConfigProblem> problems_at_start(const LoadedConfig& loaded) {
  std::vector<ConfigProblem> problems;
  check_tls(loaded, problems);
  const auto note = [&](const Position& at, const std::string& problem) {
    if (!problem.empty()) problems.push_back({loaded.files[at.file], at, Severity::Error, problem});
  };
  const Config& config = loaded.config;
  if (config.store.is_outside()) note(loaded.places.store, problem_with_store(config.store));
  if (config.call_records.is_kept()) note(loaded.places.call_records, CallRecords::problem_with(config.call_records));
  if (!config.control.socket.empty()) {
    note(loaded.places.control, HttpServer::problem_with_socket(config.control.socket));
  }
  if (config.control.metrics) {
    if (const auto possible = can_tell_metrics(); !possible) note(loaded.places.metrics, possible.error());
  }
  const std::string no_engine = RoutingEngines().problem_with(config);  // this program has none
  if (!no_engine.empty()) note(loaded.places.engines.front().second, no_engine);
  check_user_stores(loaded, problems);
  return problems;
}

}  // namespace intermediary::cli
