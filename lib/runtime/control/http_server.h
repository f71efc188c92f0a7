// HTTP/1.1 for operators and their programs: on a loopback port or a local socket, a few requests a second.
//
// Each request is handed to the handler, whose answer may come later. What is no request, too large or too slow is
// refused and ends its connection.
#pragma once

#include <boost/asio/io_context.hpp>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "base/address.h"

namespace intermediary {

struct ServedRequest {
  std::string method;
  std::string path;   // decoded, without the query
  std::string query;  // as it came
};

struct ServedReply {
  int status = 200;
  std::string type = "application/json";
  std::string body;
};

class HttpServer {
 public:
  using Answer = std::function<void(ServedReply)>;
  // Called on the io_context; `answer` is called once, at any time, on it.
  using Handler = std::function<void(const ServedRequest&, Answer answer)>;

  // The error names the address and the cause.
  static std::expected<std::unique_ptr<HttpServer>, std::string> on_port(boost::asio::io_context& io,
                                                                         const Endpoint& bind, Handler handler);
  // For its owner and group alone (mode 0660). A socket that nobody listens on any more is taken over.
  static std::expected<std::unique_ptr<HttpServer>, std::string> on_socket(boost::asio::io_context& io,
                                                                           const std::string& path, Handler handler);
  // Why on_socket() could not, as far as a look shows, in the same words; "": nothing is known.
  static std::string problem_with_socket(const std::string& path);
  // Its connections are closed, and a local socket is gone.
  ~HttpServer();

  // Of a port, as it was bound.
  Endpoint local() const;

  struct Implementation;  // of http_server.cpp

 private:
  explicit HttpServer(std::shared_ptr<Implementation> implementation);
  std::shared_ptr<Implementation> implementation_;
};

}  // namespace intermediary
