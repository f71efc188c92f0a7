#include "sim/replay/replay.h"

#include <algorithm>
#include <utility>

#include "base/fingerprint.h"
#include "base/overloaded.h"
#include "config/recorded.h"

namespace intermediary::sim {
namespace {

std::string first_line(std::string_view bytes) { return std::string(bytes.substr(0, bytes.find_first_of("\r\n"))); }

std::string listener_name(ListenerId listener, const Config& config) {
  if (!listener || listener.value > config.listeners.size()) return "no listener";
  return config.listeners[listener.value - 1].name;
}

std::string flow_name(FlowId flow) {
  if ((flow.value & engine_flow_bit) == 0) return "connection " + std::to_string(flow.value);
  return "connection engine-" + std::to_string(flow.value & ~engine_flow_bit);
}

std::string version_text(const StoredRecord& record) {
  return record.address_of_record + " version " + std::to_string(record.version);
}

std::string operation_text(const StoreOperation& operation) {
  return std::visit(Overloaded{
                        [](const LoadRecords& load) { return "load behind '" + load.after + '\''; },
                        [](const FetchRecord& fetch) { return "fetch " + fetch.address_of_record; },
                        [](const ReplaceRecord& replace) {
                          return "replace version " + std::to_string(replace.expected) + " by " +
                                 version_text(replace.record);
                        },
                        [](const FetchUser& fetch) { return "look up the user " + fetch.user + " of " + fetch.realm; },
                    },
                    operation);
}

std::string reply_text(const StoreReply& reply) {
  return std::visit(
      Overloaded{
          [](const RecordsFound& found) { return std::to_string(found.records.size()) + " records"; },
          [](const RecordFound& found) { return version_text(found.record); },
          [](const RecordReplaced&) { return std::string("replaced"); },
          [](const RecordConflict& conflict) { return "conflict with " + version_text(conflict.record); },
          [](const StoreUnavailable& no) { return no.reason; },
          [](const UserFound& found) { return std::string(found == UserFound{} ? "no such user" : "a user"); },
      },
      reply);
}

std::string decision_text(const RouteDecision& decision) {
  return std::visit(Overloaded{
                        [](const RouteTo& to) { return std::to_string(to.targets.size()) + " targets"; },
                        [](const RouteReject& reject) { return "reject with " + std::to_string(reject.status); },
                        [](const RouteNext&) { return std::string("the next rule"); },
                        [](const RouteFailed& failed) { return failed.reason; },
                    },
                    decision);
}

std::string command_text(const Command& command) {
  switch (command.kind) {
    case Command::Kind::Drain:
      return "drain";
    case Command::Kind::Resume:
      return "resume";
    case Command::Kind::DrainPeer:
      return "drain " + command.subject;
    case Command::Kind::ResumePeer:
      return "resume " + command.subject;
    case Command::Kind::HoldCalls:
      return "hold new calls";
    case Command::Kind::TakeCalls:
      return "take new calls";
  }
  return {};
}

std::string question_text(const DnsQuery& query) {
  return std::string(dns_type_text(query.question.type)) + " of " + query.question.name;
}

}  // namespace

std::expected<Replay, std::string> Replay::open(std::vector<std::string_view> segments) {
  std::vector<SegmentReader> readers;
  for (const std::string_view bytes : segments) {
    auto reader = SegmentReader::open(bytes);
    const std::string which = segments.size() > 1 ? "file " + std::to_string(readers.size() + 1) + ": " : std::string();
    if (!reader) return std::unexpected(which + reader.error());
    if (!readers.empty() && reader->header().segment != readers.back().header().segment + 1) {
      return std::unexpected(which + "segment " + std::to_string(reader->header().segment) +
                             " does not follow segment " + std::to_string(readers.back().header().segment));
    }
    readers.push_back(*std::move(reader));
  }
  if (readers.empty()) return std::unexpected("there is no segment");
  auto config = load_recorded(readers.front().header());
  if (!config) return std::unexpected(config.error());
  Replay replay(std::move(readers), *config);
  const std::string_view checkpoint = replay.readers_.front().checkpoint();
  if (checkpoint.empty()) return replay;
  auto loaded = Engine::load(*config, checkpoint);
  if (!loaded) return std::unexpected("its checkpoint cannot be loaded: " + loaded.error());
  replay.engine_ = *std::move(loaded);
  return replay;
}

Replay::Replay(std::vector<SegmentReader> readers, const Config& config)
    : readers_(std::move(readers)), engine_(config, readers_.front().header().seed) {}

const Replay::Step* Replay::next() {
  auto input = readers_[reading_].next();
  while (!input && next_segment()) input = readers_[reading_].next();
  if (!input) {
    summary_.whole = readers_[reading_].end().whole;
    summary_.end = readers_[reading_].end().reason;
    summary_.end_byte = readers_[reading_].end().offset;
    if (readers_[reading_].end().damaged) summary_.trouble = "what follows the damage was not replayed";
    return nullptr;
  }
  step_ = {.input = *std::move(input), .outputs = {}};
  engine_.handle(step_.input.time, step_.input.input);
  while (auto output = engine_.poll()) {
    hash_.add(*output);
    step_.outputs.push_back(*std::move(output));
  }
  step_.made = hash_.take();
  step_.equal = !step_.input.outputs || *step_.input.outputs == step_.made;
  count(step_);
  return &step_;
}

// Whatever a segment begins with, the one before it must have led there.
bool Replay::next_segment() {
  const SegmentReader& ended = readers_[reading_];
  if (!summary_.trouble.empty() || reading_ + 1 == readers_.size()) return false;
  if (!ended.end().whole) {
    summary_.trouble = "segment " + std::to_string(ended.header().segment) + " breaks off (" + ended.end().reason +
                       "), so the next one does not follow it";
    return false;
  }
  if (engine_.save() != readers_[reading_ + 1].checkpoint()) {
    summary_.trouble =
        "segment " + std::to_string(ended.header().segment) + " ends in another state than the next one begins with";
    return false;
  }
  ++reading_;
  ++summary_.segments;
  return true;
}

void Replay::count(const Step& step) {
  ++summary_.inputs;
  summary_.outputs += step.outputs.size();
  summary_.differing += step.equal ? 0 : 1;
  summary_.hash = fingerprint(std::to_string(step.made.count), summary_.hash ^ step.made.hash);
  if (!summary_.first) summary_.first = step.input.time;
  summary_.last = step.input.time;
  summary_.unfinished_last = !step.input.outputs;
  if (const auto request = request_in(step.input.input)) call_ids_.insert(request->call_id());
  for (const Output& output : step.outputs) count(output);
  summary_.call_ids = call_ids_.size();
  summary_.calls = calls_.size();
}

void Replay::count(const Output& output) {
  if (const auto* const transmit = std::get_if<Transmit>(&output)) {
    const auto request = transmit->bytes.starts_with("SIP/") ? std::nullopt : WireMessage::read(transmit->bytes);
    if (request && request->is_request() && !follows(request->method())) call_ids_.insert(request->call_id());
  }
  const auto* const event = std::get_if<Event>(&output);
  if (!event) return;
  const auto answered = [&](const auto& request) {
    call_ids_.insert(request.call_id);
    if (request.method == "INVITE") calls_.insert(request.call_id);
  };
  if (const auto* const completed = std::get_if<RequestCompleted>(event)) answered(*completed);
  if (const auto* const refused = std::get_if<RequestRefused>(event)) answered(*refused);
}

bool follows(std::string_view method) { return method == "ACK" || method == "CANCEL"; }

std::optional<WireMessage> request_in(const Input& input) {
  const auto* datagram = std::get_if<DatagramReceived>(&input);
  const auto* stream = std::get_if<StreamReceived>(&input);
  if (!datagram && !stream) return std::nullopt;
  auto message = WireMessage::read(datagram ? datagram->bytes : stream->bytes);
  if (!message || !message->is_request() || follows(message->method())) return std::nullopt;
  return message;
}

std::string input_text(const Input& input, const Config& config) {
  return std::visit(
      Overloaded{
          [&](const DatagramReceived& datagram) {
            return "datagram from " + datagram.remote.to_string() + " on " + listener_name(datagram.listener, config) +
                   ": " + first_line(datagram.bytes);
          },
          [&](const StreamReceived& stream) {
            return std::to_string(stream.bytes.size()) + " bytes on " + flow_name(stream.flow) + ": " +
                   first_line(stream.bytes);
          },
          [&](const FlowOpened& opened) {
            return flow_name(opened.flow) + " is open, " + std::string(parameter_name(opened.transport)) + " with " +
                   opened.remote.to_string();
          },
          [&](const FlowClosed& closed) { return flow_name(closed.flow) + " is closed: " + closed.reason; },
          [&](const DatagramFailed& failed) {
            return "datagram to " + failed.remote.to_string() + " failed: " + failed.reason;
          },
          [&](const DnsAnswered& answered) {
            return "answer to DNS query " + std::to_string(answered.query.value) + ": " +
                   (answered.answer ? std::to_string(answered.answer->records.size()) + " records"
                                    : answered.answer.error().why());
          },
          [&](const WallClock& wall) {
            return "the wall clock says " + std::to_string(wall.now.time_since_epoch().count()) + " us";
          },
          [&](const DeadlineReached&) { return std::string("a deadline has come"); },
          [&](const Command& command) { return "command: " + command_text(command); },
          [&](const StoreReplied& replied) {
            return "reply to store request " + std::to_string(replied.query.value) + ": " + reply_text(replied.reply);
          },
          [&](const ConfigurationChanged&) { return std::string("another configuration"); },
          [&](const HttpReplied& replied) {
            return "reply to HTTP request " + std::to_string(replied.query.value) + ": " +
                   (replied.result ? "status " + std::to_string(replied.result->status) + ", " +
                                         std::to_string(replied.result->body.size()) + " bytes"
                                   : replied.result.error().reason);
          },
          [&](const RouteDecided& decided) {
            return "decision " + std::to_string(decided.query.value) + ": " + decision_text(decided.decision);
          },
      },
      input);
}

std::string output_text(const Output& output, const Config& config) {
  return std::visit(
      Overloaded{
          [&](const Transmit& transmit) {
            const std::string way =
                transmit.hop.flow ? flow_name(transmit.hop.flow) : listener_name(transmit.hop.listener, config);
            return "send to " + transmit.hop.remote.to_string() + " on " + way + ": " + first_line(transmit.bytes);
          },
          [&](const OpenFlow& open) {
            return "open " + flow_name(open.flow) + ", " + std::string(parameter_name(open.transport)) + " to " +
                   open.remote.to_string();
          },
          [&](const CloseFlow& close) { return "close " + flow_name(close.flow) + ": " + close.reason; },
          [&](const DnsQuery& query) {
            return "ask DNS query " + std::to_string(query.query.value) + ", " + question_text(query);
          },
          [&](const Event& event) { return "tell " + to_line(event); },
          [&](const StoreRequest& request) {
            return "store request " + std::to_string(request.query.value) + ": " + operation_text(request.operation);
          },
          [&](const HttpRequest& request) {
            return "HTTP request " + std::to_string(request.query.value) + ": " + request.order.method + ' ' +
                   request.order.url.to_string();
          },
          [&](const RouteAsked& asked) {
            return "ask the routing engine " + asked.engine + ", " + std::to_string(asked.query.value) + ": " +
                   asked.facts.method + ' ' + asked.facts.request_uri;
          },
      },
      output);
}

}  // namespace intermediary::sim
