// The records of calls, from a shard's events to their files (docs/adr/0056).
//
// What a call tells is in the spool before begun() and ended() return, without a system call most of the time; a thread
// of its own writes the files. While a file cannot be written, its records wait in the spool, up to the configured
// backlog; then new calls are refused, or go unrecorded and are counted.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/config.h"
#include "engine/io.h"
#include "runtime/cdr/record_sink.h"
#include "runtime/cdr/spool.h"
#include "runtime/log.h"

namespace intermediary {

class CallRecords {
 public:
  struct Surroundings {
    boost::asio::io_context& io;
    std::function<void(Command)> command;  // HoldCalls and TakeCalls; may come from within begun() and ended()
    std::function<void()> settle;          // after a command that came by itself
    std::function<void(LogLevel, std::string_view)> note;
  };
  // Delivers what a process before this one has left, too. The error names the file and the cause.
  static std::expected<std::unique_ptr<CallRecords>, std::string> open(const CallRecordsConfig& config,
                                                                       Surroundings surroundings);
  // Why open() could not, as far as a look shows, in the same words; "": nothing is known. REQUIRES: config.is_kept().
  static std::string problem_with(const CallRecordsConfig& config);
  // Delivers what can be delivered.
  ~CallRecords();

  void begun(const CallIdentity& call);
  void ended(const CallRecorded& record);

  struct Figures {
    std::uint64_t written = 0;     // to all files
    std::uint64_t unrecorded = 0;  // for which there was no room
    std::size_t waiting = 0;       // in the spool, with an end
    std::size_t open = 0;          // without
  };
  Figures figures() const { return {written_, unrecorded_, waiting_, spool_->size() - waiting_}; }

 private:
  CallRecords(const CallRecordsConfig& config, Surroundings surroundings);
  std::string id_of(std::uint64_t number) const { return run_ + '-' + std::to_string(number); }
  void note_trouble(const std::string& reason);
  void give_up(const CallRecorded& record);
  void deliver(KeptCall call);
  void work(const std::stop_token& stop);
  std::string write(const std::vector<KeptCall>& calls);
  void take_delivered();
  void look_again();
  void judge();
  void post(std::function<void(CallRecords&)> what);

  CallRecordsConfig config_;
  Surroundings surroundings_;
  std::string run_;
  std::shared_ptr<CallRecords*> self_;  // of what is posted: empty when it is gone
  std::unique_ptr<CallSpool> spool_;
  std::vector<std::unique_ptr<RecordSink>> sinks_;  // the worker's
  std::uint64_t written_ = 0;
  std::uint64_t unrecorded_ = 0;
  std::size_t waiting_ = 0;
  bool spool_is_full_ = false;
  bool holds_calls_ = false;
  std::string trouble_;  // told, and not over
  boost::asio::steady_timer timer_;
  std::mutex mutex_;
  std::condition_variable_any woken_;
  std::vector<KeptCall> queue_;
  std::vector<std::string> delivered_;  // ids, that the spool does not know of yet
  std::jthread worker_;                 // ends before what it works on
};

}  // namespace intermediary
