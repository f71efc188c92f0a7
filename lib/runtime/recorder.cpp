#include "runtime/recorder.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace intermediary {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t segment_digits = 6;

std::string numbered(const std::string& path, std::uint32_t segment) {
  const std::string digits = std::to_string(segment);
  return path + '.' + std::string(segment_digits - std::min(segment_digits, digits.size()), '0') + digits;
}

// A segment of that record: "FILE.000017".
bool is_segment_of(const fs::path& record, const fs::path& file) {
  const std::string start = record.filename().string() + '.';
  const std::string name = file.filename().string();
  return name.starts_with(start) && name.size() >= start.size() + segment_digits &&
         name.find_first_not_of("0123456789", start.size()) == std::string::npos;
}

// "" where there is none.
std::string segment_that_is_there(const std::string& record) {
  const fs::path path(record);
  std::error_code error;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  for (fs::directory_iterator each(folder, error), end; !error && each != end; each.increment(error)) {
    if (is_segment_of(path, each->path())) return each->path().string();
  }
  return {};
}

}  // namespace

std::expected<std::unique_ptr<Recorder>, std::string> Recorder::open(RecorderOptions options, RecordHeader header,
                                                                     Log& log) {
  if (options.segment_bytes != 0) {
    if (const std::string there = segment_that_is_there(options.path); !there.empty()) {
      return std::unexpected("cannot create '" + numbered(options.path, 1) + "': '" + there +
                             "' is there already, and records are not overwritten");
    }
  }
  std::unique_ptr<Recorder> recorder(new Recorder(std::move(options), std::move(header), log));
  if (auto opened = recorder->open_segment({}); !opened) return std::unexpected(opened.error());
  return recorder;
}

Recorder::~Recorder() {
  if (file_) append(frames_.end("stopped"));
}

std::string Recorder::path_of(std::uint32_t segment) const {
  return options_.segment_bytes == 0 ? options_.path : numbered(options_.path, segment);
}

// The one before it goes on until this one is there with all that it begins with.
std::expected<void, std::string> Recorder::open_segment(std::string_view checkpoint) {
  const std::string path = path_of(header_.segment);
  auto file = SegmentFile::create(path);
  if (!file) return std::unexpected(file.error());
  auto written = (*file)->append(frames_.header(header_));
  if (written && header_.segment > 1) written = (*file)->append(frames_.checkpoint(checkpoint));
  if (!written) {
    ::unlink(path.c_str());
    return written;
  }
  file_ = *std::move(file);
  begun_at_ = file_->size();
  return {};
}

void Recorder::begin(TimePoint now, const Input& input) {
  if (!file_) {
    ++unrecorded_;
    return;
  }
  append(frames_.input(now, input));
  ++(file_ ? recorded_ : unrecorded_);
}

void Recorder::finish(const Engine& engine) {
  if (!file_) return;
  append(frames_.outputs(outputs_.take()));
  if (file_ && options_.segment_bytes != 0 && file_->size() - begun_at_ >= options_.segment_bytes) next_segment(engine);
}

void Recorder::next_segment(const Engine& engine) {
  std::unique_ptr<SegmentFile> before = std::move(file_);
  ++header_.segment;
  if (auto opened = open_segment(engine.save()); !opened) {
    file_ = std::move(before);
    return stop(opened.error());
  }
  if (auto ended = before->append(frames_.end("the next segment follows")); !ended) {
    log_.write(LogLevel::Warning, "record-segment-without-end reason=" + log_value(ended.error()));
  }
  before.reset();
  if (options_.keep == 0 || header_.segment <= options_.keep) return;
  const std::string oldest = path_of(header_.segment - static_cast<std::uint32_t>(options_.keep));
  if (::unlink(oldest.c_str()) != 0 && errno != ENOENT) {
    log_.write(LogLevel::Warning, "record-segment-stays file=" + log_value(oldest) +
                                      " reason=" + log_value(std::generic_category().message(errno)));
  }
}

void Recorder::append(std::string_view frame) {
  if (auto written = file_->append(frame); !written) stop(written.error());
}

// What is written so far is a record that breaks off.
void Recorder::stop(const std::string& reason) {
  file_.reset();
  log_.write(LogLevel::Error,
             "recording-stopped recorded=" + std::to_string(recorded_) + " reason=" + log_value(reason));
}

}  // namespace intermediary
