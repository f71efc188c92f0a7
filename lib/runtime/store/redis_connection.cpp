#include "runtime/store/redis_connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace intermediary {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t most_elements = 16;  // of an array in a reply: three are asked for
constexpr std::size_t most_reply_bytes = 8 * 1'024 * 1'024;

const redisReplyObjectFunctions& usual_functions() {
  static const redisReplyObjectFunctions functions = [] {
    redisReader* reader = redisReaderCreate();
    const redisReplyObjectFunctions usual = *reader->fn;
    redisReaderFree(reader);
    return usual;
  }();
  return functions;
}

// Room for an array is made when its length is read: not for any length, nor for one within another.
redisReader* make_reader() {
  static redisReplyObjectFunctions bounded = [] {
    redisReplyObjectFunctions functions = usual_functions();
    functions.createArray = [](const redisReadTask* task, auto elements) -> void* {
      const bool is_much = task->parent || static_cast<std::size_t>(elements) > most_elements;
      return is_much ? nullptr : usual_functions().createArray(task, elements);
    };
    return functions;
  }();
  return redisReaderCreateWithFunctions(&bounded);
}

}  // namespace

std::shared_ptr<RedisConnection> RedisConnection::open(asio::io_context& io, const std::string& address,
                                                       std::uint16_t port, Ended ended) {
  std::shared_ptr<RedisConnection> connection(new RedisConnection(io, std::move(ended)));
  connection->connect({asio::ip::make_address(address), port});
  return connection;
}

RedisConnection::RedisConnection(asio::io_context& io, Ended ended)
    : socket_(io), reader_(make_reader()), ended_(std::move(ended)) {}

void RedisConnection::connect(const asio::ip::tcp::endpoint& server) {
  socket_.async_connect(server, [self = shared_from_this()](error_code error) {
    if (self->is_over_) return;
    if (error) return self->end(error.message());
    self->is_open_ = true;
    error_code ignored;
    self->socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    self->write();
    self->read();
  });
}

void RedisConnection::command(const std::vector<std::string_view>& arguments, Replied replied) {
  if (is_over_) return replied(nullptr);
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  for (const std::string_view argument : arguments) {
    texts.push_back(argument.data());
    lengths.push_back(argument.size());
  }
  char* formatted = nullptr;
  const int size = redisFormatCommandArgv(&formatted, static_cast<int>(texts.size()), texts.data(), lengths.data());
  if (size < 0) return replied(nullptr);
  next_.append(formatted, static_cast<std::size_t>(size));
  redisFreeCommand(formatted);
  waiting_.push_back(std::move(replied));
  if (is_open_) write_soon();
}

void RedisConnection::close() {
  if (is_over_) return;
  ended_ = nullptr;
  end({});
}

// What is said in one turn of the loop goes out together.
void RedisConnection::write_soon() {
  if (std::exchange(is_writing_, true)) return;
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->is_writing_ = false;
    self->write();
  });
}

void RedisConnection::write() {
  if (is_over_ || is_writing_ || next_.empty()) return;
  is_writing_ = true;
  leaving_ = std::exchange(next_, {});
  asio::async_write(socket_, asio::buffer(leaving_), [self = shared_from_this()](error_code error, std::size_t) {
    self->is_writing_ = false;
    if (self->is_over_) return;
    if (error) return self->end(error.message());
    self->write();
  });
}

void RedisConnection::read() {
  socket_.async_read_some(asio::buffer(read_), [self = shared_from_this()](error_code error, std::size_t size) {
    if (self->is_over_) return;
    if (error == asio::error::eof) return self->end({});
    if (error) return self->end(error.message());
    self->take(size);
    if (!self->is_over_) self->read();
  });
}

void RedisConnection::take(std::size_t size) {
  unanswered_ += size;
  if (unanswered_ > most_reply_bytes) return end("a reply that is too long");
  redisReaderFeed(reader_.get(), read_.data(), size);
  while (!is_over_) {
    void* read = nullptr;
    if (redisReaderGetReply(reader_.get(), &read) != REDIS_OK) return end(reader_->errstr);
    const std::unique_ptr<redisReply, Freeing> reply(static_cast<redisReply*>(read));
    if (!reply) break;
    unanswered_ = 0;
    if (waiting_.empty()) {
      const bool is_error = reply->type == REDIS_REPLY_ERROR;
      return end(is_error ? "Redis says: " + std::string(reply->str, reply->len) : "a reply that nobody asked for");
    }
    const Replied to = std::move(waiting_.front());
    waiting_.pop_front();
    to(reply.get());
  }
}

void RedisConnection::end(const std::string& reason) {
  const auto self = shared_from_this();
  is_over_ = true;
  is_open_ = false;
  error_code ignored;
  socket_.close(ignored);
  for (const Replied& each : std::exchange(waiting_, {})) each(nullptr);
  if (const Ended ended = std::exchange(ended_, nullptr)) ended(reason);
}

}  // namespace intermediary
