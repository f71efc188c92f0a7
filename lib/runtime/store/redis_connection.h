// One connection to Redis: hiredis on the shard's io_context, from the connect to its end.
//
// hiredis calls back when a command has its reply, and with none when the connection ends; it owns the socket, which is
// only waited for here.
#pragma once

#include <hiredis/async.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
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

  // Begins to connect. `address` is numeric: no name is looked up here. Null, and the reason: not even that.
  static std::shared_ptr<RedisConnection> open(boost::asio::io_context& io, const std::string& address,
                                               std::uint16_t port, Ended ended, std::string& reason);
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // Arguments are sent with their lengths: whatever bytes they hold, they stay arguments.
  void command(const std::vector<std::string_view>& arguments, Replied replied);
  // Ends it at once. Commands without a reply are told so.
  void close();

 private:
  RedisConnection(boost::asio::io_context& io, redisAsyncContext* context, Ended ended);
  void attach();
  void wait_for_reading();
  void wait_for_writing();
  void ended(const redisAsyncContext* context, int status);

  boost::asio::posix::stream_descriptor socket_;
  redisAsyncContext* context_;  // null once it has ended
  Ended ended_;
  bool wants_read_ = false, wants_write_ = false;
  bool reading_ = false, writing_ = false;  // a wait is under way
};

}  // namespace intermediary
