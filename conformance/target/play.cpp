#include "conformance/target/play.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "sim/ladder.h"
#include "sim/staging.h"
#include "sim/wire.h"

namespace intermediary::conformance {
namespace {

using namespace std::chrono_literals;
using sim::ConnectionLine;
using sim::EndId;
using sim::HostId;
using sim::MessageLine;
using sim::Start;

// So long after the last line it is watched whether more comes.
constexpr Duration quiet_time = 500ms;
constexpr Duration longest_sleep = 100ms;
// Later than that it is the machine's fault.
constexpr Duration oversleeps = 5ms;
// What a target that floods, or a mistake of ours, cannot exceed.
constexpr std::size_t most_heard = 2000;
constexpr Duration most_overtime = 60s;

}  // namespace

Play::Play(boost::asio::io_context& io, const Script& script, const std::vector<Demand>& demands, const Target& target,
           const Slot& slot, const PlayRules& rules)
    : io_(io),
      scenario_(script.scenario),
      target_(target),
      rules_(rules),
      stage_(io, [this](std::size_t place, const Endpoint& from, EndId end,
                        const std::string& bytes) { received(place, from, end, bytes); }),
      cast_(script, target, slot),
      judge_(script.scenario, demands, rules.tolerance),
      registrations_(io, stage_, cast_, target_),
      timer_(io),
      notebook_(seed_from_number(1)),
      longest_(needs_of(script).whole_length + most_overtime) {
  for (const Actor& actor : cast_.actors()) {
    std::set<sim::Socket> sockets;
    for (const sim::Socket& socket : actor.sockets) sockets.insert({Transport::Udp, socket.address});
    notebook_.add_host(actor.name, {sockets.begin(), sockets.end()});
  }
  notebook_.set_judge([this](const sim::Transmission&) { return loses_ ? sim::Fate::Lost : sim::Fate::Delivered; });
}

void Play::begin(Done done) {
  done_ = std::move(done);
  began_ = std::chrono::steady_clock::now();
  const auto opened = cast_.open(stage_);
  auto self = shared_from_this();
  if (!opened) {
    boost::asio::post(io_, [self, why = opened.error()] { self->finish(Outcome::Kind::NoSetup, why); });
    return;
  }
  for (const sim::LocationDeclaration& each : scenario_.locations) registered_.insert(each.address_of_record);
  boost::asio::post(io_, [self] {
    if (!self->done_) return;
    self->registrations_.bind(self->scenario_.locations, [self](const std::string& trouble) {
      if (!trouble.empty()) {
        self->outcome_.kind = Outcome::Kind::NoSetup;
        self->outcome_.text = trouble;
        return self->clean_up();
      }
      self->playing_ = true;
      self->began_ = std::chrono::steady_clock::now();
      self->step();
    });
  });
}

void Play::abandon(const std::string& why) { finish(Outcome::Kind::NoSetup, why); }

Duration Play::now() const { return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - began_); }

void Play::wake_at(std::optional<Duration> time) {
  if (!time) return;
  wakes_at_ = time;
  timer_.expires_at(began_ + *time);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->step();
  });
}

// Everything that is due, then a timer for what is due next.
void Play::step() {
  if (!playing_) return;
  if (wakes_at_ && now() > *wakes_at_ + oversleeps) judge_.woke_late(now() - *wakes_at_);
  wakes_at_.reset();
  while (!under_way_.empty() && under_way_.begin()->first <= now()) {
    const auto arrive = std::move(under_way_.begin()->second);
    under_way_.erase(under_way_.begin());
    arrive();
  }
  judge_.look(now());
  if (now() > longest_) judge_.give_up("it came to no end", nullptr);
  while (!judge_.finding()) {
    const auto act = judge_.next_act();
    if (!act || !judge_.may_happen(*act, now())) break;
    if (!is_ready(*act)) {
      wake_at(now() + 2ms);
      return;
    }
    judge_.act_happens(*act, now());
    perform(*act);
  }
  if (judge_.finding()) return end();
  auto next = judge_.next_time(now());
  if (judge_.all_happened() && under_way_.empty()) {
    if (!quiet_since_) quiet_since_ = now();
    Duration until = *quiet_since_ + quiet_time + rules_.tolerance;
    if (rules_.waits_to_the_end && !scenario_.lines.empty()) {
      until = std::max(until, sim::head_of(scenario_.lines.back()).when.to + rules_.tolerance);
    }
    if (now() >= until) return end();
    next = next ? std::min(*next, until) : until;
  }
  if (!under_way_.empty()) next = next ? std::min(*next, under_way_.begin()->first) : under_way_.begin()->first;
  // Never long, so that it is noticed when this machine is too busy to wake up in time.
  wake_at(std::clamp(next.value_or(now() + longest_sleep), now() + 1ms, now() + longest_sleep));
}

// ---- what our side does

// What another party sent may still be on its way, where a scenario has it arrive at the very instant of the answer.
bool Play::is_ready(std::size_t act_index) {
  const auto* line = std::get_if<MessageLine>(&scenario_.lines[act_index]);
  if (!line || line->start.kind != Start::Kind::Response) return true;
  const Actor* receiver = cast_.find(line->receiver);
  if (!receiver || sim::bytes_of(*cast_.find(line->sender)->party, receiver->host, *line, judge_.bindings())) {
    unready_since_.reset();
    return true;
  }
  if (!unready_since_) unready_since_ = now();
  return now() > *unready_since_ + rules_.tolerance;
}

void Play::perform(std::size_t act_index) {
  const sim::Line& line = scenario_.lines[act_index];
  if (const auto* message = std::get_if<MessageLine>(&line)) return send(*message);
  act(std::get<ConnectionLine>(line));
}

Duration Play::latency(const std::string& party) const {
  Duration latency{0};
  for (const sim::LinkLine& link : scenario_.links) {
    if (link.change.latency && (link.a == "*" || link.a == party || link.b == party)) latency = *link.change.latency;
  }
  return latency;
}

void Play::send(const MessageLine& line) {
  Actor& sender = *cast_.find(line.sender);
  Actor* receiver = cast_.find(line.receiver);
  if (!receiver) return judge_.give_up("nobody is called " + line.receiver, &line.head);
  const auto bytes = sim::bytes_of(*sender.party, receiver->host, line, judge_.bindings());
  if (!bytes) return judge_.give_up(bytes.error(), &line.head);
  const auto message = sim::WireMessage::read(*bytes);
  if (message && message->method() == "REGISTER" && message->is_request()) {
    registered_.insert(sim::uri_of(message->value("To")));
  }
  note(sender.host, *receiver, *bytes, line.lost);
  carry(sender, *receiver, line.lost ? std::string() : *bytes);
  if (line.lost) sender.party->say(receiver->host, *bytes);
}

// A response goes back where its request came from, anything else to the receiver's address; one latency later.
void Play::carry(Actor& sender, Actor& receiver, const std::string& bytes) {
  if (bytes.empty()) return;
  const std::size_t place = sender.host.value - 1;
  const auto message = sim::WireMessage::read(bytes);
  const sim::Heard* request = message && message->is_response() ? sender.party->request_answered_by(*message) : nullptr;
  const bool goes_back = request && request->from == receiver.host;
  EndId end = goes_back ? request->end : EndId{};
  const Endpoint remote = goes_back ? request->remote : cast_.translation().real(receiver.sockets.front().address);
  sender.party->say(receiver.host, bytes);
  const bool on_stream =
      goes_back ? static_cast<bool>(end) : sender.party->identity().socket.transport == Transport::Tcp;
  const Endpoint address = cast_.translation().real(receiver.sockets.front().address);
  auto arrive = [this, place, end, remote, address, on_stream, real = cast_.translation().to_real(bytes)]() mutable {
    if (!on_stream) return stage_.send(place, remote, real);
    if (!end || !stage_.is_open(end)) end = stage_.connection_of(place, address.address);
    if (!end) end = stage_.connect(place, address);
    stage_.send(end, real);
  };
  const Duration delay = latency(sender.name);
  if (delay == 0ms) return arrive();
  under_way_.emplace(now() + delay, std::move(arrive));
}

void Play::act(const ConnectionLine& line) {
  Actor& actor = *cast_.find(line.actor);
  const std::size_t place = actor.host.value - 1;
  if (line.verb == ConnectionLine::Verb::Refuses) return stage_.refuse(place);
  if (line.verb == ConnectionLine::Verb::Accepts) {
    if (auto opened = stage_.open_again(place); !opened) judge_.give_up(opened.error(), &line.head);
    return;
  }
  const Actor* other = cast_.find(line.other);
  if (!other) return judge_.give_up("nobody is called " + line.other, &line.head);
  const Endpoint address = cast_.translation().real(other->sockets.front().address);
  if (line.verb == ConnectionLine::Verb::Opens) {
    stage_.connect(place, address);
  } else {
    const EndId end = stage_.connection_of(place, address.address);
    if (!end) return judge_.give_up("there is no connection to close", &line.head);
    stage_.close(end);
  }
}

// ---- what comes

void Play::received(std::size_t place, const Endpoint& from, EndId end, const std::string& bytes) {
  if (place == cast_.registrant()) return registrations_.hear(bytes);
  if (!playing_) return;
  if (++heard_ > most_heard) judge_.give_up("more than " + std::to_string(most_heard) + " messages came", nullptr);
  Actor& receiver = cast_.actors()[place];
  const auto sender = stage_.place_at(from);
  if (sender && *sender < cast_.actors().size()) {
    const std::string text = cast_.translation().to_scenario(bytes);
    auto message = sim::WireMessage::read(text);
    if (message && receiver.party) {
      receiver.party->hear({cast_.actors()[*sender].host, from, end, text, std::move(*message)});
    }
  } else {
    judge(receiver, from, end, bytes);
  }
  timer_.cancel();
  step();
}

void Play::judge(Actor& receiver, const Endpoint& from, EndId end, const std::string& bytes) {
  const std::string text = cast_.translation().to_scenario(bytes);
  auto message = sim::WireMessage::read(text);
  // Keep-alives of a NAT helper are nobody's business.
  if (!message && text.find_first_not_of(std::string_view("\r\n\0 ", 4)) == std::string::npos && !end) return;
  const Actor& node = *std::ranges::find(cast_.actors(), true, &Actor::is_node);
  const auto verdict = judge_.hear(now(), receiver.name, text, cast_.translation().without_port_of_node(text));
  note(node.host, receiver, text, !verdict.heard);
  if (message && verdict.heard && receiver.party)
    receiver.party->hear({node.host, from, end, text, std::move(*message)});
}

void Play::note(HostId from, const Actor& to, const std::string& bytes, bool lost) {
  loses_ = lost;
  const auto time = at(std::chrono::round<std::chrono::milliseconds>(now()));
  notebook_.send_datagram(time, from, 0, to.sockets.front().address, bytes);
  loses_ = false;
}

// ---- the end

void Play::end() {
  if (!judge_.finding()) judge_.finish();
  outcome_.shown = judge_.rows_shown();
  outcome_.lacks_trying = judge_.lacks_trying();
  outcome_.took = now();
  outcome_.kind = Outcome::Kind::Passed;
  if (const auto& finding = judge_.finding()) {
    outcome_.kind = finding->kind == Finding::Kind::Violates ? Outcome::Kind::Violates : Outcome::Kind::Differs;
    outcome_.text = finding->text;
    outcome_.violated = finding->rows;
  }
  outcome_.ladder = sim::draw_ladder(notebook_, lanes());
  clean_up();
}

void Play::clean_up() {
  playing_ = false;
  timer_.cancel();
  std::set<std::string> left;
  for (const std::string& each : registered_) {
    if (each.starts_with("sip") && each.find('@') != std::string::npos) left.insert(each);
  }
  auto self = shared_from_this();
  boost::asio::post(io_, [self, left] {
    if (!self->done_) return;
    self->registrations_.remove(left, [self](const std::string&) {
      boost::asio::post(self->io_, [self] { self->finish(self->outcome_.kind, self->outcome_.text); });
    });
  });
}

void Play::finish(Outcome::Kind kind, std::string text) {
  playing_ = false;
  outcome_.kind = kind;
  outcome_.text = std::move(text);
  registrations_.close();
  stage_.close();
  timer_.cancel();
  if (done_) std::exchange(done_, nullptr)(std::move(outcome_));
}

std::vector<std::string> Play::lanes() {
  std::vector<std::string> names;
  for (const sim::Line& line : scenario_.lines) {
    const auto* message = std::get_if<MessageLine>(&line);
    if (!message) continue;
    for (const std::string& name : {message->sender, message->receiver}) {
      if (cast_.find(name) && std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

}  // namespace intermediary::conformance
