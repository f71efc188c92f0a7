#include "engine/record.h"

#include <array>

#include "base/fingerprint.h"
#include "engine/io_archive.h"

namespace intermediary {
namespace {

// Programs that take files for text, or change the ends of lines, show in the first eight. Behind them the version and
// four bytes that are zero.
constexpr std::array<char, 16> mark = {'\x89', 'I', 'M', 'R', '\r', '\n', '\x1a', '\n', char{record_version}};
constexpr std::size_t version_at = 8;
constexpr std::size_t searched_bytes = std::size_t{256} << 10;  // behind a length that leads nowhere
constexpr std::string_view kinds = "HCIOE";

std::uint32_t number_at(std::string_view bytes, std::size_t place) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[place + i]);
  return value;
}

void append_number(std::string& bytes, std::uint32_t value) {
  for (int i = 0; i < 4; ++i, value >>= 8) bytes += static_cast<char>(value & 0xff);
}

// The listener that an input names; none where it names none.
ListenerId listener_of(const Input& input) {
  if (const auto* datagram = std::get_if<DatagramReceived>(&input)) return datagram->listener;
  if (const auto* failed = std::get_if<DatagramFailed>(&input)) return failed->listener;
  if (const auto* opened = std::get_if<FlowOpened>(&input)) return opened->listener;
  return {};
}

}  // namespace

// ---- what came out

void OutputsHash::add(const Output& output) {
  bytes_(output);
  ++count_;
}

OutputsMark OutputsHash::take() {
  const OutputsMark taken{count_, count_ == 0 ? 0 : fingerprint(bytes_.bytes())};
  bytes_.clear();
  count_ = 0;
  return taken;
}

// ---- frames

FrameHead head_of(std::string_view frame) {
  const std::uint64_t hash = fingerprint(frame);
  return {static_cast<std::uint32_t>(frame.size()), static_cast<std::uint32_t>(hash ^ hash >> 32)};
}

std::string_view record_mark() { return {mark.data(), mark.size()}; }

template <class... Values>
std::string_view FrameMaker::made(FrameKind kind, const Values&... values) {
  frame_.clear();
  frame_.byte(static_cast<std::uint8_t>(kind));
  frame_(values...);
  return frame_.bytes();
}

std::string_view FrameMaker::header(const RecordHeader& header) { return made(FrameKind::Header, header); }

std::string_view FrameMaker::checkpoint(std::string_view state) {
  made(FrameKind::Checkpoint);
  frame_.raw(state);
  return frame_.bytes();
}

std::string_view FrameMaker::input(TimePoint time, const Input& input) { return made(FrameKind::Input, time, input); }
std::string_view FrameMaker::outputs(OutputsMark outputs) { return made(FrameKind::Outputs, outputs); }

std::string_view FrameMaker::end(std::string_view reason) {
  made(FrameKind::End);
  frame_.raw(reason);
  return frame_.bytes();
}

void append_record_mark(std::string& segment) { segment += record_mark(); }

void append_frame(std::string& segment, std::string_view frame) {
  const FrameHead head = head_of(frame);
  append_number(segment, head.length);
  append_number(segment, head.check);
  segment += frame;
  segment.append(padded(frame.size()) - frame.size(), '\0');
}

// ---- reading

std::expected<SegmentReader, std::string> SegmentReader::open(std::string_view bytes) {
  if (bytes.size() < mark.size() || !bytes.starts_with(record_mark().substr(0, version_at))) {
    return std::unexpected("it is no record");
  }
  if (const std::uint32_t version = number_at(bytes, version_at); version != record_version) {
    return std::unexpected("it is a record of format " + std::to_string(version) + ", and this program reads format " +
                           std::to_string(record_version));
  }
  SegmentReader reader(bytes);
  reader.position_ = mark.size();
  if (auto read = reader.read_header(); !read) return std::unexpected(read.error());
  return reader;
}

std::expected<void, std::string> SegmentReader::read_header() {
  const auto frame = take_frame();
  if (!frame || frame->kind != FrameKind::Header) return std::unexpected("it has no header");
  ArchiveReader archive(frame->contents);
  archive(header_);
  archive.expect_end();
  if (!archive.ok()) return std::unexpected("its header cannot be read: " + archive.error());
  if (header_.segment == 1) return {};
  const auto checkpoint = take_frame();
  if (!checkpoint || checkpoint->kind != FrameKind::Checkpoint) return std::unexpected("it has no checkpoint");
  checkpoint_ = checkpoint->contents;
  return {};
}

// Somewhere behind the place that has been reached.
bool SegmentReader::a_frame_follows() const {
  const std::size_t end = std::min(bytes_.size(), position_ + searched_bytes);
  for (std::size_t place = position_ + frame_head_bytes; place + frame_head_bytes < end; place += frame_head_bytes) {
    const std::size_t length = number_at(bytes_, place);
    if (length == 0 || length > end - place - frame_head_bytes || !kinds.contains(bytes_[place + frame_head_bytes])) {
      continue;
    }
    if (head_of(bytes_.substr(place + frame_head_bytes, length)).check == number_at(bytes_, place + 4)) return true;
  }
  return false;
}

// The frame that comes next, without taking it; nullopt where none does, and end_ says why.
std::optional<SegmentReader::Frame> SegmentReader::frame_ahead() {
  if (over_) return std::nullopt;
  const std::size_t left = bytes_.size() - position_;
  const std::size_t length = left < frame_head_bytes ? 0 : number_at(bytes_, position_);
  if (length == 0 || length > left - frame_head_bytes) {
    // What ended in the middle of an entry has none behind it; a length that was damaged has.
    const bool damaged = a_frame_follows();
    ended(false, damaged,
          damaged       ? "it is damaged at byte " + std::to_string(position_) + ": the length of an entry"
          : length == 0 ? "behind its last whole entry nothing follows"
                        : "the entry at byte " + std::to_string(position_) + " is cut off");
    return std::nullopt;
  }
  const std::string_view frame = bytes_.substr(position_ + frame_head_bytes, length);
  if (head_of(frame).check != number_at(bytes_, position_ + 4) || !kinds.contains(frame.front())) {
    ended(false, true, "it is damaged at byte " + std::to_string(position_));
    return std::nullopt;
  }
  return Frame{static_cast<FrameKind>(frame.front()), frame.substr(1), position_};
}

std::optional<SegmentReader::Frame> SegmentReader::take_frame() {
  const auto frame = frame_ahead();
  if (frame) position_ = std::min(bytes_.size(), position_ + frame_head_bytes + padded(frame->contents.size() + 1));
  return frame;
}

void SegmentReader::ended(bool whole, bool damaged, std::string reason) {
  over_ = true;
  end_ = {whole, damaged, std::move(reason), position_};
}

std::optional<RecordedInput> SegmentReader::next() {
  const auto frame = take_frame();
  if (!frame) return std::nullopt;
  if (frame->kind == FrameKind::End) {
    ended(true, false, std::string(frame->contents));
    return std::nullopt;
  }
  auto input = frame->kind == FrameKind::Input ? input_in(*frame) : std::nullopt;
  if (!input) {
    position_ = frame->offset;
    ended(false, true, "what stands at byte " + std::to_string(frame->offset) + " is no input");
    return std::nullopt;
  }
  latest_ = input->time;
  const auto behind = frame_ahead();
  if (!behind || behind->kind != FrameKind::Outputs) return input;
  ArchiveReader archive(behind->contents);
  OutputsMark outputs;
  archive(outputs);
  archive.expect_end();
  if (archive.ok()) input->outputs = outputs;
  if (archive.ok()) take_frame();
  return input;
}

// Time goes forward, and listeners are there: what an engine asks of its inputs.
std::optional<RecordedInput> SegmentReader::input_in(const Frame& frame) {
  ArchiveReader archive(frame.contents);
  RecordedInput input;
  archive(input.time, input.input);
  archive.expect_end();
  input.offset = frame.offset;
  if (!archive.ok() || input.time < latest_ || listener_of(input.input).value > header_.listeners.size()) {
    return std::nullopt;
  }
  return input;
}

}  // namespace intermediary
