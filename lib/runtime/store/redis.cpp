#include "runtime/store/redis.h"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <utility>
#include <vector>

#include "base/overloaded.h"
#include "base/text.h"
#include "runtime/store/redis_connection.h"

namespace intermediary {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;

constexpr auto first_pause = std::chrono::milliseconds(100);
constexpr auto longest_pause = std::chrono::seconds(5);
// KEYS[1]; the version that is expected, the new one, the bindings, how long they last in milliseconds. One step for
// everybody who shares the server.
constexpr std::string_view compare_and_set =
    "local there = redis.call('HGET', KEYS[1], 'version') "
    "if (there or '0') ~= ARGV[1] then return redis.call('HMGET', KEYS[1], 'version', 'bindings') end "
    "if ARGV[3] == '' then redis.call('DEL', KEYS[1]) return 1 end "
    "redis.call('HSET', KEYS[1], 'version', ARGV[2], 'bindings', ARGV[3]) "
    "redis.call('PEXPIRE', KEYS[1], ARGV[4]) return 1";

std::string_view text_of(const redisReply* reply) { return reply->str ? std::string_view(reply->str, reply->len) : ""; }

// Why a reply is none that does what was asked; "" where it may be, or where something else stands under its key: that
// says nothing of the server.
std::string failure_in(const redisReply* reply) {
  if (!reply) return "the connection to Redis has ended";
  const bool failed = reply->type == REDIS_REPLY_ERROR && !text_of(reply).starts_with("WRONGTYPE");
  return failed ? "Redis says: " + std::string(text_of(reply)) : std::string();
}

// Of HMGET: two values, or none.
std::optional<StoredRecord> record_in(const redisReply* reply, const std::string& address_of_record) {
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2) return std::nullopt;
  const redisReply* version = reply->element[0];
  const redisReply* bindings = reply->element[1];
  StoredRecord record{address_of_record, 0, {}, {}};
  if (version->type == REDIS_REPLY_NIL) return record;
  const auto number = parse_decimal<std::uint64_t>(text_of(version));
  if (!number || bindings->type != REDIS_REPLY_STRING) return std::nullopt;
  record.version = *number;
  record.bindings = text_of(bindings);
  return record;
}

// Of HMGET: three values, or less.
std::optional<UserFound> user_in(const redisReply* reply) {
  UserFound found;
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements != found.hashes.size()) return std::nullopt;
  for (std::size_t i = 0; i < found.hashes.size(); ++i) found.hashes[i] = text_of(reply->element[i]);
  return found;
}

// What outlives the store where a handler is still to be called.
class RedisClient : public std::enable_shared_from_this<RedisClient> {
 public:
  RedisClient(StoreConfig config, BindingStore::Surroundings surroundings)
      : config_(std::move(config)),
        around_(std::move(surroundings)),
        resolver_(around_.io),
        pause_timer_(around_.io),
        watch_(around_.io) {}

  void start() { resolve(); }

  void stop() {
    is_over_ = true;
    resolver_.cancel();
    pause_timer_.cancel();
    watch_.cancel();
    if (const auto connection = std::exchange(connection_, nullptr)) connection->close();
  }

  void ask(StoreRequest request) {
    if (!is_ready_ && is_hopeful_ && early_.size() < most_store_requests) return early_.push_back(std::move(request));
    if (!is_ready_ || asked_.size() >= most_store_requests) {
      const std::string reason = is_ready_ ? "too many requests wait for Redis" : "no connection to Redis" + why_;
      return tell_later({request.query, StoreUnavailable{reason}});
    }
    asked_.push_back(SteadyClock::now());
    std::visit(Overloaded{
                   [&](const FetchRecord& fetch) { this->fetch(request.query, fetch.address_of_record); },
                   [&](const ReplaceRecord& replace) { this->replace(request.query, replace); },
                   [&](const FetchUser& fetch) { this->fetch(request.query, fetch); },
                   [&](const LoadRecords&) {
                     asked_.pop_back();
                     tell_later({request.query, StoreUnavailable{"Redis is shared, and not read as a whole"}});
                   },
               },
               request.operation);
  }

 private:
  // ---- requests

  void fetch(QueryId query, const std::string& aor) {
    const std::string key = config_.prefix + aor;
    connection_->command({"HMGET", key, "version", "bindings"}, [this, query, aor](const redisReply* reply) {
      answered(query, reply, [&] {
        const auto record = record_in(reply, aor);
        return record ? StoreReply(RecordFound{*record}) : StoreReply(StoreUnavailable{"Redis has no record there"});
      });
    });
  }

  // A hash of strings that others write: "md5", "sha-256" and "sha-512-256".
  void fetch(QueryId query, const FetchUser& fetch) {
    const std::string key = config_.prefix + fetch.realm + ":" + fetch.user;
    connection_->command({"HMGET", key, "md5", "sha-256", "sha-512-256"}, [this, query](const redisReply* reply) {
      answered(query, reply, [&] {
        return user_in(reply).value_or(UserFound{{"", "no hash of strings", ""}});  // it is told, and lets nobody in
      });
    });
  }

  void replace(QueryId query, const ReplaceRecord& replace) {
    const StoredRecord& record = replace.record;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(record.expires - std::chrono::system_clock::now());
    const std::string key = config_.prefix + record.address_of_record;
    const std::string expected = std::to_string(replace.expected), version = std::to_string(record.version);
    const std::string lasts = std::to_string(std::max<std::int64_t>(left.count(), 1));
    connection_->command({"EVAL", compare_and_set, "1", key, expected, version, record.bindings, lasts},
                         [this, query, aor = record.address_of_record](const redisReply* reply) {
                           answered(query, reply, [&]() -> StoreReply {
                             if (reply->type == REDIS_REPLY_INTEGER) return RecordReplaced{};
                             const auto there = record_in(reply, aor);
                             if (there) return RecordConflict{*there};
                             return StoreUnavailable{"Redis has no record there"};
                           });
                         });
  }

  template <class Read>
  void answered(QueryId query, const redisReply* reply, Read read) {
    if (!asked_.empty()) asked_.pop_front();
    if (is_over_) return;
    const std::string failure = failure_in(reply);
    if (!failure.empty()) return fail(query, reply, failure);
    pause_ = first_pause;  // it does what is asked of it
    around_.reply({query, read()});
    around_.settle();
  }

  // A server that has become a replica, or loads its data, does nothing for us: whoever has taken over may.
  void fail(QueryId query, const redisReply* reply, const std::string& failure) {
    tell_later({query, StoreUnavailable{failure}});
    if (!reply) return;
    const std::string_view text = text_of(reply);
    for (const std::string_view sign : {"READONLY", "LOADING", "MASTERDOWN", "NOAUTH"}) {
      if (text.starts_with(sign)) close_later(failure);
    }
  }

  void tell_later(StoreReplied reply) {
    asio::post(around_.io, [self = shared_from_this(), reply = std::move(reply)]() mutable {
      if (self->is_over_) return;
      self->around_.reply(std::move(reply));
      self->around_.settle();
    });
  }

  // ---- the connection

  void resolve() {
    began_ = SteadyClock::now();
    watch();
    resolver_.async_resolve(config_.host, std::to_string(config_.port), asio::ip::tcp::resolver::numeric_service,
                            [self = shared_from_this(), attempt = attempt_](error_code error, const auto& found) {
                              if (self->is_over_ || self->attempt_ != attempt) return;
                              if (error || found.empty())
                                return self->lost(self->config_.host + ": " + error.message());
                              // One after the other: who does not answer, or has become a replica, is not the last.
                              std::vector<asio::ip::address> servers;
                              for (const auto& each : found) servers.push_back(each.endpoint().address());
                              std::ranges::sort(servers);
                              self->connect(servers[attempt % servers.size()].to_string());
                            });
  }

  void connect(const std::string& address) {
    connection_ = RedisConnection::open(around_.io, address, config_.port, [weak = weak_from_this()](std::string why) {
      if (const auto self = weak.lock()) self->lost(why.empty() ? "the server has closed it" : std::move(why));
    });
    if (!config_.password.empty()) prepare({"AUTH", config_.password});
    if (config_.database != 0) prepare({"SELECT", std::to_string(config_.database)});
    connection_->command({"PING"}, [weak = weak_from_this()](const redisReply* reply) {
      const auto self = weak.lock();
      if (!self || self->is_over_ || !reply) return;
      if (const std::string failure = failure_in(reply); !failure.empty()) return self->close_later(failure);
      self->ready();
    });
  }

  void prepare(const std::vector<std::string>& command) {
    connection_->command({command.begin(), command.end()}, [weak = weak_from_this()](const redisReply* reply) {
      const auto self = weak.lock();
      if (!self || self->is_over_ || !reply) return;
      if (const std::string failure = failure_in(reply); !failure.empty()) self->close_later(failure);
    });
  }

  void ready() {
    if (is_closing_) return;
    is_ready_ = true;
    why_.clear();
    around_.note(LogLevel::Info, "redis-connected server=" + log_value(config_.host));
    for (StoreRequest& request : std::exchange(early_, {})) ask(std::move(request));
  }

  // Not from within a reply.
  void close_later(const std::string& reason) {
    if (std::exchange(is_closing_, true)) return;
    is_ready_ = false;
    asio::post(around_.io, [self = shared_from_this(), reason, attempt = attempt_] {
      if (self->attempt_ == attempt) self->lost(reason);
    });
  }

  void lost(std::string reason) {
    if (is_over_) return;
    is_hopeful_ = std::exchange(is_ready_, false);
    is_closing_ = false;
    ++attempt_;
    if (const auto connection = std::exchange(connection_, nullptr)) connection->close();
    asked_.clear();
    watch_.cancel();
    if (": " + reason != why_) around_.note(LogLevel::Warning, "redis-lost reason=" + log_value(reason));
    why_ = ": " + std::move(reason);
    for (StoreRequest& request : std::exchange(early_, {})) ask(std::move(request));
    pause_timer_.expires_after(pause_);
    pause_ = std::min<SteadyClock::duration>(pause_ * 2, longest_pause);
    pause_timer_.async_wait([self = shared_from_this()](error_code error) {
      if (!error && !self->is_over_) self->resolve();
    });
  }

  // Looks several times in a timeout whether something has waited for longer than that.
  void watch() {
    watch_.expires_after(std::max<SteadyClock::duration>(config_.timeout / 4, std::chrono::milliseconds(25)));
    watch_.async_wait([self = shared_from_this()](error_code error) {
      if (error || self->is_over_) return;
      const auto now = SteadyClock::now();
      const bool is_slow_to_open = !self->is_ready_ && now - self->began_ > self->config_.timeout;
      const bool is_silent = !self->asked_.empty() && now - self->asked_.front() > self->config_.timeout;
      if (is_slow_to_open || is_silent) return self->lost("no answer in time");
      self->watch();
    });
  }

  StoreConfig config_;
  BindingStore::Surroundings around_;
  asio::ip::tcp::resolver resolver_;
  asio::steady_timer pause_timer_, watch_;
  std::shared_ptr<RedisConnection> connection_;
  std::vector<StoreRequest> early_;            // asked while there is no connection, and may be one soon
  std::deque<SteadyClock::time_point> asked_;  // when each was that has no reply yet
  SteadyClock::time_point began_{};
  SteadyClock::duration pause_ = first_pause;
  std::string why_;
  std::uint64_t attempt_ = 0;  // to connect
  bool is_ready_ = false;
  bool is_hopeful_ = true;  // the first connection is on its way, or another one after one that did well
  bool is_closing_ = false;
  bool is_over_ = false;
};

class RedisStore final : public BindingStore {
 public:
  explicit RedisStore(std::shared_ptr<RedisClient> client) : client_(std::move(client)) { client_->start(); }
  ~RedisStore() override { client_->stop(); }

  void ask(StoreRequest request) override { client_->ask(std::move(request)); }

 private:
  std::shared_ptr<RedisClient> client_;
};

}  // namespace

std::string problem_with_redis(const StoreConfig&) { return {}; }  // it may come back

OpenedStore open_redis(const StoreConfig& config, BindingStore::Surroundings surroundings) {
  return std::make_unique<RedisStore>(std::make_shared<RedisClient>(config, std::move(surroundings)));
}

}  // namespace intermediary
