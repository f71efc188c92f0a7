#include "message/message_parser.h"

#include <algorithm>

#include "message/quick_values.h"
#include "message/scanner.h"

namespace intermediary {
namespace {

constexpr auto longest_line = static_cast<std::ptrdiff_t>(limit::line_bytes);

std::size_t leading_empty_lines(std::string_view bytes) {
  std::size_t skipped = 0;
  while (bytes.substr(skipped).starts_with("\r\n")) skipped += 2;
  return skipped;
}

}  // namespace

MessageParser::MessageParser(std::string&& bytes, Framing framing, const Limits& limits)
    : message_(new Message), m_(*message_), framing_(framing) {
  // The small-string buffer moves with its string: from here on the bytes stay where they are.
  m_.bytes_ = std::move(bytes);
  m_.first_.fill(Message::none);
  check_size(limits);
  // RFC 3261 §7.5: CRLFs that come before the start line are ignored.
  skipped_ = leading_empty_lines(m_.bytes_);
  if (skipped_ != 0) m_.bytes_.erase(0, skipped_);
  limit_ = m_.bytes_.data() + std::min(m_.bytes_.size(), limit::header_section_bytes);
}

inline const Field* MessageParser::find(FieldName name) const {
  const std::uint8_t index = m_.first_[static_cast<std::size_t>(name)];
  return index == Message::none ? nullptr : &m_.fields_[index];
}

inline const Field* MessageParser::need(FieldName name) {
  const Field* field = find(name);
  if (field == nullptr) miss(name);
  return field;
}

void MessageParser::miss(FieldName name) {
  fail(Fault::MissingField, m_.body_begin_, "no " + std::string(field_text(name)));
}

std::expected<MessagePtr, Refused> MessageParser::run() {
  const char* first_line = read_start_line();
  if (first_line == nullptr) return std::unexpected(refused());
  read_fields(first_line);
  m_.fields_.assign(fields_.data(), fields_.data() + fields_.size());
  if (!error_) read_body();
  if (!error_) read_values();
  if (error_) return std::unexpected(refused());
  return MessagePtr(std::move(message_));
}

void MessageParser::check_size(const Limits& limits) {
  const std::size_t most = framing_ == Framing::Datagram ? limits.datagram_bytes : limits.stream_message_bytes;
  const std::size_t size = m_.bytes_.size();
  if (size <= most) return;
  fail(Fault::TooLarge, most,
       "message has " + std::to_string(size) + " bytes, " + std::to_string(most) + " are allowed");
  lose_boundary();
}

const char* MessageParser::read_start_line() {
  const char* begin = m_.bytes_.data();
  if (m_.bytes_.empty()) {
    fail(Fault::Empty, 0, "no bytes but empty lines");
    return nullptr;
  }
  const Line line = scan_line(begin, limit_, false);
  m_.start_line_end_ = static_cast<std::uint32_t>(offset(line.end));
  start_line_ = scan_start_line(m_.start_line());
  if (start_line_.kind == StartLine::Kind::Neither) {
    fail(Fault::NotSip, 0, "no start line: '" + shown(m_.start_line()) + "'");
    lose_boundary();
    return nullptr;
  }
  if (line.bad_control != nullptr) fail(Fault::ControlCharacter, offset(line.bad_control), "in the start line");
  if (m_.start_line_end_ > limit::start_line_bytes) {
    fail(Fault::LineTooLong, limit::start_line_bytes,
         "start line has more than " + std::to_string(limit::start_line_bytes) + " bytes");
  }
  if (start_line_.fault)
    fail(start_line_.fault->fault, start_line_.fault->offset, std::move(start_line_.fault->detail));
  m_.status_ = start_line_.status;
  if (m_.is_response()) {
    most_lines_ += limit::ours_in_responses;
    most_vias_ += limit::ours_in_responses;
  }
  m_.method_ = parse_method(start_line_.method);
  if (!start_line_.uri.empty()) {
    m_.uri_begin_ = static_cast<std::uint32_t>(offset(start_line_.uri.data()));
    m_.uri_end_ = m_.uri_begin_ + static_cast<std::uint32_t>(start_line_.uri.size());
  }
  return line.complete ? line.end + 2 : limit_;
}

void MessageParser::refuse_header_section() {
  const std::string& bytes = m_.bytes_;
  m_.body_begin_ = static_cast<std::uint32_t>(bytes.size());
  lose_boundary();
  if (limit_ == bytes.data() + bytes.size()) {
    fail(Fault::Truncated, offset(limit_), "no empty line ends the header section");
  } else {
    fail(Fault::TooLarge, offset(limit_),
         "header section has more than " + std::to_string(limit::header_section_bytes) + " bytes");
  }
}

[[gnu::always_inline]] inline void MessageParser::add_field(FieldName name, const char* begin, const char* name_end,
                                                            const char* value, const char* value_end) {
  const char* const line_end = value_end;
  while (value != value_end && character::is(*value, character::Space)) ++value;
  while (value != value_end && character::is(value_end[-1], character::Space)) --value_end;
  fields_.push_back({
      .name = name,
      .name_bytes = static_cast<std::uint16_t>(name_end - begin),
      .begin = static_cast<std::uint32_t>(offset(begin)),
      .value_begin = static_cast<std::uint32_t>(offset(value)),
      .value_end = static_cast<std::uint32_t>(offset(value_end)),
      .end = static_cast<std::uint32_t>(offset(line_end)) + 2,
  });
  std::uint8_t& first = m_.first_[static_cast<std::size_t>(name)];
  if (first != Message::none) return note_another(name);
  first = static_cast<std::uint8_t>(fields_.size() - 1);
}

// The line in front: the usual kind, with a name that we know, a colon right behind it, neither folds nor tabs. Null,
// and nothing done, for all others.
[[gnu::always_inline]] inline const char* MessageParser::add_plain_line(const char* begin) {
  constexpr std::ptrdiff_t longest_name = 32;
  constexpr std::ptrdiff_t behind_value = 3;  // CRLF and the byte that tells whether the line goes on
  const char* const colon = find_colon(begin, begin + std::min(longest_name, limit_ - begin));
  const FieldName name = field_name({begin, static_cast<std::size_t>(colon - begin)});
  if (name == FieldName::Other) return nullptr;
  const char* const end = find_control(colon, limit_);
  if (limit_ - end < behind_value || end[0] != '\r' || end[1] != '\n' || end[2] == ' ' || end[2] == '\t')
    return nullptr;
  if (end - begin > longest_line || fields_.size() == most_lines_) return nullptr;
  add_field(name, begin, colon, colon + 1, end);
  return end + 2;
}

// Any line. One with a fault of its own is left out, so that nothing of it can be copied into an answer.
const char* MessageParser::add_line(const char* begin) {
  const NamePart part = scan_name(begin, limit_);
  const Line line = scan_line(part.value == nullptr ? begin : part.value, limit_, true);
  if (!line.complete) {
    refuse_header_section();
    return nullptr;
  }
  if (line.bad_control != nullptr) {
    // Who takes a bare CR or LF for a line's end sees other lines than we do, and another Content-Length.
    if (line.bare_line_end) lose_boundary();
    fail(Fault::ControlCharacter, offset(line.bad_control), "in a header line");
  } else if (part.value == nullptr) {
    const std::string_view text(begin, static_cast<std::size_t>(line.end - begin));
    fail(Fault::BadFieldLine, offset(begin), "no field name and colon: '" + shown(text) + "'");
  } else if (line.end - begin > longest_line) {
    fail(Fault::LineTooLong, offset(begin), "line has more than " + std::to_string(limit::line_bytes) + " bytes");
  } else if (fields_.size() == most_lines_) {
    fail(Fault::TooManyFields, offset(begin), "more than " + std::to_string(limit::header_lines) + " header lines");
  } else {
    add_field(part.name, begin, part.name_end, part.value, line.end);
    Field& field = fields_.back();
    field.folded = line.folded && m_.value(field).contains('\r');
  }
  return line.end + 2;
}

void MessageParser::note_another(FieldName name) {
  several_vias_ |= name == FieldName::Via;
  if (!is_single_instance(name)) return;
  if (name == FieldName::ContentLength) lose_boundary();
  fail(Fault::DuplicateField, fields_.back().begin, "a second " + std::string(field_text(name)));
}

void MessageParser::read_fields(const char* at) {
  while (limit_ - at < 2 || at[0] != '\r' || at[1] != '\n') {
    const char* next = add_plain_line(at);
    if (next == nullptr) next = add_line(at);
    if (next == nullptr) return;
    at = next;
  }
  m_.body_begin_ = static_cast<std::uint32_t>(offset(at)) + 2;
}

// RFC 3261 §18.3.
void MessageParser::read_body() {
  const std::size_t available = m_.bytes_.size() - m_.body_begin_;
  const Field* field = find(FieldName::ContentLength);
  if (field == nullptr) {
    if (framing_ != Framing::Stream) return;
    lose_boundary();
    return fail(Fault::MissingField, m_.body_begin_, "no Content-Length on a stream");
  }
  const auto length = scan_content_length(m_.value(*field));
  if (!length) {
    lose_boundary();
    return fail_at(*field, not_a_length(m_.value(*field)));
  }
  if (*length > available) {
    lose_boundary();
    return fail(
        Fault::Truncated, field->value_begin,
        "Content-Length is " + std::to_string(*length) + ", but " + std::to_string(available) + " bytes follow");
  }
  if (*length == available) return;
  if (framing_ != Framing::Datagram) {
    lose_boundary();
    return fail(Fault::BadContentLength, field->value_begin, "more bytes follow than Content-Length says");
  }
  m_.bytes_.resize(m_.body_begin_ + *length);
}

void MessageParser::read_values() {
  read_vias();
  read_value(FieldName::From, m_.from_tag_, scan_tag);
  read_value(FieldName::To, m_.to_tag_, scan_tag);
  read_value(FieldName::CallId, m_.call_id_, scan_call_id);
  read_value(FieldName::CSeq, m_.cseq_, scan_cseq);
  read_max_forwards();
  if (error_) return;
  if (m_.is_response()) {
    m_.method_ = parse_method(m_.cseq_.method);
  } else if (m_.cseq_.method != start_line_.method) {
    fail(Fault::MethodMismatch, find(FieldName::CSeq)->value_begin,
         "CSeq names " + shown(m_.cseq_.method) + ", the start line " + shown(start_line_.method));
  }
}

void MessageParser::read_max_forwards() {
  const Field* field = find(FieldName::MaxForwards);
  if (field == nullptr) return;
  m_.max_forwards_ = scan_max_forwards(m_.value(*field));
  if (m_.max_forwards_) return;
  fail_at(*field, {Fault::BadValue, 0, "no number from 0 to 255: '" + shown(m_.value(*field)) + "'"});
}

template <class Value, class Scan>
void MessageParser::read_value(FieldName name, Value& value, Scan scan) {
  const Field* field = need(name);
  if (field == nullptr) return;
  auto found = scan(m_.value(*field));
  if (found) {
    value = *found;
  } else {
    fail_at(*field, std::move(found.error()));
  }
}

void MessageParser::read_vias() {
  const Field* field = need(FieldName::Via);
  if (field == nullptr) return;
  auto error = scan_via(m_.bytes_, field->value_begin, field->value_end, m_.top_via_);
  if (error) return fail_at(*field, *error);
  m_.top_via_.field = static_cast<std::uint32_t>(field - m_.fields_.data());
  count_vias();
}

// Commas within quotes count too: the limit is one of work to do, and no honest Via comes near it.
void MessageParser::count_vias() {
  if (!several_vias_ && m_.top_via_.end == m_.fields_[m_.top_via_.field].value_end) return;
  std::size_t count = 0;
  for (const Field& field : m_.fields()) {
    if (field.name != FieldName::Via) continue;
    const std::uint32_t begin = std::max(field.value_begin, m_.top_via_.end);
    std::string_view rest = m_.view(begin, field.value_end);
    for (++count; rest.contains(','); ++count) rest.remove_prefix(rest.find(',') + 1);
    if (count > most_vias_) {
      return fail(Fault::TooManyEntries, field.value_begin,
                  "more than " + std::to_string(limit::vias) + " Via entries");
    }
  }
}

void MessageParser::fail(Fault fault, std::size_t at, std::string detail) {
  if (error_) return;
  error_.emplace();
  error_->fault = fault;
  error_->offset = at;
  error_->detail = std::move(detail);
}

void MessageParser::fail_at(const Field& field, const ValueError& error) {
  fail(error.fault, field.value_begin + error.offset, std::string(field_text(field.name)) + ": " + error.detail);
}

Refused MessageParser::refused() {
  const std::string& bytes = m_.bytes_;
  ParseError error = std::move(*error_);
  const auto before = static_cast<std::ptrdiff_t>(std::min(error.offset, bytes.size()));
  error.line = 1 + static_cast<std::size_t>(std::count(bytes.begin(), bytes.begin() + before, '\n'));
  error.offset += skipped_;
  error.answer = answer_for(error.fault, start_line_);
  error.close_stream = boundary_lost_ && framing_ == Framing::Stream;
  const bool readable = start_line_.kind == StartLine::Kind::Request || m_.is_response();
  return {std::move(error), readable ? MessagePtr(std::move(message_)) : nullptr};
}

}  // namespace intermediary
