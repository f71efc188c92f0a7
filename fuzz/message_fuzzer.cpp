// The message room under any bytes. The first byte of an input chooses: even, the rest is a datagram; odd, a stream
// that comes in pieces of half its value.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "fuzz/one_input.h"
#include "message/compose.h"
#include "message/editor.h"
#include "message/framing.h"
#include "message/message.h"
#include "message/sdp.h"
#include "message/uri.h"
#include "message/values.h"

namespace {

using namespace intermediary;

void require(bool truth, std::string_view what) {
  if (truth) return;
  std::cerr << "broken: " << what << std::endl;
  std::abort();
}

// A message that has grown by a line may meet a limit, and nothing else.
bool is_limit(Fault fault) {
  return fault == Fault::TooLarge || fault == Fault::TooManyFields || fault == Fault::TooManyEntries;
}

void check_uri(std::string_view text) {
  const auto uri = Uri::parse(text);
  if (!uri) return;
  const auto again = Uri::parse(uri->to_string());
  require(again && *again == *uri, "a URI that is printed is the same URI");
  require(equivalent(*uri, *uri), "a URI is equivalent to itself");
  (void)address_of_record(*uri);
}

void check_values(const Message& m) {
  for (const Field& field : m.fields()) {
    const std::string_view value = m.value(field);
    require(m.line(field).ends_with("\r\n") && m.line(field).starts_with(m.name_text(field)),
            "a line from name to CRLF");
    require(unfold(value).find_first_of("\r\n") == std::string::npos, "no fold is left");
    (void)parse_name_address(value);
    (void)parse_via(value);
    (void)parse_delta_seconds(value);
    (void)parse_q(value);
    (void)quoted(value);
    for (const Entry& entry : entries(m, field.name)) require(entry.begin <= entry.end, "an entry has a size");
    (void)name_addresses(m, field.name);
    (void)tokens(m, field.name);
  }
  (void)contacts(m);
  if (m.is_request()) check_uri(m.request_uri());
  if (const auto sdp = Sdp::parse(m.body())) require(sdp->to_string() == m.body(), "SDP survives byte for byte");
}

// Our own scanner against sofia-sip's grammar, wherever both take the topmost Via.
void check_top_via(const Message& m) {
  const TopVia& top = m.top_via();
  const auto via = parse_via(m.bytes().substr(top.begin, top.end - top.begin));
  if (!via) return;
  require(via->host == top.host && via->port == top.port, "one sent-by");
  require(via->parameters.value("branch").value_or("") == top.branch, "one branch");
  require(via->parameters.value("received").value_or("") == top.received, "one received");
  require((via->parameters.find("rport") != nullptr) == top.has_rport, "one rport");
}

void check_edit(const Message& m, Framing framing, const Limits& limits) {
  constexpr std::string_view added = "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKfuzz";
  Editor editor(m);
  editor.prepend(FieldName::Via, added);
  const auto edited = Message::parse(editor.finish(), framing, limits);
  if (!edited) return require(is_limit(edited.error().error.fault), "a Via in front makes no message wrong");
  require((*edited)->value(FieldName::Via) == added, "the new Via is the first");
  Editor back(**edited);
  back.remove(entries(**edited, FieldName::Via).front());
  require(back.finish() == m.bytes(), "what is added and removed leaves no trace");
}

void check_answer(const Message& request) {
  const auto answer =
      Message::parse(make_response(request, {.status = 400, .to_tag = "fuzz"}), Framing::Stream, Limits{});
  if (answer) return;
  const Fault fault = answer.error().error.fault;
  require(fault != Fault::ControlCharacter && fault != Fault::BadFieldLine && fault != Fault::BadStartLine &&
              fault != Fault::BadContentLength && fault != Fault::Truncated,
          "an answer is made of whole lines");
}

void check_message(std::string bytes, Framing framing) {
  const Limits limits;
  const auto parsed = Message::parse(std::move(bytes), framing, limits);
  if (!parsed) {
    const Refused& refused = parsed.error();
    require(!refused.error.to_string().empty(), "a refusal says why");
    if (refused.error.answer != Answer::Silence) require(refused.partial != nullptr, "an answer needs a request");
    if (refused.partial && refused.partial->is_request()) check_answer(*refused.partial);
    return;
  }
  const Message& m = **parsed;
  const auto again = Message::parse(std::string(m.bytes()), framing, limits);
  require(again && (*again)->bytes() == m.bytes() && (*again)->fields().size() == m.fields().size(),
          "the bytes of a message are that message");
  check_values(m);
  check_top_via(m);
  check_edit(m, framing, limits);
  if (m.is_request()) check_answer(m);
}

// What comes of a stream in pieces of a size; 0 for all at once.
std::string frames_of(std::string_view stream, std::size_t piece, bool look) {
  StreamFramer framer(Limits{});
  std::string summary;
  const auto take = [&] {
    while (auto result = framer.next()) {
      if (const auto* frame = std::get_if<Frame>(&*result)) {
        summary += "frame " + frame->bytes + "\n";
        if (look) check_message(frame->bytes, Framing::Stream);
      } else if (const auto* error = std::get_if<FramingError>(&*result)) {
        summary += "error " + error->error.to_string() + error->head + "\n";
        if (look) check_message(error->head, Framing::Stream);
        return false;
      } else {
        summary += "ping\n";
      }
    }
    return true;
  };
  if (piece == 0) piece = std::max<std::size_t>(stream.size(), 1);
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    framer.feed(stream.substr(at, piece));
    if (!take()) break;
  }
  return summary;
}

}  // namespace

void intermediary::fuzzing::run(std::string_view input) {
  if (input.empty()) return;
  const auto choice = static_cast<unsigned char>(input.front());
  const std::string_view bytes = input.substr(1);
  if (choice % 2 == 0) {
    check_message(std::string(bytes), Framing::Datagram);
  } else {
    require(frames_of(bytes, choice / 2U, true) == frames_of(bytes, 0, false), "frames do not depend on the cuts");
  }
}
