// The configuration and its certificates, read again while the shard serves: files and tables on a thread of their own,
// so that no call waits; then all of it at once, between two inputs (docs/adr/0054).
#include <boost/asio/post.hpp>
#include <utility>

#include "engine/reconfigure.h"
#include "runtime/net/shard.h"

namespace intermediary {

// What the reader has made of the files.
struct Shard::ReadAnew {
  std::shared_ptr<const Config> config;  // null: certificates were read alone
  std::shared_ptr<const TlsContexts> tls;
  std::optional<ConfigurationChanged> change;
  NewConfiguration from;  // but for its config
  std::string told;       // what is new
};

namespace {

// Ports and keys that were chosen when the process began are chosen for good.
void keep_what_was_chosen(Config& next, const Config& current, const std::vector<ListenerConfig>& configured) {
  if (next.proxy.key == HashKey{}) next.proxy.key = current.proxy.key;
  if (next.listeners == configured) next.listeners = current.listeners;
}

std::string told_of(const Config& current, const Config& next) {
  std::string told;
  for (const std::string& part : changed_parts(current, next)) told += (told.empty() ? "" : ", ") + part;
  return told.empty() ? "nothing in the configuration is new" : "new: " + told;
}

std::unexpected<std::vector<std::string>> problem(std::string what) {
  return std::unexpected(std::vector<std::string>{std::move(what)});
}

}  // namespace

void Shard::set_reader(ReadConfiguration read, const WatchedFiles& watched) {
  read_ = std::move(read);
  watch(watched);
}

// On the reader's thread.
Shard::Reading Shard::read_anew(const ReadConfiguration& read, const Config& current,
                                const std::vector<ListenerConfig>& configured, const RoutingEngines& engines) {
  auto anew = std::make_shared<ReadAnew>();
  if (read) {
    auto next = read();
    if (!next) return std::unexpected(std::move(next.error()));
    keep_what_was_chosen(next->config, current, configured);
    if (std::string wrong = problem_with(next->config); !wrong.empty()) return problem(std::move(wrong));
    if (std::string wrong = problem_with_change(current, next->config); !wrong.empty())
      return problem(std::move(wrong));
    if (std::string wrong = engines.problem_with(next->config); !wrong.empty()) return problem(std::move(wrong));
    anew->told = told_of(current, next->config);
    anew->config = std::make_shared<const Config>(std::exchange(next->config, {}));
    anew->change.emplace(*anew->config);
    anew->from = *std::move(next);
  }
  const Config& config = anew->config ? *anew->config : current;
  if (!speaks_tls(config)) return anew;
  auto contexts = TlsContexts::load(config);
  if (!contexts) return problem(std::move(contexts.error()));
  anew->tls = std::move(*contexts);
  return anew;
}

void Shard::reload(ReloadDone done) {
  reload_next_.push_back(std::move(done));
  if (!is_reading_) begin_to_read();
}

void Shard::begin_to_read() {
  is_reading_ = true;
  reloading_ = std::exchange(reload_next_, {});
  reader_ = std::jthread([this, read = read_, current = config_, configured = configured_, engines = engines_] {
    Reading reading = read_anew(read, *current, configured, engines);
    boost::asio::post(io_, [this, reading = std::move(reading)]() mutable { take(std::move(reading)); });
  });
}

void Shard::take(Reading reading) {
  std::expected<std::string, std::string> result;
  if (reading) {
    result = take(**reading);
  } else {
    result = std::unexpected(refuse_reload(reading.error()));
  }
  for (const ReloadDone& done : std::exchange(reloading_, {})) {
    if (done) done(result);
  }
  is_reading_ = false;
  if (!reload_next_.empty()) begin_to_read();
}

std::string Shard::take(ReadAnew& anew) {
  ++reloads_;
  if (anew.tls) {
    tls_ = std::move(anew.tls);
    log_.write(LogLevel::Info, "certificates-reloaded count=" + std::to_string(tls_->certificates()));
    warn_of_certificates();
  } else if (!anew.change) {
    log_.write(LogLevel::Info, "certificates-not-reloaded reason=\"no listener speaks TLS\"");
  }
  if (!anew.change) return "the certificates were read again";
  for (const std::string& warning : anew.from.warnings) {
    log_.write(LogLevel::Warning, "configuration-warning reason=" + log_value(warning));
  }
  settle();  // what came before is under the configuration of before, in the record, too
  const auto begun = SteadyClock::now();
  config_ = std::move(anew.config);
  http_->trust(config_->authorities_file);
  if (recorder_) recorder_->set_config(std::move(anew.from.recorded));
  deliver(*std::exchange(anew.change, std::nullopt));
  settle();
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - begun);
  log_.write(LogLevel::Info, "reloaded pause_us=" + std::to_string(took.count()));
  watch(anew.from.watched);
  return anew.told;
}

std::string Shard::refuse_reload(const std::vector<std::string>& problems) {
  ++reloads_refused_;
  std::string all;
  for (const std::string& each : problems) {
    log_.write(LogLevel::Error, "reload-refused reason=" + log_value(each));
    all += (all.empty() ? "" : "\n") + each;
  }
  return all;
}

// A folder that cannot be watched is no reason not to serve.
void Shard::watch(const WatchedFiles& files) {
  if (!files.wanted) {
    watch_.reset();
    return watched_.clear();
  }
  if (watch_ && watched_ == files.paths) return;
  auto watch = FileWatch::open(io_, files.paths, [this] { reload({}); });
  watched_ = files.paths;
  if (!watch) {
    watch_.reset();
    return log_.write(LogLevel::Warning, "files-not-watched reason=" + log_value(watch.error()));
  }
  watch_ = *std::move(watch);
  log_.write(LogLevel::Info, "files-watched count=" + std::to_string(files.paths.size()));
}

void Shard::warn_of_certificates() {
  for (const std::string& line : tls_->warnings()) log_.write(LogLevel::Warning, line);
}

}  // namespace intermediary
