#include "conformance/target/registrations.h"

#include "sim/wire.h"

namespace intermediary::conformance {
namespace {

using namespace std::chrono_literals;
constexpr int most_repetitions = 6;

std::string q_text(int thousandths) {
  if (thousandths >= 1000) return {};
  std::string digits = std::to_string(1000 + thousandths).substr(1);
  return ";q=0." + digits;
}

}  // namespace

Registrations::Registrations(boost::asio::io_context& io, Stage& stage, const Cast& cast, const Target& target)
    : timer_(io), stage_(stage), cast_(cast), target_(target) {}

void Registrations::bind(const std::vector<sim::LocationDeclaration>& locations, Done done) {
  std::deque<Request> requests;
  for (const sim::LocationDeclaration& location : locations) {
    const std::string expires = std::to_string(location.expires.count());
    requests.push_back({location.address_of_record,
                        '<' + location.contact_uri + '>' + q_text(location.q_thousandths) + ";expires=" + expires,
                        expires});
  }
  goes_on_ = false;
  ask(std::move(requests), std::move(done));
}

void Registrations::remove(const std::set<std::string>& addresses_of_record, Done done) {
  std::deque<Request> requests;
  for (const std::string& each : addresses_of_record) requests.push_back({each, "*", "0"});
  goes_on_ = true;
  ask(std::move(requests), std::move(done));
}

void Registrations::ask(std::deque<Request> requests, Done done) {
  requests_ = std::move(requests);
  done_ = std::move(done);
  next();
}

void Registrations::next() {
  if (requests_.empty()) return finish({});
  bytes_ = write(requests_.front());
  repetitions_ = 0;
  send();
}

std::string Registrations::write(const Request& request) {
  const std::string here = cast_.registrant_address().to_string();
  const std::string& aor = request.address_of_record;
  const std::size_t at = aor.find('@');
  const std::size_t begin = at == std::string::npos ? aor.find(':') : at;
  sim::WireMessage message;
  message.start_line = "REGISTER sip:" + aor.substr(begin + 1) + " SIP/2.0";
  const std::string number = std::to_string(++cseq_);
  const bool is_udp = target_.transports.contains(Transport::Udp);
  message.add("Via",
              std::string(is_udp ? "SIP/2.0/UDP " : "SIP/2.0/TCP ") + here + ";branch=z9hG4bK-registrant-" + number);
  message.add("Max-Forwards", "70");
  message.add("From", '<' + aor + ">;tag=registrant");
  message.add("To", '<' + aor + '>');
  message.add("Call-ID", "registrant");
  message.add("CSeq", number + " REGISTER");
  message.add("Contact", request.contact);
  message.add("Expires", request.expires);
  return cast_.translation().to_real(message.to_bytes());
}

void Registrations::send() {
  if (target_.transports.contains(Transport::Udp)) {
    stage_.send(cast_.registrant(), target_.endpoint, bytes_);
  } else if (!connection_ || !stage_.is_open(connection_) || repetitions_ == 0) {
    if (!stage_.is_open(connection_)) connection_ = stage_.connect(cast_.registrant(), target_.endpoint);
    stage_.send(connection_, bytes_);
  }
  timer_.expires_after(500ms);
  waits_ = std::make_shared<int>();
  timer_.async_wait([this, waits = std::weak_ptr(waits_)](const boost::system::error_code& error) {
    if (error || waits.expired()) return;
    if (++repetitions_ > most_repetitions) {
      return finish("nobody answers the REGISTER of " + requests_.front().address_of_record);
    }
    send();
  });
}

void Registrations::hear(const std::string& bytes) {
  const auto message = sim::WireMessage::read(cast_.translation().to_scenario(bytes));
  if (!message || message->status() < 200 || message->cseq_number() != cseq_ || requests_.empty() || !done_) return;
  stop_waiting();
  if (message->status() >= 300 && !goes_on_) {
    return finish("the REGISTER of " + requests_.front().address_of_record + " is answered " +
                  message->start_line.substr(std::min<std::size_t>(8, message->start_line.size())));
  }
  requests_.pop_front();
  next();
}

// What the timer has to say may be on its way already.
void Registrations::stop_waiting() {
  waits_.reset();
  timer_.cancel();
}

void Registrations::finish(std::string trouble) {
  stop_waiting();
  requests_.clear();
  if (done_) std::exchange(done_, nullptr)(std::move(trouble));
}

void Registrations::close() {
  done_ = nullptr;
  requests_.clear();
  stop_waiting();
}

}  // namespace intermediary::conformance
