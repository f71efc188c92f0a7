// Asks HTTP servers, without ever blocking: HTTP/1.1 on the shard's io_context, over TLS where the URL says so.
//
// An https server must prove to be its host, by a certificate of an authority that counts. Where an order may not lead
// inside (base/http.h), the addresses that a name has now are looked at, and a connection goes to none but these: what
// the name stands for a moment later does not matter. Connections are kept for the next order to the same host, and
// closed when they have nothing to do. Nothing is asked twice, but for a GET whose kept connection turns out to be
// closed.
#pragma once

#include <boost/asio/io_context.hpp>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "engine/io.h"
#include "runtime/dns/dns_client.h"

namespace intermediary {

class HttpClient {
 public:
  // What stands around it; all outlive it. `dns` may be null: then no name has an address.
  struct Surroundings {
    boost::asio::io_context& io;
    DnsClient* dns = nullptr;
    std::function<void(HttpReplied)> replied;  // once for each order; from within ask() where it fails at once
    std::function<void()> settled;             // after replies that were not told from within ask()
  };

  explicit HttpClient(Surroundings surroundings);
  // Orders under way are never answered.
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Whose signatures count, for connections from now on: a PEM file, read when the next https server is asked; "", as
  // at first: those that the system knows.
  void trust(std::string authorities_file);
  void ask(HttpRequest request);

  struct Implementation;  // of http_client.cpp

 private:
  std::shared_ptr<Implementation> implementation_;
};

}  // namespace intermediary
