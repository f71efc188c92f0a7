#include "message/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message/test_messages.h"

namespace intermediary {
namespace {

using namespace std::string_literals;
using samples::invite;
using samples::parse;
using samples::refusal;
using samples::replaced;
using samples::ringing;
using samples::with_line;
using samples::with_lines;

Fault fault_of(std::string bytes, Framing framing = Framing::Datagram) {
  return refusal(std::move(bytes), framing).error.fault;
}
Answer answer_to(std::string bytes) { return refusal(std::move(bytes)).error.answer; }
std::string a_run(std::size_t size, char c = 'x') { return std::string(size, c); }

// ---- What a message shows.

TEST(MessageTest, IndexesARequest) {
  const MessagePtr m = parse(invite());
  EXPECT_TRUE(m->is_request());
  EXPECT_EQ(Method::Invite, m->method());
  EXPECT_EQ("INVITE", m->method_text());
  EXPECT_EQ("sip:bob@example.com", m->request_uri());
  EXPECT_EQ("INVITE sip:bob@example.com SIP/2.0", m->start_line());
  EXPECT_EQ(9U, m->fields().size());
  EXPECT_EQ("Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKalice1;rport\r\n", m->line(m->fields()[0]));
  EXPECT_EQ("Via", m->name_text(m->fields()[0]));
  EXPECT_EQ("application/sdp", m->value(FieldName::ContentType));
  EXPECT_FALSE(m->has(FieldName::Route));
  EXPECT_EQ("", m->value(FieldName::Route));
  EXPECT_EQ("v=0\r\n", m->body());
  EXPECT_EQ(invite(), m->bytes());
}

TEST(MessageTest, IndexesAResponse) {
  const MessagePtr m = parse(ringing());
  EXPECT_TRUE(m->is_response());
  EXPECT_EQ(180, m->status());
  EXPECT_EQ("Ringing", m->reason());
  EXPECT_EQ(Method::Invite, m->method());
  EXPECT_EQ("INVITE", m->method_text());
  EXPECT_EQ("b0b", m->to_tag());
  EXPECT_EQ("192.0.2.99", m->top_via().received);
  EXPECT_EQ(std::nullopt, m->max_forwards());
}

TEST(MessageTest, KeepsAnUnknownMethod) {
  const MessagePtr m = parse(replaced(replaced(invite(), "INVITE", "FROB!"), "314159 INVITE", "314159 FROB!"));
  EXPECT_EQ(Method::Other, m->method());
  EXPECT_EQ("FROB!", m->method_text());
  const MessagePtr response = parse(replaced(ringing(), "314159 INVITE", "314159 FROB!"));
  EXPECT_EQ("FROB!", response->method_text());
}

TEST(MessageTest, ReadsTheQuickValues) {
  const MessagePtr m = parse(invite());
  EXPECT_EQ(314159U, m->cseq().number);
  EXPECT_EQ("INVITE", m->cseq().method);
  EXPECT_EQ("a84b4c76e66710@192.0.2.10", m->call_id());
  EXPECT_EQ("1928301774", m->from_tag());
  EXPECT_EQ("", m->to_tag());
  EXPECT_EQ(70, m->max_forwards());
}

TEST(MessageTest, ViewsPointIntoItsOwnBytesHoweverSmallTheString) {
  const MessagePtr m = parse(invite());
  const auto inside = [&](std::string_view view) {
    return view.data() >= m->bytes().data() && view.data() + view.size() <= m->bytes().data() + m->bytes().size();
  };
  EXPECT_TRUE(inside(m->call_id()));
  EXPECT_TRUE(inside(m->top_via().branch));
  EXPECT_TRUE(inside(m->from_tag()));
}

// ---- The start line (RFC 3261 §7.1, §7.2).

TEST(StartLineTest, SkipsEmptyLinesInFrontOfIt) {
  const MessagePtr m = parse("\r\n\r\n" + invite());
  EXPECT_EQ(invite(), m->bytes());
}

TEST(StartLineTest, NothingIsNotAMessage) {
  for (const std::string& bytes : {""s, "\r\n"s, "\r\n\r\n"s}) {
    const Refused r = refusal(bytes);
    EXPECT_EQ(Fault::Empty, r.error.fault);
    EXPECT_EQ(Answer::Silence, r.error.answer);
    EXPECT_EQ(nullptr, r.partial);
  }
}

TEST(StartLineTest, OtherProtocolsGetSilence) {
  for (const std::string& bytes :
       {"GET / HTTP/1.1\r\n\r\n"s, "hello\r\n\r\n"s, "\x16\x03\x01\x02\x00\x01"s, "IN VITE\r\n"s, " \r\n"s,
        "INVITE\0 sip:b@example.com SIP/2.0\r\n\r\n"s, "\rINVITE sip:b@example.com SIP/2.0\r\n\r\n"s}) {
    const Refused r = refusal(bytes, Framing::Stream);
    EXPECT_EQ(Fault::NotSip, r.error.fault) << bytes;
    EXPECT_EQ(Answer::Silence, r.error.answer);
    EXPECT_EQ(nullptr, r.partial);
    EXPECT_TRUE(r.error.close_stream);
  }
}

TEST(StartLineTest, WantsSingleSpaces) {
  for (const char* line :
       {"INVITE  sip:b@example.com SIP/2.0", "INVITE sip:b@example.com  SIP/2.0", "INVITE sip:b@example.com SIP/2.0 ",
        "INVITE sip:b@example.com; lr SIP/2.0", "INVITE\tsip:b@example.com SIP/2.0",
        "INVITE sip:b@example.com\tSIP/2.0", "INVITE SIP/2.0", "INVITE  SIP/2.0"}) {
    const Refused r = refusal(replaced(invite(), "INVITE sip:bob@example.com SIP/2.0", line));
    EXPECT_EQ(Fault::BadStartLine, r.error.fault) << line;
    EXPECT_EQ(Answer::BadRequest, r.error.answer) << line;
    ASSERT_NE(nullptr, r.partial) << line;
    EXPECT_EQ(Method::Invite, r.partial->method()) << line;
    EXPECT_EQ(9U, r.partial->fields().size()) << line;
  }
}

TEST(StartLineTest, WantsTheShapeOfAnAbsoluteUri) {
  for (const char* uri :
       {"<sip:b@example.com>", "bob", "sip:", ":b", "1sip:b", "/index.html", "sip:\"b\"@example.com"}) {
    EXPECT_EQ(Fault::BadStartLine, fault_of(replaced(invite(), "sip:bob@example.com SIP", uri + " SIP"s))) << uri;
  }
  for (const char* uri : {"tel:+15551234", "soap.beep://192.0.2.1:3002", "nobodyKnowsThisScheme:x", "sips:b"}) {
    EXPECT_EQ(uri, parse(replaced(invite(), "sip:bob@example.com SIP", uri + " SIP"s))->request_uri());
  }
}

TEST(StartLineTest, AnswersAnotherVersionWith505) {
  for (const char* version : {"SIP/7.0", "SIP/3.0", "SIP/2.1", "SIP/2.00", "SIP/20.0", "sip/1.0"}) {
    const Refused r = refusal(replaced(invite(), "SIP/2.0", version));
    EXPECT_EQ(Fault::WrongVersion, r.error.fault) << version;
    EXPECT_EQ(Answer::VersionNotSupported, r.error.answer) << version;
  }
  EXPECT_EQ(Fault::BadStartLine, fault_of(replaced(invite(), "SIP/2.0", "SIP/two")));
  EXPECT_EQ(Fault::BadStartLine, fault_of(replaced(invite(), "SIP/2.0", "SIP/")));
  EXPECT_EQ(Answer::Silence, answer_to(replaced(ringing(), "SIP/2.0", "SIP/3.0")));
}

TEST(StartLineTest, TakesTheVersionWithoutCase) {
  EXPECT_EQ("sip:bob@example.com", parse(replaced(invite(), "SIP/2.0", "sip/2.0"))->request_uri());
  EXPECT_EQ(180, parse(replaced(ringing(), "SIP/2.0", "Sip/2.0"))->status());
}

TEST(StartLineTest, WantsAStatusOfThreeDigitsFrom100To699) {
  for (const char* status : {"99", "099", "700", "1000", "20", "2OO", "4294967301", "-20", ""}) {
    const Refused r = refusal(replaced(ringing(), "180", status));
    EXPECT_EQ(Fault::BadStartLine, r.error.fault) << status;
    EXPECT_EQ(Answer::Silence, r.error.answer) << status;
  }
  EXPECT_EQ(100, parse(replaced(ringing(), "180", "100"))->status());
  EXPECT_EQ(699, parse(replaced(ringing(), "180", "699"))->status());
}

TEST(StartLineTest, TakesAnEmptyReason) {
  EXPECT_EQ("", parse(replaced(ringing(), "180 Ringing", "180 "))->reason());
  EXPECT_EQ("", parse(replaced(ringing(), "180 Ringing", "180"))->reason());
  EXPECT_EQ("\xD0\xBD = 2**3", parse(replaced(ringing(), "Ringing", "\xD0\xBD = 2**3"))->reason());
}

// ---- Limits, each at its edge and one beyond.

TEST(LimitTest, DatagramBytes) {
  const Limits limits{.datagram_bytes = invite().size()};
  EXPECT_TRUE(Message::parse(invite(), Framing::Datagram, limits).has_value());
  const Refused r = refusal(invite() + "x", Framing::Datagram, limits);
  EXPECT_EQ(Fault::TooLarge, r.error.fault);
  EXPECT_EQ(Answer::MessageTooLarge, r.error.answer);
  ASSERT_NE(nullptr, r.partial);
  EXPECT_EQ(9U, r.partial->fields().size());
}

TEST(LimitTest, StreamMessageBytes) {
  Limits limits;
  limits.stream_message_bytes = invite().size();
  EXPECT_TRUE(Message::parse(invite(), Framing::Stream, limits).has_value());
  limits.stream_message_bytes = invite().size() - 1;
  const Refused r = refusal(invite(), Framing::Stream, limits);
  EXPECT_EQ(Fault::TooLarge, r.error.fault);
  EXPECT_TRUE(r.error.close_stream);
}

TEST(LimitTest, StartLineBytes) {
  const std::string front = "INVITE ";
  const std::string rest = " sip:bob@example.com SIP/2.0";
  const auto with_start_line = [&](std::size_t size) {
    const std::string method = a_run(size - rest.size());
    return replaced(replaced(invite(), "INVITE sip:bob@example.com SIP/2.0", method + rest), "9 INVITE", "9 " + method);
  };
  EXPECT_EQ(limit::start_line_bytes, parse(with_start_line(limit::start_line_bytes))->start_line().size());
  EXPECT_EQ(Fault::LineTooLong, fault_of(with_start_line(limit::start_line_bytes + 1)));
}

TEST(LimitTest, UriBytes) {
  const auto with_uri = [](std::size_t size) {
    return replaced(invite(), "sip:bob@example.com SIP", "sip:" + a_run(size - 4) + " SIP");
  };
  EXPECT_EQ(limit::uri_bytes, parse(with_uri(limit::uri_bytes))->request_uri().size());
  EXPECT_EQ(Fault::UriTooLong, fault_of(with_uri(limit::uri_bytes + 1)));
}

TEST(LimitTest, LineBytesWithTheirFolds) {
  const auto with_subject = [](std::size_t size) {
    const std::string folded = "Subject: a\r\n b";
    return with_lines(folded + a_run(size - folded.size()) + "\r\n");
  };
  EXPECT_TRUE(parse(with_subject(limit::line_bytes))->has(FieldName::Subject));
  const Refused r = refusal(with_subject(limit::line_bytes + 1));
  EXPECT_EQ(Fault::LineTooLong, r.error.fault);
  EXPECT_FALSE(r.partial->has(FieldName::Subject));
}

TEST(LimitTest, HeaderLines) {
  const auto with_fields = [](std::size_t count) {
    std::string lines;
    for (std::size_t i = 9; i < count; ++i) lines += "X-Y: z\r\n";
    return with_lines(lines);
  };
  EXPECT_EQ(limit::header_lines, parse(with_fields(limit::header_lines))->fields().size());
  const Refused r = refusal(with_fields(limit::header_lines + 1));
  EXPECT_EQ(Fault::TooManyFields, r.error.fault);
  EXPECT_EQ(limit::header_lines, r.partial->fields().size());
}

TEST(LimitTest, HeaderSectionBytes) {
  Limits limits;
  limits.datagram_bytes = 64 * 1024;
  const auto with_header = [](std::size_t size) {
    std::string lines;
    const std::size_t most = limit::line_bytes - 100;
    std::size_t missing = size - (invite().size() - 5);
    while (missing > 0) {
      const std::size_t line = missing < 2 * most ? (missing > most ? missing / 2 : missing) : most;
      lines += "Y: " + a_run(line - 5) + "\r\n";
      missing -= line;
    }
    return with_lines(lines);
  };
  EXPECT_EQ(limit::header_section_bytes + 5, with_header(limit::header_section_bytes).size());
  EXPECT_TRUE(Message::parse(with_header(limit::header_section_bytes), Framing::Datagram, limits).has_value());
  const Refused r = refusal(with_header(limit::header_section_bytes + 1), Framing::Datagram, limits);
  EXPECT_EQ(Fault::TooLarge, r.error.fault);
  EXPECT_EQ(Answer::MessageTooLarge, r.error.answer);
  EXPECT_TRUE(r.partial->has(FieldName::Via));
}

TEST(LimitTest, ViasOverAllLines) {
  const auto with_vias = [](std::size_t count) {
    std::string lines = "Via: SIP/2.0/UDP h0";
    for (std::size_t i = 1; i < count - 1; ++i) lines += (i % 7 == 0 ? "\r\nv: " : ", ") + "SIP/2.0/TCP h"s;
    return with_lines(lines + "\r\n");
  };
  EXPECT_TRUE(parse(with_vias(limit::vias)));
  EXPECT_EQ(Fault::TooManyEntries, fault_of(with_vias(limit::vias + 1)));
}

// What we forward at a limit comes back with what we added.
TEST(LimitTest, ResponsesHaveRoomForOurs) {
  const auto response = [](std::size_t vias) {
    std::string lines = "SIP/2.0 200 OK\r\n";
    for (std::size_t i = 0; i < vias; ++i) lines += "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\n";
    return lines + "From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n";
  };
  EXPECT_TRUE(parse(response(limit::vias + limit::ours_in_responses)));
  EXPECT_EQ(Fault::TooManyEntries, fault_of(response(limit::vias + limit::ours_in_responses + 1)));
}

TEST(LimitTest, ParametersOfAViaAndOfATag) {
  const auto parameters = [](std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += ";p";
    return text;
  };
  const auto with_via = [&](std::size_t count) {
    return replaced(invite(), ";branch=z9hG4bKalice1;rport", parameters(count));
  };
  const auto with_to = [&](std::size_t count) {
    return with_line("To", "To: <sip:b@example.com>" + parameters(count));
  };
  EXPECT_TRUE(parse(with_via(limit::parameters)));
  EXPECT_EQ(Fault::TooManyParameters, fault_of(with_via(limit::parameters + 1)));
  EXPECT_TRUE(parse(with_to(limit::parameters)));
  EXPECT_EQ(Fault::TooManyParameters, fault_of(with_to(limit::parameters + 1)));
}

// ---- Lines.

TEST(HeaderLineTest, RefusesControlCharactersAndLeavesTheirLineOut) {
  for (const std::string& bad : {"a\0b"s, "a\rb"s, "a\nb"s, "a\x01"s, "a\x1f"s, "a\x7f"s, "a\r"s, "\n"s, "\r\r"s}) {
    const Refused r = refusal(with_lines("Subject: " + bad + "\r\n"));
    EXPECT_EQ(Fault::ControlCharacter, r.error.fault) << bad;
    EXPECT_EQ(Answer::BadRequest, r.error.answer);
    EXPECT_EQ(10U, r.error.line) << bad;
    EXPECT_FALSE(r.partial->has(FieldName::Subject)) << bad;
    EXPECT_EQ(9U, r.partial->fields().size()) << bad;
  }
}

TEST(HeaderLineTest, FindsAControlCharacterAtEveryPlaceOfALine) {
  for (std::size_t i = 0; i < 20; ++i) {
    for (char bad : {'\0', '\x1f', '\x7f'}) {
      std::string value(20, '\xff');
      value[i] = bad;
      EXPECT_EQ(Fault::ControlCharacter, fault_of(with_lines("X: " + value + "\r\n"))) << i;
    }
  }
}

TEST(HeaderLineTest, TakesTabsAndEveryByteFrom0x80) {
  std::string value = "a\tb";
  for (int c = 0x20; c < 0x100; ++c) {
    if (c != 0x7f) value += static_cast<char>(c);
  }
  const MessagePtr m = parse(with_lines("X: " + value + "\r\n"));
  EXPECT_EQ(value, m->value(m->fields()[8]));
}

TEST(HeaderLineTest, OnlyABareCrOrLfCastsDoubtOnTheBoundary) {
  EXPECT_TRUE(refusal(with_lines("X: a\nb\r\n"), Framing::Stream).error.close_stream);
  EXPECT_TRUE(refusal(with_lines("X: a\rb\r\n"), Framing::Stream).error.close_stream);
  EXPECT_TRUE(refusal(with_lines("X: \x01\n\r\n"), Framing::Stream).error.close_stream);
  EXPECT_FALSE(refusal(with_lines("X: a\x01\r\n"), Framing::Stream).error.close_stream);
  EXPECT_FALSE(refusal(with_lines("X: a\nb\r\n"), Framing::Datagram).error.close_stream);
}

TEST(HeaderLineTest, RefusesLinesWithoutNameOrColon) {
  for (const char* line : {"no colon", ": no name", "two words: x", "na<me: x", "n\xc3\xa4me: x", "X"}) {
    EXPECT_EQ(Fault::BadFieldLine, fault_of(with_lines(line + "\r\n"s))) << line;
  }
  EXPECT_EQ(Fault::BadFieldLine, fault_of(replaced(invite(), "Via:", " Via:")));
}

TEST(HeaderLineTest, TakesSpaceAroundTheColon) {
  const MessagePtr m = parse(with_lines("sUBJECT \t : \t x \t \r\n"));
  EXPECT_EQ("x", m->value(FieldName::Subject));
  EXPECT_EQ("sUBJECT", m->name_text(*m->find(FieldName::Subject)));
}

TEST(HeaderLineTest, KeepsFoldsWithinTheValueOnly) {
  const MessagePtr m =
      parse(with_lines("Subject: one\r\n two\r\n\tthree\r\nRoute:\r\n <sip:a;lr>\r\n \r\nX: a\r\n \r\n"));
  const Field& subject = *m->find(FieldName::Subject);
  EXPECT_EQ("one\r\n two\r\n\tthree", m->value(subject));
  EXPECT_TRUE(subject.folded);
  const Field& route = *m->find(FieldName::Route);
  EXPECT_EQ("<sip:a;lr>", m->value(route));
  EXPECT_FALSE(route.folded);
  EXPECT_EQ("Route:\r\n <sip:a;lr>\r\n \r\n", m->line(route));
}

TEST(HeaderLineTest, TakesEmptyValues) {
  const MessagePtr m = parse(with_lines("s :\r\nSupported:\r\n"));
  EXPECT_TRUE(m->has(FieldName::Subject));
  EXPECT_EQ("", m->value(FieldName::Subject));
}

TEST(HeaderLineTest, WantsTheEmptyLineAtItsEnd) {
  const std::string head = invite().substr(0, invite().find("\r\n\r\n"));
  for (const std::string& end : {""s, "\r"s, "\r\n"s, "\r\n\r"s}) {
    const Refused r = refusal(head + end, Framing::Stream);
    EXPECT_NE(nullptr, r.partial);
    EXPECT_EQ(Fault::Truncated, r.error.fault) << end.size();
    EXPECT_TRUE(r.error.close_stream);
  }
}

TEST(HeaderLineTest, KeepsIndexingBehindAFault) {
  const Refused r = refusal(replaced(invite(), "Via: ", "broken\r\nVia: "));
  EXPECT_EQ(Fault::BadFieldLine, r.error.fault);
  EXPECT_EQ(2U, r.error.line);
  EXPECT_EQ(9U, r.partial->fields().size());
  EXPECT_EQ("line 2: bad header line: no field name and colon: 'broken'", r.error.to_string());
}

TEST(HeaderLineTest, OffsetsCountFromTheFirstByteReceived) {
  const std::string bytes = "\r\n" + replaced(invite(), "Via: ", "broken\r\nVia: ");
  EXPECT_EQ(bytes.find("broken"), refusal(bytes).error.offset);
}

// ---- Fields that must be there, once.

TEST(FieldRulesTest, RefusesASecondSingleInstanceField) {
  for (const char* line : {"To: <sip:x>", "f: <sip:x>;tag=1", "Call-ID: 2", "CSeq: 1 INVITE", "Max-Forwards: 7", "l: 5",
                           "Content-Type: a/b", "Expires: 1\r\nExpires: 1", "Subject: x\r\ns: y"}) {
    const Refused r = refusal(with_lines(line + "\r\n"s));
    EXPECT_EQ(Fault::DuplicateField, r.error.fault) << line;
    EXPECT_EQ(Answer::BadRequest, r.error.answer) << line;
  }
  EXPECT_TRUE(parse(with_lines("Authorization: Digest a=b\r\nAuthorization: Digest a=c\r\nAllow: A\r\nAllow: B\r\n")));
}

TEST(FieldRulesTest, WantsWhatEveryMessageCarries) {
  for (const char* name : {"Via", "From", "To", "Call-ID", "CSeq"}) {
    const Refused r = refusal(with_line(name, ""));
    EXPECT_EQ(Fault::MissingField, r.error.fault) << name;
    EXPECT_EQ("no "s + name, r.error.detail);
  }
  EXPECT_EQ(std::nullopt, parse(with_line("Max-Forwards", ""))->max_forwards());
}

TEST(FieldRulesTest, FaultyAcksAndResponsesGetSilence) {
  std::string ack = replaced(replaced(invite(), "INVITE", "ACK"), "9 INVITE", "9 ACK");
  EXPECT_EQ(Answer::Silence, answer_to(replaced(ack, "Max-Forwards: 70", "Max-Forwards: x")));
  EXPECT_EQ(Answer::Silence, answer_to(replaced(ack, "SIP/2.0", "SIP/3.0")));
  EXPECT_EQ(Answer::Silence, answer_to(replaced(ringing(), "CSeq: 314159 INVITE\r\n", "")));
}

// ---- Content-Length (RFC 3261 §18.3).

TEST(ContentLengthTest, CutsTheSurplusOfADatagram) {
  const MessagePtr m = parse(invite() + "INVITE sip:hidden@example.com SIP/2.0\r\n");
  EXPECT_EQ(invite(), m->bytes());
  EXPECT_EQ("v=0\r\n", m->body());
}

TEST(ContentLengthTest, WithoutItTheBodyEndsWithTheDatagram) {
  const MessagePtr m = parse(with_line("Content-Length", "") + "s=-\r\n");
  EXPECT_EQ("v=0\r\ns=-\r\n", m->body());
}

TEST(ContentLengthTest, AShorterDatagramIsTruncated) {
  const Refused r = refusal(replaced(invite(), "Length: 5", "Length: 6"));
  EXPECT_EQ(Fault::Truncated, r.error.fault);
  EXPECT_EQ(Answer::BadRequest, r.error.answer);
  EXPECT_EQ(Answer::Silence, answer_to(replaced(ringing(), "Length: 0", "Length: 1")));
  EXPECT_EQ(Fault::Truncated, fault_of(replaced(invite(), "Length: 5", "Length: 99999999999999999999999")));
}

TEST(ContentLengthTest, WantsOneRunOfDigits) {
  for (const char* value : {"", "-5", "+5", "5 5", "5,5", "0x5", "five", "5;a=b", "5\r\n 5"}) {
    const Refused r = refusal(replaced(invite(), "Length: 5", "Length: "s + value), Framing::Stream);
    EXPECT_EQ(Fault::BadContentLength, r.error.fault) << value;
    EXPECT_TRUE(r.error.close_stream) << value;
  }
  EXPECT_EQ("v=0\r\n", parse(replaced(invite(), "Length: 5", "Length  : \r\n 00005 "))->body());
}

TEST(ContentLengthTest, IsExactOnAStream) {
  EXPECT_EQ("v=0\r\n", parse(invite(), Framing::Stream)->body());
  EXPECT_EQ(Fault::BadContentLength, fault_of(invite() + "x", Framing::Stream));
  EXPECT_EQ(Fault::MissingField, fault_of(with_line("Content-Length", ""), Framing::Stream));
}

TEST(ContentLengthTest, LeavesTheBodyAlone) {
  const std::string body = "\0\r\n\n\r\r\n\r\n\x7f"s;
  const MessagePtr m = parse(with_line("Content-Length", "") + body);
  EXPECT_EQ("v=0\r\n" + body, m->body());
}

TEST(ParseErrorTest, EscapesWhatAPeerWrote) {
  const Refused r = refusal(with_line("Max-Forwards", "Max-Forwards: \xff\x80" + a_run(60)));
  EXPECT_EQ("line 3: bad value: Max-Forwards: no number from 0 to 255: '\\xff\\x80" + a_run(38) + "...'",
            r.error.to_string());
}

}  // namespace
}  // namespace intermediary
