#include "runtime/store/redis_connection.h"

#include <utility>

namespace intermediary {

namespace asio = boost::asio;
using boost::system::error_code;
using Descriptor = asio::posix::stream_descriptor;

std::shared_ptr<RedisConnection> RedisConnection::open(asio::io_context& io, const std::string& address,
                                                       std::uint16_t port, Ended ended, std::string& reason) {
  redisAsyncContext* context = redisAsyncConnect(address.c_str(), port);
  if (!context || context->err != 0) {
    reason = context ? context->errstr : "no memory";
    if (context) redisAsyncFree(context);
    return nullptr;
  }
  std::shared_ptr<RedisConnection> connection(new RedisConnection(io, context, std::move(ended)));
  connection->attach();
  return connection;
}

RedisConnection::RedisConnection(asio::io_context& io, redisAsyncContext* context, Ended ended)
    : socket_(io, context->c.fd), context_(context), ended_(std::move(ended)) {}

RedisConnection::~RedisConnection() {
  ended_ = nullptr;
  close();
}

void RedisConnection::attach() {
  context_->data = this;
  context_->ev.data = this;
  context_->ev.addRead = [](void* self) {
    auto* connection = static_cast<RedisConnection*>(self);
    connection->wants_read_ = true;
    connection->wait_for_reading();
  };
  context_->ev.delRead = [](void* self) { static_cast<RedisConnection*>(self)->wants_read_ = false; };
  context_->ev.addWrite = [](void* self) {
    auto* connection = static_cast<RedisConnection*>(self);
    connection->wants_write_ = true;
    connection->wait_for_writing();
  };
  context_->ev.delWrite = [](void* self) { static_cast<RedisConnection*>(self)->wants_write_ = false; };
  // Before hiredis closes the socket: the next one may have its number.
  context_->ev.cleanup = [](void* self) {
    auto* connection = static_cast<RedisConnection*>(self);
    connection->wants_read_ = connection->wants_write_ = false;
    if (connection->socket_.is_open()) connection->socket_.release();
  };
  redisAsyncSetConnectCallback(context_, [](const redisAsyncContext* context, int status) {
    if (status != REDIS_OK) static_cast<RedisConnection*>(context->data)->ended(context, status);
  });
  redisAsyncSetDisconnectCallback(context_, [](const redisAsyncContext* context, int status) {
    static_cast<RedisConnection*>(context->data)->ended(context, status);
  });
}

void RedisConnection::command(const std::vector<std::string_view>& arguments, Replied replied) {
  if (!context_) return replied(nullptr);
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  for (const std::string_view argument : arguments) {
    texts.push_back(argument.data());
    lengths.push_back(argument.size());
  }
  auto kept = std::make_unique<Replied>(std::move(replied));
  const auto heard = [](redisAsyncContext*, void* reply, void* data) {
    const std::unique_ptr<Replied> to(static_cast<Replied*>(data));
    (*to)(static_cast<const redisReply*>(reply));
  };
  const int sent =
      redisAsyncCommandArgv(context_, heard, kept.get(), static_cast<int>(texts.size()), texts.data(), lengths.data());
  if (sent == REDIS_OK) {
    static_cast<void>(kept.release());
  } else {
    (*kept)(nullptr);
  }
}

void RedisConnection::close() {
  if (!context_) return;
  ended_ = nullptr;
  const auto kept = weak_from_this().lock();
  redisAsyncFree(std::exchange(context_, nullptr));
}

void RedisConnection::ended(const redisAsyncContext* context, int status) {
  context_ = nullptr;  // hiredis frees it
  if (!ended_) return;
  const std::string reason = status == REDIS_OK ? std::string() : context->errstr;
  std::exchange(ended_, nullptr)(reason);
}

void RedisConnection::wait_for_reading() {
  if (reading_) return;
  reading_ = true;
  socket_.async_wait(Descriptor::wait_read, [self = shared_from_this()](error_code error) {
    self->reading_ = false;
    if (error || !self->context_ || !self->wants_read_) return;
    redisAsyncHandleRead(self->context_);
    if (self->context_ && self->wants_read_) self->wait_for_reading();
  });
}

void RedisConnection::wait_for_writing() {
  if (writing_) return;
  writing_ = true;
  socket_.async_wait(Descriptor::wait_write, [self = shared_from_this()](error_code error) {
    self->writing_ = false;
    if (error || !self->context_ || !self->wants_write_) return;
    redisAsyncHandleWrite(self->context_);
    if (self->context_ && self->wants_write_) self->wait_for_writing();
  });
}

}  // namespace intermediary
