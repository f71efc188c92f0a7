#include "message/framing.h"

#include <algorithm>

#include "message/field.h"
#include "message/lines.h"
#include "message/quick_values.h"
#include "message/start_line.h"

namespace intermediary {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view header_end = "\r\n\r\n";
constexpr std::size_t compact_from = 4096;  // consumed bytes that are worth a move of the rest

struct BodySize {
  std::size_t size = 0;
  std::optional<ValueError> fault{};
};

// Reads the lines as the parser does, so that both see the same Content-Length.
BodySize body_size(std::string_view head) {
  BodySize result;
  bool found = false;
  const char* const limit = head.data() + head.size() - line_end.size();
  const char* at = head.data() + head.find(line_end) + line_end.size();
  while (at < limit) {
    const NamePart part = scan_name(at, limit);
    const Line line = scan_line(part.value == nullptr ? at : part.value, limit, true);
    const auto offset = static_cast<std::size_t>(at - head.data());
    at = line.end + line_end.size();
    if (part.value == nullptr || part.name != FieldName::ContentLength) continue;
    if (found) return {0, ValueError{Fault::DuplicateField, offset, "a second Content-Length"}};
    const std::string_view value = trim({part.value, static_cast<std::size_t>(line.end - part.value)});
    const auto size = scan_content_length(value);
    if (!size) {
      ValueError error = not_a_length(value);
      error.offset = static_cast<std::size_t>(value.data() - head.data());
      error.detail = "Content-Length: " + error.detail;
      return {0, std::move(error)};
    }
    result.size = *size;
    found = true;
  }
  if (!found)
    result.fault = ValueError{Fault::MissingField, head.size() - line_end.size(), "no Content-Length on a stream"};
  return result;
}

FramingError framing_error(std::string_view head, ValueError error) {
  FramingError result;
  result.head = head;
  result.error.fault = error.fault;
  result.error.offset = error.offset;
  result.error.line = 1 + static_cast<std::size_t>(std::count(head.begin(), head.begin() + error.offset, '\n'));
  result.error.detail = std::move(error.detail);
  result.error.answer = answer_for(error.fault, scan_start_line(head.substr(0, head.find(line_end))));
  result.error.close_stream = true;
  return result;
}

}  // namespace

void StreamFramer::feed(std::string_view bytes) {
  if (failed_) return;
  if (consumed_ == buffer_.size() || consumed_ >= compact_from) {
    buffer_.erase(0, consumed_);
    consumed_ = 0;
  }
  buffer_.append(bytes);
}

std::optional<FramingResult> StreamFramer::next() {
  if (!failed_ && header_size_ == 0) {
    if (take_empty_lines()) return KeepAlivePing{};
    find_header_end();
  }
  if (failed_) return *failed_;
  if (header_size_ == 0 || buffered() < header_size_ + body_size_) return std::nullopt;
  Frame frame{buffer_.substr(consumed_, header_size_ + body_size_)};
  consumed_ += frame.bytes.size();
  header_size_ = body_size_ = scanned_ = 0;
  return frame;
}

// RFC 3261 §7.5: CRLFs in front of a start line are ignored; RFC 5626 §3.5.1: two of them are a ping. True for a ping.
bool StreamFramer::take_empty_lines() {
  if (scanned_ != 0) return false;
  while (pending_bytes().starts_with(line_end)) {
    consumed_ += line_end.size();
    half_ping_ = !half_ping_;
    if (!half_ping_) return true;
  }
  if (buffered() >= line_end.size()) half_ping_ = false;
  return false;
}

void StreamFramer::find_header_end() {
  const std::string_view pending = pending_bytes();
  const std::string_view allowed = pending.substr(0, limit::header_section_bytes);
  const std::size_t found = allowed.find(header_end, scanned_);
  if (found != allowed.npos) return accept_header(allowed.substr(0, found + header_end.size()));
  if (allowed.size() == limit::header_section_bytes) {
    return fail(
        framing_error(allowed, {Fault::TooLarge, allowed.size(),
                                "no end of the header section within " + std::to_string(allowed.size()) + " bytes"}));
  }
  // The end may come with its last three bytes behind what is here. A single byte may still be half of an empty line.
  scanned_ = allowed.size() < header_end.size() ? 0 : allowed.size() - (header_end.size() - 1);
}

void StreamFramer::accept_header(std::string_view head) {
  BodySize body = body_size(head);
  if (body.fault) return fail(framing_error(head, std::move(*body.fault)));
  if (body.size > limits_.stream_message_bytes || head.size() + body.size > limits_.stream_message_bytes) {
    return fail(
        framing_error(head, {Fault::TooLarge, head.size(),
                             "message has more than " + std::to_string(limits_.stream_message_bytes) + " bytes"}));
  }
  header_size_ = head.size();
  body_size_ = body.size;
}

void StreamFramer::fail(FramingError error) {
  failed_ = std::move(error);
  buffer_.clear();
  consumed_ = 0;
}

StreamFramer::Pending StreamFramer::pending() const {
  if (header_size_ != 0) return Pending::Body;
  return buffered() == 0 ? Pending::Nothing : Pending::Header;
}

}  // namespace intermediary
