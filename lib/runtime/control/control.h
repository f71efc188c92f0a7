// What operators ask of a running server, by HTTP on a local socket (`intermediary-cli ctl`) and on a loopback port
// (Prometheus, health checks). docs/operating.md lists the paths.
#pragma once

#include <boost/asio/io_context.hpp>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "runtime/control/http_server.h"
#include "runtime/net/shard.h"
#include "runtime/reload.h"

namespace intermediary {

class Control {
 public:
  // Opens what the configuration names; the error says what cannot be had, and why. `shard` must outlive it. `reload`
  // reads configuration and certificates again.
  static std::expected<std::unique_ptr<Control>, std::string> open(boost::asio::io_context& io,
                                                                   const ControlConfig& config, Shard& shard,
                                                                   std::function<void(ReloadDone)> reload);

 private:
  Control(Shard& shard, std::function<void(ReloadDone)> reload) : shard_(shard), reload_(std::move(reload)) {}
  void on_socket(const ServedRequest& request, HttpServer::Answer answer);
  ServedReply on_port(const ServedRequest& request) const;
  ServedReply look(const ServedRequest& request) const;
  ServedReply carry_out(const ServedRequest& request);
  ServedReply drain(const std::string& subject, bool drains);
  ServedReply health() const;

  Shard& shard_;
  std::function<void(ReloadDone)> reload_;
  std::unique_ptr<HttpServer> socket_;
  std::unique_ptr<HttpServer> port_;
};

}  // namespace intermediary
