#include "runtime/cdr/call_records.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <iterator>
#include <utility>

#include "runtime/entropy.h"

namespace intermediary {

namespace {

constexpr auto retry_after = std::chrono::seconds(1);
constexpr std::size_t batch = 1000;

std::string draw_run() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::uint64_t number = draw_key()[0];
  std::string text;
  for (int i = 0; i < 16; ++i, number >>= 4U) text += digits[number & 15U];
  return text;
}

}  // namespace

CallRecords::CallRecords(const CallRecordsConfig& config, Surroundings surroundings)
    : config_(config),
      surroundings_(std::move(surroundings)),
      run_(draw_run()),
      self_(std::make_shared<CallRecords*>(this)),
      timer_(surroundings_.io) {}

std::expected<std::unique_ptr<CallRecords>, std::string> CallRecords::open(const CallRecordsConfig& config,
                                                                           Surroundings surroundings) {
  auto left = CallSpool::open(config.spool);
  if (!left) return std::unexpected(left.error());
  std::unique_ptr<CallRecords> records(new CallRecords(config, std::move(surroundings)));
  records->spool_ = std::move(left->spool);
  std::vector<OpenedSink> sinks;
  if (!config.json.empty()) sinks.push_back(open_json_records(config, left->records));
  if (!config.csv.empty()) sinks.push_back(open_csv_records(config, left->records));
  if (!config.sqlite.empty()) sinks.push_back(open_sqlite_records(config));
  for (OpenedSink& sink : sinks) {
    if (!sink) return std::unexpected(sink.error());
    records->sinks_.push_back(*std::move(sink));
  }
  for (KeptCall& call : left->records) records->deliver(std::move(call));
  records->worker_ = std::jthread([raw = records.get()](const std::stop_token& stop) { raw->work(stop); });
  return records;
}

std::string CallRecords::problem_with(const CallRecordsConfig& config) {
  std::string problem = CallSpool::problem_with(config.spool);
  for (const std::string* path : {&config.json, &config.csv}) {
    if (problem.empty() && !path->empty()) problem = problem_with_line_file(*path);
  }
  if (problem.empty() && !config.sqlite.empty()) problem = problem_with_sqlite_records(config);
  return problem;
}

CallRecords::~CallRecords() {
  self_.reset();
  if (!worker_.joinable()) return;
  worker_.request_stop();
  worker_.join();
  for (const std::string& id : delivered_) static_cast<void>(spool_->delivered(id));
}

void CallRecords::begun(const CallIdentity& call) {
  if (auto kept = spool_->begun(id_of(call.number), call); !kept) {
    spool_is_full_ = true;
    note_trouble(kept.error());
  }
  judge();
}

// Of what waits there is a bound: calls that are refused keep it, and else records are given up. A record that the
// spool has no room for may find its files all the same.
void CallRecords::ended(const CallRecorded& record) {
  KeptCall call{id_of(record.call.number), record};
  const bool is_full = waiting_ >= config_.backlog;
  if (is_full && !config_.refuses_calls) {
    static_cast<void>(spool_->delivered(call.id));  // nobody shall tell of it as lost
    return give_up(record);
  }
  const auto kept = spool_->ended(call);
  if (kept) {
    spool_is_full_ = false;
  } else {
    spool_is_full_ = true;
    note_trouble(kept.error());
  }
  if (is_full && !kept) return give_up(record);
  deliver(std::move(call));
  judge();
}

void CallRecords::give_up(const CallRecorded& record) {
  ++unrecorded_;
  surroundings_.note(LogLevel::Error, "call-not-recorded call-id=" + log_value(record.call.call_id) +
                                          " reason=" + log_value("the backlog of call records is full"));
}

void CallRecords::deliver(KeptCall call) {
  ++waiting_;
  {
    const std::scoped_lock lock(mutex_);
    queue_.push_back(std::move(call));
  }
  woken_.notify_one();
}

// New calls wait outside while no record of them could be kept.
void CallRecords::judge() {
  const bool is_full = spool_is_full_ || waiting_ >= config_.backlog;
  if (!config_.refuses_calls || is_full == holds_calls_) return;
  holds_calls_ = is_full;
  surroundings_.note(is_full ? LogLevel::Error : LogLevel::Info,
                     is_full ? "calls-refused reason=\"no record of them could be kept\""
                             : "calls-taken reason=\"records are kept again\"");
  surroundings_.command({is_full ? Command::Kind::HoldCalls : Command::Kind::TakeCalls, {}});
  if (is_full) look_again();
}

// While calls are refused none comes that would show whether the spool has room again.
void CallRecords::look_again() {
  timer_.expires_after(retry_after);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || !holds_calls_) return;
    spool_is_full_ = !spool_->delivered({}).has_value();
    judge();
    holds_calls_ ? look_again() : surroundings_.settle();
  });
}

void CallRecords::note_trouble(const std::string& reason) {
  if (reason == trouble_) return;
  trouble_ = reason;
  surroundings_.note(LogLevel::Error, "call-records-wait reason=" + log_value(reason));
}

void CallRecords::take_delivered() {
  std::vector<std::string> ids;
  {
    const std::scoped_lock lock(mutex_);
    ids.swap(delivered_);
  }
  waiting_ -= ids.size();
  written_ += ids.size();
  for (const std::string& id : ids) {
    if (const auto kept = spool_->delivered(id); kept) continue;
    break;  // the next process finds it in its files, and leaves it out
  }
  if (!trouble_.empty()) {
    surroundings_.note(LogLevel::Info, "call-records-written after=" + log_value(trouble_));
    trouble_.clear();
  }
  judge();
  surroundings_.settle();
}

void CallRecords::post(std::function<void(CallRecords&)> what) {
  boost::asio::post(surroundings_.io, [to = std::weak_ptr(self_), what = std::move(what)] {
    if (const auto self = to.lock()) what(**self);
  });
}

// "" or what is wrong with the first file that did not take them.
std::string CallRecords::write(const std::vector<KeptCall>& calls) {
  std::string reason;
  for (const auto& sink : sinks_) {
    if (const auto written = sink->write(calls); !written && reason.empty()) reason = written.error();
  }
  return reason;
}

void CallRecords::work(const std::stop_token& stop) {
  std::vector<KeptCall> calls;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      if (calls.empty()) woken_.wait(lock, stop, [&] { return !queue_.empty(); });
      const std::size_t room = calls.size() < batch ? batch - calls.size() : 0;
      const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(room, queue_.size()));
      std::move(queue_.begin(), end, std::back_inserter(calls));
      queue_.erase(queue_.begin(), end);
    }
    if (calls.empty()) return;
    const std::string reason = write(calls);
    if (reason.empty()) {
      {
        const std::scoped_lock lock(mutex_);
        for (KeptCall& call : calls) delivered_.push_back(std::move(call.id));
      }
      calls.clear();
      post([](CallRecords& records) { records.take_delivered(); });
      continue;
    }
    post([reason](CallRecords& records) { records.note_trouble(reason); });
    if (stop.stop_requested()) return;  // the spool has them
    std::unique_lock lock(mutex_);
    woken_.wait_for(lock, stop, retry_after, [] { return false; });
  }
}

}  // namespace intermediary
