// Properties of parsing, splicing and framing over random messages.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "message/compose.h"
#include "message/editor.h"
#include "message/framing.h"
#include "message/test_messages.h"

namespace intermediary {
namespace {

std::string text_of(std::string_view characters, int least, int most) {
  const int size = *rc::gen::inRange(least, most + 1);
  return *rc::gen::container<std::string>(static_cast<std::size_t>(size), rc::gen::elementOf(std::string(characters)));
}
std::string token() { return text_of("abcXYZ019-.!%*_+`'~", 1, 8); }
std::string space() { return *rc::gen::element<std::string>("", "", "", " ", "\t", "\r\n "); }

// A value as no rule of ours knows it: any bytes that a line may hold, folds too.
std::string foreign_value() {
  std::string value = text_of("ab \t;,:=<>\"\\()@/?[]{}\x80\xc3\xff", 0, 20);
  if (*rc::gen::inRange(0, 4) == 0) value += "\r\n " + text_of("xyz;", 0, 5);
  return value;
}

std::string via() {
  const std::string protocol =
      *rc::gen::element<std::string>("SIP/2.0/UDP", "SIP/2.0/TCP", "SIP / 2.0 / TLS", "sip/2.0/x");
  std::string value =
      protocol + " " + *rc::gen::element<std::string>("a.example", "192.0.2.1:5060", "[2001:db8::1]:5061");
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) value += space() + ";" + space() + token() + "x=" + token();
  return value + ";branch=z9hG4bK" + token();
}

std::string address(const std::string& tag) {
  const std::string value = *rc::gen::element<std::string>("sip:a@example.org", "<sip:a;x@example.org;lr>",
                                                           "\"A \\\" <, ;\" <tel:+1>", "A B <sip:[::1]>");
  return tag.empty() ? value : value + space() + ";" + space() + "tag=" + tag;
}

std::string random_message() {
  const std::string method = token();
  const std::string body = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
  std::vector<std::string> lines = {
      "Via: " + via(),
      *rc::gen::element<std::string>("From", "f", "FROM") + space() + ":" + space() + address(token()),
      *rc::gen::element<std::string>("To", "t") + ": " + address(*rc::gen::inRange(0, 2) == 0 ? "" : token()),
      "Call-ID: " + token(),
      "CSeq: " + std::to_string(*rc::gen::arbitrary<std::uint32_t>()) + " " + method,
      *rc::gen::element<std::string>("Content-Length", "l") + ":" + space() + std::to_string(body.size()),
  };
  // The space in front of a colon may not be a fold.
  for (std::string& line : lines) {
    if (const auto fold = line.find("\r\n "); fold < line.find(':')) line.erase(fold, 3);
  }
  for (int i = *rc::gen::inRange(0, 6); i > 0; --i) lines.push_back("X-" + token() + ": " + foreign_value());
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) lines.push_back("v:" + via() + ", " + via());
  const bool request = *rc::gen::arbitrary<bool>();
  std::string bytes = request ? method + " sip:" + token() + " SIP/2.0\r\n"
                              : "SIP/2.0 " + std::to_string(*rc::gen::inRange(100, 700)) + " \r\n";
  // Vias keep their order: the first line is the topmost.
  const std::size_t turn = static_cast<std::size_t>(*rc::gen::inRange(0, 6));
  for (std::size_t i = 0; i < lines.size(); ++i) bytes += lines[(i + turn) % lines.size()] + "\r\n";
  return bytes + "\r\n" + body;
}

std::vector<std::string> lines_of(const Message& m) {
  std::vector<std::string> lines;
  for (const Field& field : m.fields()) lines.emplace_back(m.line(field));
  return lines;
}

RC_GTEST_PROP(MessageProperty, LinesAndBodyMakeUpTheMessage, ()) {
  const std::string bytes = random_message();
  const auto parsed = Message::parse(bytes, Framing::Stream, Limits{});
  if (!parsed) RC_FAIL(parsed.error().error.to_string() + "\n" + bytes);
  const Message& m = **parsed;
  std::string again = std::string(m.start_line()) + "\r\n";
  for (const std::string& line : lines_of(m)) again += line;
  RC_ASSERT(again + "\r\n" + std::string(m.body()) == bytes);
  RC_ASSERT(m.bytes() == bytes);
}

RC_GTEST_PROP(MessageProperty, TheTopmostViaIsWhatSofiaSipReads, ()) {
  const MessagePtr m = samples::parse(random_message());
  const TopVia& top = m->top_via();
  const Entry first = entries(*m, FieldName::Via).front();
  RC_ASSERT(first.begin == top.begin && first.end == top.end && first.field == top.field);
  const auto via = parse_via(text(*m, first));
  RC_ASSERT(via.has_value());
  RC_ASSERT(via->host == top.host);
  RC_ASSERT(via->port == top.port);
  RC_ASSERT(via->parameters.value("branch").value_or("") == top.branch);
  RC_ASSERT(top.transport == (via->protocol == "SIP/2.0" ? parse_transport(via->transport) : std::nullopt));
}

RC_GTEST_PROP(MessageProperty, EditsLeaveAllOtherLinesAsTheyStand, ()) {
  const MessagePtr m = samples::parse(random_message());
  std::vector<std::string> expected;
  Editor editor(*m);
  for (const Field& field : m->fields()) {
    const int fate = field.name == FieldName::Other ? *rc::gen::inRange(0, 4) : 3;
    if (fate == 0) {
      editor.remove(field);
    } else if (fate == 1) {
      editor.set_value(field, "new");
      const std::string_view line = m->line(field);
      expected.push_back(std::string(line.substr(0, field.value_begin - field.begin)) + "new" +
                         std::string(line.substr(field.value_end - field.begin)));
    } else {
      expected.emplace_back(m->line(field));
    }
  }
  editor.append("X-Last", "1");
  expected.emplace_back("X-Last: 1\r\n");
  const MessagePtr edited = samples::parse(editor.finish());
  RC_ASSERT(lines_of(*edited) == expected);
  RC_ASSERT(edited->body() == m->body());
  RC_ASSERT(edited->start_line() == m->start_line());
}

RC_GTEST_PROP(MessageProperty, AResponseCarriesTheViasOfItsRequest, ()) {
  const MessagePtr m = samples::parse(random_message());
  RC_PRE(m->is_request());
  const MessagePtr response = samples::parse(make_response(*m, {.status = 404, .to_tag = "ours"}));
  const auto texts = [](const Message& message) {
    std::vector<std::string> all;
    for (const Entry& entry : entries(message, FieldName::Via)) all.emplace_back(text(message, entry));
    return all;
  };
  RC_ASSERT(texts(*response) == texts(*m));
  RC_ASSERT(response->to_tag() == (m->to_tag().empty() ? "ours" : m->to_tag()));
  RC_ASSERT(response->from_tag() == m->from_tag());
  RC_ASSERT(response->call_id() == m->call_id());
  RC_ASSERT(response->cseq().number == m->cseq().number);
}

RC_GTEST_PROP(FramingProperty, CutsDoNotMatter, ()) {
  std::vector<std::string> sent;
  std::string stream;
  for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
    sent.push_back(random_message());
    stream += sent.back();
    if (*rc::gen::arbitrary<bool>()) {
      sent.emplace_back("ping");
      stream += "\r\n\r\n";
    }
  }
  StreamFramer framer(Limits{});
  std::vector<std::string> got;
  for (std::size_t at = 0; at < stream.size();) {
    const auto piece = static_cast<std::size_t>(*rc::gen::inRange(1, 200));
    framer.feed(std::string_view(stream).substr(at, piece));
    at += piece;
    while (auto result = framer.next()) {
      RC_ASSERT(!std::holds_alternative<FramingError>(*result));
      const auto* frame = std::get_if<Frame>(&*result);
      got.push_back(frame == nullptr ? "ping" : frame->bytes);
    }
  }
  RC_ASSERT(got == sent);
}

RC_GTEST_PROP(MessageProperty, WhateverComesIsParsedOrRefusedWithAReason, ()) {
  std::string bytes = *rc::gen::arbitrary<bool>() ? random_message() : *rc::gen::arbitrary<std::string>();
  for (int i = *rc::gen::inRange(0, 5); i > 0 && !bytes.empty(); --i) {
    const auto at = static_cast<std::size_t>(*rc::gen::inRange<std::size_t>(0, bytes.size()));
    bytes[at] = *rc::gen::element('\0', '\r', '\n', ' ', ':', ',', ';', '"', '<', '\x7f', '\xff', '9');
  }
  const Framing framing = *rc::gen::element(Framing::Datagram, Framing::Stream);
  const auto parsed = Message::parse(bytes, framing, Limits{});
  if (parsed) {
    RC_ASSERT(bytes.find((*parsed)->bytes()) != std::string::npos);
    return;
  }
  const Refused& refused = parsed.error();
  RC_ASSERT(!refused.error.detail.empty());
  RC_ASSERT(refused.error.offset <= bytes.size());
  RC_ASSERT(refused.error.answer == Answer::Silence || refused.partial != nullptr);
}

}  // namespace
}  // namespace intermediary
