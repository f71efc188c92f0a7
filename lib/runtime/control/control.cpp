#include "runtime/control/control.h"

#include <algorithm>
#include <vector>

#include "base/json.h"
#include "base/percent.h"
#include "base/text.h"
#include "runtime/cdr/call_text.h"
#include "runtime/control/metrics.h"

namespace intermediary {

namespace {

constexpr std::size_t default_most = 1000;
constexpr std::uint32_t longest_watch = 86'400;

// One answer: {"key": "text", "number": 7}, or key=text number=7 for people.
class Object {
 public:
  Object& text(std::string_view key, std::string_view value) { return add(key, value, json_string(value)); }
  Object& number(std::string_view key, std::uint64_t value) { return add(key, std::to_string(value)); }
  Object& boolean(std::string_view key, bool value) { return add(key, value ? "true" : "false"); }
  std::string json() const { return "{" + json_ + "}"; }
  const std::string& line() const { return line_; }

 private:
  Object& add(std::string_view key, const std::string& value) { return add(key, value, value); }
  Object& add(std::string_view key, std::string_view value, const std::string& json) {
    json_ += (json_.empty() ? "" : ", ") + json_string(key) + ": " + json;
    line_ += (line_.empty() ? "" : " ") + std::string(key) + '=' + log_value(value);
    return *this;
  }
  std::string json_, line_;
};

enum class Format : std::uint8_t { Json, Lines };

ServedReply reply_with(const std::vector<Object>& objects, Format format) {
  if (format == Format::Lines) {
    std::string text;
    for (const Object& object : objects) text += object.line() + '\n';
    return {200, "text/plain; charset=utf-8", std::move(text)};
  }
  std::string text = "[";
  for (const Object& object : objects) text += (text.size() > 1 ? ",\n " : "") + object.json();
  return {200, "application/json", text + "]\n"};
}

std::uint64_t seconds_of(Duration duration) {
  return static_cast<std::uint64_t>(std::max<Duration::rep>(0, duration.count() / 1'000'000));
}

std::vector<Object> calls_of(const Engine& engine, std::size_t most) {
  std::vector<Object> objects;
  for (const CallView& view : engine.calls(most)) {
    Object object;
    object.text("call_id", view.call.call_id).text("started", time_text(view.call.started));
    object.text("caller", view.call.caller).text("callee", view.call.callee).text("user", view.call.user);
    object.text("rule", view.call.rule).text("peer", view.peer);
    object.boolean("answered", view.answered).number("seconds", seconds_of(view.lasted));
    objects.push_back(std::move(object));
  }
  return objects;
}

std::vector<Object> registrations_of(const Engine& engine, std::size_t most) {
  std::vector<Object> objects;
  for (const BindingView& view : engine.registrations(most)) {
    Object object;
    object.text("aor", view.address_of_record).text("contact", view.contact);
    object.text("source", view.source.to_string()).text("transport", via_name(view.transport));
    object.number("expires_in", static_cast<std::uint64_t>(std::max<std::int64_t>(0, view.expires_in.count())));
    objects.push_back(std::move(object));
  }
  return objects;
}

std::vector<Object> peers_of(const Engine& engine, std::string_view kind) {
  std::vector<Object> objects;
  for (const PeerTable::View& view : engine.peers()) {
    if (!view.group.starts_with(kind)) continue;
    Object object;
    object.text("group", view.group).text("peer", view.peer).text("uri", view.uri);
    object.text("state", view.state).number("calls", view.calls);
    objects.push_back(std::move(object));
  }
  return objects;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

// Behind the peers of all trunks, those trunks that register.
std::vector<Object> trunks_of(const Engine& engine) {
  std::vector<Object> objects = peers_of(engine, "trunk:");
  for (const TrunkRegistrationView& view : engine.trunk_registrations()) {
    Object object;
    object.text("group", "trunk:" + view.trunk).text("aor", view.address_of_record).text("state", view.state);
    object.text("registrar", view.registrar).number("expires_in", seconds_of(view.expires_in));
    object.number("failures", view.failures).text("reason", view.reason);
    object.text("service_route", joined(view.service_route)).text("associated", joined(view.associated));
    objects.push_back(std::move(object));
  }
  return objects;
}

std::vector<Object> rules_of(const Engine& engine) {
  std::vector<Object> objects;
  for (const RuleView& view : engine.rules()) {
    objects.push_back(Object().text("rule", view.name).number("hits", view.hits));
  }
  return objects;
}

ServedReply failed(int status, const std::string& reason) {
  return {status, "application/json", Object().text("error", reason).json() + "\n"};
}

ServedReply done(const std::string& what) {
  return {200, "application/json", Object().text("done", what).json() + "\n"};
}

// A value of a query, where '+' is a space (application/x-www-form-urlencoded).
std::optional<std::string> decoded(std::string_view value) {
  std::string spaced(value);
  std::ranges::replace(spaced, '+', ' ');
  return percent_decoded(spaced);
}

// "a=b&c=d"; nullopt: it is not there, or cannot be read.
std::optional<std::string> parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = pair.find('=');
    if (pair.substr(0, equals) == name && equals != std::string_view::npos) return decoded(pair.substr(equals + 1));
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
  }
  return std::nullopt;
}

}  // namespace

std::expected<std::unique_ptr<Control>, std::string> Control::open(boost::asio::io_context& io,
                                                                   const ControlConfig& config, Shard& shard,
                                                                   std::function<void(ReloadDone)> reload) {
  std::unique_ptr<Control> control(new Control(shard, std::move(reload)));
  if (!config.socket.empty()) {
    auto socket = HttpServer::on_socket(io, config.socket,
                                        [raw = control.get()](const ServedRequest& request, HttpServer::Answer answer) {
                                          raw->on_socket(request, std::move(answer));
                                        });
    if (!socket) return std::unexpected(socket.error());
    control->socket_ = *std::move(socket);
    shard.note(LogLevel::Info, "control socket=" + log_value(config.socket));
  }
  if (config.metrics) {
    if (auto possible = can_tell_metrics(); !possible) return std::unexpected(possible.error());
    auto port = HttpServer::on_port(
        io, *config.metrics, [raw = control.get()](const ServedRequest& request, const HttpServer::Answer& answer) {
          answer(raw->on_port(request));
        });
    if (!port) return std::unexpected(port.error());
    control->port_ = *std::move(port);
    shard.note(LogLevel::Info, "metrics on=" + control->port_->local().to_string());
  }
  return control;
}

// 503 while it drains: whoever balances over several servers sends nothing new here.
ServedReply Control::health() const {
  const bool draining = shard_.is_draining();
  return {draining ? 503 : 200, "application/json",
          Object().text("status", draining ? "draining" : "serving").json() + "\n"};
}

ServedReply Control::on_port(const ServedRequest& request) const {
  if (request.method != "GET" && request.method != "HEAD") return failed(405, "only GET is possible here");
  if (request.path == "/health") return health();
  if (request.path == "/metrics") return {200, "text/plain; version=0.0.4; charset=utf-8", metrics_text(shard_)};
  return failed(404, "there is /metrics and /health");
}

ServedReply Control::look(const ServedRequest& request) const {
  const auto most =
      parse_decimal<std::uint32_t>(parameter(request.query, "most").value_or(std::to_string(default_most)));
  if (!most) return failed(400, "most must be a number");
  const Format format = parameter(request.query, "format") == "lines" ? Format::Lines : Format::Json;
  const Engine& engine = shard_.engine();
  if (request.path == "/calls") return reply_with(calls_of(engine, *most), format);
  if (request.path == "/registrations") return reply_with(registrations_of(engine, *most), format);
  if (request.path == "/pools") return reply_with(peers_of(engine, "pool:"), format);
  if (request.path == "/trunks") return reply_with(trunks_of(engine), format);
  if (request.path == "/rules") return reply_with(rules_of(engine), format);
  if (request.path == "/health") return health();
  if (request.path == "/figures") {
    std::vector<Object> figures;
    for (const auto& [name, value] : shard_.all_figures()) {
      figures.push_back(Object().text("figure", name).number("value", value));
    }
    return reply_with(figures, format);
  }
  return failed(404, "there is no " + request.path);
}

ServedReply Control::drain(const std::string& subject, bool drains) {
  using Kind = Command::Kind;
  if (subject.empty()) {
    shard_.note(LogLevel::Warning, drains ? "drained by=ctl" : "resumed by=ctl");
    shard_.command({drains ? Kind::Drain : Kind::Resume, {}});
    return done(drains ? "new requests get 503" : "new requests are taken");
  }
  const auto peers = shard_.engine().peers();
  const bool known = std::ranges::any_of(peers, [&](const PeerTable::View& peer) {
    return peer.group == subject || peer.group + '/' + peer.peer == subject;
  });
  if (!known) return failed(404, "there is no peer '" + subject + "': trunk:NAME, or trunk:NAME/PEER, or of a pool");
  shard_.command({drains ? Kind::DrainPeer : Kind::ResumePeer, subject});
  return done(subject + (drains ? " gets no new calls" : " gets new calls"));
}

ServedReply Control::carry_out(const ServedRequest& request) {
  if (request.path == "/drain" || request.path == "/resume") {
    const std::string peer = parameter(request.query, "peer").value_or("");
    if (peer.empty() && !request.query.empty())
      return failed(400, "there is peer=NAME, or nothing for the server itself");
    return drain(peer, request.path == "/drain");
  }
  if (request.path == "/log") {
    const std::string call_id = parameter(request.query, "call_id").value_or("");
    const auto seconds = parse_decimal<std::uint32_t>(parameter(request.query, "seconds").value_or("600"));
    if (call_id.empty()) return failed(400, "call_id is missing: whose messages are to be logged");
    if (!seconds || *seconds == 0 || *seconds > longest_watch) {
      return failed(400, "seconds must be 1 to " + std::to_string(longest_watch));
    }
    shard_.watch_call(call_id, std::chrono::seconds(*seconds));
    return done("messages and events of " + call_id + " are logged for " + std::to_string(*seconds) + " s");
  }
  return failed(404, "there is no " + request.path);
}

void Control::on_socket(const ServedRequest& request, HttpServer::Answer answer) {
  if (request.method == "GET") return answer(look(request));
  if (request.method != "POST") return answer(failed(405, "GET looks, POST does"));
  if (request.path != "/reload") return answer(carry_out(request));
  reload_([answer = std::move(answer)](const std::expected<std::string, std::string>& result) {
    answer(result ? done(*result) : failed(409, result.error()));
  });
}

}  // namespace intermediary
