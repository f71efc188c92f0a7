#include "runtime/log.h"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "base/overloaded.h"

namespace intermediary {
namespace {

constexpr std::size_t queued_lines = 8192;

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return spdlog::level::debug;
    case LogLevel::Info:
      return spdlog::level::info;
    case LogLevel::Warning:
      return spdlog::level::warn;
    case LogLevel::Error:
      return spdlog::level::err;
    case LogLevel::Asked:
      return spdlog::level::critical;
  }
  return spdlog::level::off;
}

class StderrLog : public Log {
 public:
  explicit StderrLog(LogLevel least)
      : writer_(std::make_shared<spdlog::details::thread_pool>(queued_lines, 1)),
        logger_(std::make_shared<spdlog::async_logger>("intermediary",
                                                       std::make_shared<spdlog::sinks::stderr_sink_mt>(), writer_,
                                                       spdlog::async_overflow_policy::overrun_oldest)) {
    logger_->set_level(spdlog_level(least));
    logger_->set_pattern("%Y-%m-%dT%H:%M:%S.%fZ %l %v", spdlog::pattern_time_type::utc);
  }

  void write(LogLevel level, std::string_view line) override {
    logger_->log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
  }

 private:
  std::shared_ptr<spdlog::details::thread_pool> writer_;  // writes what is queued before it ends
  std::shared_ptr<spdlog::async_logger> logger_;
};

}  // namespace

std::unique_ptr<Log> make_stderr_log(LogLevel least) { return std::make_unique<StderrLog>(least); }

LogLevel level_of(const Event& event) {
  return std::visit(
      Overloaded{
          [](const MessageRejected&) { return LogLevel::Info; },
          [](const RequestRefused&) { return LogLevel::Info; },
          [](const StrayDropped&) { return LogLevel::Debug; },
          [](const SendFailed&) { return LogLevel::Warning; },
          [](const RequestCompleted&) { return LogLevel::Info; },
          [](const CallBegun&) { return LogLevel::Debug; },
          [](const CallRecorded&) { return LogLevel::Debug; },
          [](const BindingChanged&) { return LogLevel::Info; },
          [](const FlowChanged&) { return LogLevel::Debug; },
          [](const DnsFailed&) { return LogLevel::Warning; },
          [](const SipsVanished&) { return LogLevel::Warning; },
          [](const DialogStarted&) { return LogLevel::Debug; },
          [](const DialogConfirmed&) { return LogLevel::Debug; },
          [](const DialogEnded&) { return LogLevel::Info; },
          [](const StoreChanged&) { return LogLevel::Warning; },
          [](const ConfigurationReloaded&) { return LogLevel::Info; },
          [](const ConfigurationRefused&) { return LogLevel::Error; },
          [](const SubscriptionChanged&) { return LogLevel::Info; },
          [](const PeerChanged&) { return LogLevel::Warning; },
          [](const OverloadChanged&) { return LogLevel::Warning; },
          [](const NeighbourOverload&) { return LogLevel::Warning; },
          [](const HttpFailed&) { return LogLevel::Warning; },
          [](const RouteUnanswered&) { return LogLevel::Warning; },
          [](const RouteSourceChanged&) { return LogLevel::Warning; },
          [](const IdentityVerified&) { return LogLevel::Info; },
          [](const IdentitySigned& e) { return e.reason.empty() ? LogLevel::Debug : LogLevel::Warning; },
          [](const CertificateFetched& e) { return e.reason.empty() ? LogLevel::Info : LogLevel::Warning; },
          [](const TrunkRegistrationChanged& e) {
            using Change = TrunkRegistrationChanged::Change;
            return e.change == Change::Failed ? LogLevel::Warning : LogLevel::Info;
          },
      },
      event);
}

}  // namespace intermediary
