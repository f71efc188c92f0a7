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

namespace intermediary {

class Control {
 public:
  struct Hooks {
    // Reads the configuration and the certificates again; says what came of it.
    std::function<void(std::function<void(std::expected<std::string, std::string>)>)> reload;
  };
  // Opens what the configuration names; the error says what cannot be had, and why. `shard` must outlive it.
  static std::expected<std::unique_ptr<Control>, std::string> open(boost::asio::io_context& io,
                                                                   const ControlConfig& config, Shard& shard,
                                                                   Hooks hooks);

 private:
  Control(Shard& shard, Hooks hooks) : shard_(shard), hooks_(std::move(hooks)) {}
  void on_socket(const HttpRequest& request, HttpServer::Answer answer);
  HttpReply on_port(const HttpRequest& request) const;
  HttpReply look(const HttpRequest& request) const;
  HttpReply carry_out(const HttpRequest& request);
  HttpReply drain(const std::string& subject, bool drains);
  HttpReply health() const;

  Shard& shard_;
  Hooks hooks_;
  std::unique_ptr<HttpServer> socket_;
  std::unique_ptr<HttpServer> port_;
};

}  // namespace intermediary
