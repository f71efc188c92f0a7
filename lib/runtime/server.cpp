#include "runtime/server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <utility>

#include "runtime/control/control.h"
#include "runtime/net/shard.h"

namespace intermediary {

namespace asio = boost::asio;

namespace {

std::string name_of(int signal) { return signal == SIGHUP ? "SIGHUP" : signal == SIGINT ? "SIGINT" : "SIGTERM"; }

}  // namespace

struct Server::Implementation {
  Implementation(const ServerOptions& options, Log& log)
      : log(log), grace(options.grace), shard(io, log), signals(io), grace_timer(io) {}

  void wait_for_signal() {
    signals.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      log.write(LogLevel::Info, "signal name=" + name_of(signal));
      if (signal == SIGHUP) {
        shard.reload({});
      } else {
        drain();
      }
      wait_for_signal();
    });
  }

  void drain() {
    if (std::exchange(draining, true)) return end("asked twice");
    log.write(LogLevel::Info, "draining grace_ms=" + std::to_string(grace.count()));
    grace_timer.expires_after(grace);
    grace_timer.async_wait([this](const boost::system::error_code& error) {
      if (!error) end("the grace is over");
    });
    shard.drain([this] { end("at rest"); });
  }

  void end(const std::string& reason) {
    log.write(LogLevel::Info, "stopped reason=" + log_value(reason) + ' ' + shard.figures());
    io.stop();
  }

  Log& log;
  std::chrono::milliseconds grace;
  bool draining = false;
  asio::io_context io{1};
  Shard shard;
  std::unique_ptr<Control> control;
  asio::signal_set signals;
  asio::steady_timer grace_timer;
};

std::expected<std::unique_ptr<Server>, std::string> Server::open(Config config, const ServerOptions& options,
                                                                 Log& log) {
  auto implementation = std::make_unique<Implementation>(options, log);
  implementation->shard.set_engines(options.engines);
  if (auto opened = implementation->shard.open(std::move(config), options.seed); !opened) {
    return std::unexpected(opened.error());
  }
  if (options.record) {
    if (auto begun = implementation->shard.record(*options.record, options.seed); !begun) {
      return std::unexpected(begun.error());
    }
  }
  implementation->shard.set_reader(options.read, options.watched);
  auto control = Control::open(implementation->io, implementation->shard.config().control, implementation->shard,
                               [raw = implementation.get()](ReloadDone done) { raw->shard.reload(std::move(done)); });
  if (!control) return std::unexpected(control.error());
  implementation->control = *std::move(control);
  return std::unique_ptr<Server>(new Server(std::move(implementation)));
}

Server::Server(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}
Server::~Server() = default;

const Config& Server::config() const { return implementation_->shard.config(); }

void Server::stop_on_signals() {
  implementation_->signals.add(SIGTERM);
  implementation_->signals.add(SIGINT);
  implementation_->signals.add(SIGHUP);
  implementation_->wait_for_signal();
}

void Server::run() {
  implementation_->shard.start();
  const auto work = asio::make_work_guard(implementation_->io);
  implementation_->io.run();
}

void Server::reload(ReloadDone done) {
  asio::post(implementation_->io, [implementation = implementation_.get(), done = std::move(done)]() mutable {
    implementation->shard.reload(std::move(done));
  });
}

void Server::decide(RouteDecided decided) {
  asio::post(implementation_->io, [implementation = implementation_.get(), decided = std::move(decided)]() mutable {
    implementation->shard.deliver(std::move(decided));
    implementation->shard.settle();
  });
}

void Server::stop() {
  asio::post(implementation_->io, [implementation = implementation_.get()] { implementation->drain(); });
}

bool has_ipv6_loopback() {
  asio::io_context io;
  asio::ip::tcp::acceptor acceptor(io);
  boost::system::error_code error;
  acceptor.open(asio::ip::tcp::v6(), error);
  if (!error) acceptor.bind({asio::ip::address_v6::loopback(), 0}, error);
  return !error;
}

}  // namespace intermediary
