// One connection to Redis: what is said by hiredis' formatter and reader, on a socket of the shard's io_context.
//
// hiredis' own connections end the process where a server says more than it was asked (its assertion), and take
// whatever a reply claims to need; here either ends the connection.
#pragma once

#include <hiredis/hiredis.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace intermediary {

class RedisConnection : public std::enable_shared_from_this<RedisConnection> {
 public:
  // Null: the connection has ended.
  using Replied = std::function<void(const redisReply*)>;
  // Told once, whether it came up or not, but for close(); the reason is "" where the other end has closed it.
  using Ended = std::function<void(std::string reason)>;

  // Begins to connect. `address` is numeric: no name is looked up here.
  static std::shared_ptr<RedisConnection> open(boost::asio::io_context& io, const std::string& address,
                                               std::uint16_t port, Ended ended);
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // Arguments are sent with their lengths: whatever bytes they hold, they stay arguments.
  void command(const std::vector<std::string_view>& arguments, Replied replied);
  // Ends it at once. Commands without a reply are told so, from within.
  void close();

 private:
  struct Freeing {
    void operator()(redisReader* reader) const { redisReaderFree(reader); }
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
  };

  RedisConnection(boost::asio::io_context& io, Ended ended);
  void connect(const boost::asio::ip::tcp::endpoint& server);
  void write_soon();
  void write();
  void read();
  void take(std::size_t size);
  void end(const std::string& reason);

  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<redisReader, Freeing> reader_;
  Ended ended_;
  std::deque<Replied> waiting_;  // in the order of their commands
  std::string next_, leaving_;   // to be written, and being written
  std::array<char, 16384> read_{};
  std::size_t unanswered_ = 0;  // bytes that have come since the last whole reply
  bool is_open_ = false, is_over_ = false;
  bool is_writing_ = false;  // or is about to
};

}  // namespace intermediary
