// A server: an engine on the sockets that its configuration names.
//
//   auto server = Server::open(config, options, log);   // binds; the error says which listener cannot be had, and why
//   (*server)->run();                                   // until stop(), or a signal
#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "base/random.h"
#include "engine/config.h"
#include "engine/routing_engine.h"
#include "runtime/log.h"
#include "runtime/recorder.h"
#include "runtime/reload.h"

namespace intermediary {

struct ServerOptions {
  Seed seed{};
  // How long requests under way may take to end after stop().
  std::chrono::milliseconds grace = std::chrono::seconds(5);
  std::optional<RecordSettings> record{};  // what comes in, from the first input on
  ReadConfiguration read{};                // for reload(); empty: it reads certificates alone
  RoutingEngines engines{};                // of [engine.NAME]: a name that is not there is refused
  WatchedFiles watched{};                  // from the start; then those of the configuration that was read last
};

class Server {
 public:
  // `log` must outlive the server. Throws std::system_error only where the process lacks what any socket needs.
  static std::expected<std::unique_ptr<Server>, std::string> open(Config config, const ServerOptions& options,
                                                                  Log& log);
  ~Server();

  // The configuration with the ports as they were bound; good until a reload.
  const Config& config() const;
  // SIGTERM and SIGINT stop it; a second one ends it at once. SIGHUP reloads.
  void stop_on_signals();
  // Returns after stop(), when all that was under way has ended or the grace is over.
  void run();
  // From any thread: reads the configuration and the files of its certificates again, all or nothing. Requests from now
  // on are under the new ones; calls and connections keep what they have, and none is closed (docs/adr/0054). The log
  // says what came of it, and so hears `done`, on the server's thread; it may be empty.
  void reload(ReloadDone done);
  // From any thread: what a routing engine says that did not say it at once.
  void decide(RouteDecided decided);
  // From any thread: accepts nothing new, answers new requests with 503, and ends when idle.
  void stop();

 private:
  struct Implementation;
  explicit Server(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

// Whether this host has an IPv6 loopback address to bind to.
bool has_ipv6_loopback();

}  // namespace intermediary
