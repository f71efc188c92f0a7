// What `check --live` tries on this machine, now.
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <optional>

#include "runtime/dns/dns_client.h"
#include "runtime/net/inbox.h"
#include "runtime/net/tcp_listener.h"
#include "runtime/net/udp_listener.h"
#include "runtime/store/binding_store.h"
#include "tools/cli/start_checks.h"

namespace intermediary::cli {

namespace {

namespace asio = boost::asio;

ConfigProblem live_problem(const LoadedConfig& loaded, Position at, std::string message) {
  return {loaded.files[at.file], at, ConfigProblem::Severity::Error, std::move(message)};
}

// Nothing is to come in.
class NoInbox final : public Inbox {
 public:
  void deliver(Input) override {}
  void settle() override {}
  void note(LogLevel, std::string_view) override {}
};

// As a server does it.
std::error_code bound(const ListenerConfig& listener) {
  asio::io_context io;
  NoInbox inbox;
  if (listener.transport == Transport::Udp) return UdpListener(io, ListenerId{1}, {}, inbox).open(listener.bind);
  const auto nobody = [](ListenerId, const asio::ip::tcp::socket&, const Endpoint&) {};
  return TcpListener(io, ListenerId{1}, inbox, nobody).open(listener.bind);
}

void try_listeners(const LoadedConfig& loaded, std::vector<ConfigProblem>& problems) {
  for (std::size_t i = 0; i < loaded.config.listeners.size(); ++i) {
    const ListenerConfig& listener = loaded.config.listeners[i];
    const std::error_code error = bound(listener);
    if (!error) continue;
    problems.push_back(live_problem(loaded, loaded.places.listeners[i],
                                    "cannot listen on " + listener.bind.to_string() + " now: " + error.message()));
  }
}

using OpenStore = OpenedStore (*)(const StoreConfig&, BindingStore::Surroundings);

// Why it does not answer that; "" where it does.
std::string problem_with_asking(const StoreConfig& config, OpenStore open, const StoreOperation& operation) {
  if (!config.is_shared()) return {};  // a file has been looked at
  asio::io_context io;
  std::string reason = "no answer within " + std::to_string(config.timeout.count() / 1000) + " ms";
  const auto take = [&](const StoreReplied& reply) {
    const auto* unavailable = std::get_if<StoreUnavailable>(&reply.reply);
    reason = unavailable ? unavailable->reason : "";
    io.stop();
  };
  const auto store = open(config, {io, take, [] {}, [](LogLevel, std::string_view) {}});
  if (!store) return store.error();
  (*store)->ask({QueryId{1}, operation});
  io.run_for(config.timeout);
  return reason;
}

void try_stores(const LoadedConfig& loaded, std::vector<ConfigProblem>& problems) {
  const auto add = [&](Position at, const std::string& what, const std::string& reason) {
    if (!reason.empty()) problems.push_back(live_problem(loaded, at, what + reason));
  };
  const Config& config = loaded.config;
  add(loaded.places.store,
      "the store: ", problem_with_asking(config.store, open_binding_store, FetchRecord{"sip:nobody@invalid"}));
  for (std::size_t i = 0; i < config.user_stores.size(); ++i) {
    add(loaded.places.user_stores[i], "the users of [auth." + config.user_stores[i].auth + "]: ",
        problem_with_asking(config.user_stores[i].store, open_user_store, FetchUser{"invalid", "nobody"}));
  }
}

// Any answer will do: that there is no such name, too.
void try_name_servers(const LoadedConfig& loaded, std::vector<ConfigProblem>& problems) {
  const DnsConfig& config = loaded.config.dns;
  if (config.servers.empty()) return;
  for (const Endpoint& server : config.servers) {
    asio::io_context io;
    std::optional<std::string> reason;
    const auto take = [&](QueryId, const DnsResult& result) {
      const bool silent = !result && (result.error().kind == DnsFailure::Kind::TimedOut ||
                                      result.error().kind == DnsFailure::Kind::Failed);
      reason = silent ? result.error().why() : "";
      io.stop();
    };
    DnsClientSettings settings;
    settings.servers = {server};
    settings.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(config.timeout);
    settings.tries = 1;
    const auto client = DnsClient::open(io, settings, take, [] {});
    if (client) {
      (*client)->ask(QueryId{1}, {"sip.invalid", DnsType::A});
      io.run_for(config.timeout + std::chrono::seconds(1));
    }
    const std::string problem = client ? reason.value_or("no answer") : client.error();
    if (problem.empty()) continue;
    problems.push_back(
        live_problem(loaded, loaded.places.dns, "the name server " + server.to_string() + ": " + problem));
  }
}

}  // namespace

std::vector<ConfigProblem> problems_now(const LoadedConfig& loaded) {
  std::vector<ConfigProblem> problems;
  try_listeners(loaded, problems);
  try_stores(loaded, problems);
  try_name_servers(loaded, problems);
  return problems;
}

}  // namespace intermediary::cli
