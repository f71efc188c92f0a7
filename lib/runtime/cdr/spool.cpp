#include "runtime/cdr/spool.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>

#include "base/archive.h"
#include "base/flow_archive.h"
#include "runtime/writable.h"

namespace intermediary {

namespace {

// Eight bytes; the last of the eight characters before the padding is the version.
constexpr std::string_view spool_mark{"\x89IMC\r\n\x1a\x01", 8};
// Written anew when it is larger than that, and than four times what is left in it.
constexpr std::size_t small_spool = std::size_t{8} << 20U;

std::uint32_t word_at(std::string_view bytes, std::size_t place) {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes.data() + place, sizeof word);
  return word;
}

std::string spool_failed(std::string_view what, const std::string& path, int error) {
  return "cannot " + std::string(what) + " the spool '" + path + "': " + std::generic_category().message(error);
}

std::string is_no_spool(const std::string& path) { return "'" + path + "' is no spool of call records"; }

}  // namespace

std::string CallSpool::failed(std::string_view what, int error) const { return spool_failed(what, path_, error); }

std::string CallSpool::problem_with(const std::string& path) {
  for (const std::string& each : {path + ".lock", path}) {
    if (const int reason = why_not_writable(each); reason != 0) return spool_failed("open", path, reason);
  }
  const std::string begins = first_bytes(path, spool_mark.size());
  return begins.empty() || begins == spool_mark ? "" : is_no_spool(path);
}

std::expected<CallSpool::Left, std::string> CallSpool::open(const std::string& path) {
  std::unique_ptr<CallSpool> spool(new CallSpool(path));
  for (const auto step : {&CallSpool::lock, &CallSpool::read_old, &CallSpool::rewrite}) {
    if (auto done = (*spool.*step)(); !done) return std::unexpected(done.error());
  }
  std::vector<std::pair<std::uint64_t, KeptCall>> left;
  for (const auto& [id, entry] : spool->entries_) left.emplace_back(entry.order, KeptCall{id, entry.record});
  std::ranges::sort(left, {}, [](const auto& one) { return one.first; });
  Left result{std::move(spool), {}};
  for (auto& [order, call] : left) result.records.push_back(std::move(call));
  return result;
}

CallSpool::~CallSpool() {
  file_.reset();
  if (lock_ >= 0) ::close(lock_);
}

// Two processes with one spool would each tell the other's calls.
std::expected<void, std::string> CallSpool::lock() {
  lock_ = ::open((path_ + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (lock_ < 0) return std::unexpected(failed("open", errno));
  if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return {};
  if (errno != EWOULDBLOCK) return std::unexpected(failed("lock", errno));
  return std::unexpected("the spool '" + path_ + "' is in use by another process");
}

// A frame that is not whole was being written when the process ended: nothing stands behind it.
std::expected<void, std::string> CallSpool::read_old() {
  std::ifstream in(path_, std::ios::binary);
  if (!in) return {};
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (bytes.empty()) return {};
  if (!bytes.starts_with(spool_mark)) return std::unexpected(is_no_spool(path_));
  std::size_t place = spool_mark.size();
  while (place + frame_head_bytes < bytes.size()) {
    const std::size_t length = word_at(bytes, place);
    if (length == 0 || length > bytes.size() - place - frame_head_bytes) break;
    const std::string_view frame = std::string_view(bytes).substr(place + frame_head_bytes, length);
    if (head_of(frame).check != word_at(bytes, place + sizeof(std::uint32_t))) break;
    ArchiveReader archive(frame);
    Kind kind{};
    std::string id;
    archive(kind, id);
    if (kind == Kind::Delivered) {
      entries_.erase(id);
    } else {
      Entry entry;
      archive(entry.record);
      entry.order = ++last_order_;
      if (archive.ok()) entries_.insert_or_assign(id, std::move(entry));
    }
    if (!archive.ok()) return std::unexpected("the spool '" + path_ + "' cannot be read: " + archive.error());
    place += frame_head_bytes + padded(length);
  }
  return {};
}

std::expected<void, std::string> CallSpool::rewrite() {
  const std::string fresh = path_ + ".new";
  ::unlink(fresh.c_str());
  auto file = SegmentFile::create(fresh, spool_mark);
  if (!file) return std::unexpected(file.error());
  std::unique_ptr<SegmentFile> old = std::exchange(file_, *std::move(file));
  const auto give_up = [&](std::string reason) -> std::expected<void, std::string> {
    file_ = std::move(old);
    ::unlink(fresh.c_str());
    return std::unexpected(std::move(reason));
  };
  live_bytes_ = 0;
  for (auto& [id, entry] : entries_) {
    ArchiveWriter archive;
    archive(entry.record.end == CallEnd::Lost ? Kind::Begun : Kind::Ended, id, entry.record);
    entry.bytes = frame_head_bytes + padded(archive.bytes().size());
    live_bytes_ += entry.bytes;
    if (auto written = file_->append(archive.bytes()); !written) return give_up(written.error());
  }
  if (::rename(fresh.c_str(), path_.c_str()) != 0) return give_up(failed("replace", errno));
  return {};
}

std::expected<void, std::string> CallSpool::append(Kind kind, const std::string& id, const CallRecorded* record) {
  if (file_->size() > std::max(small_spool, 4 * live_bytes_)) {
    if (auto done = rewrite(); !done) return done;
  }
  ArchiveWriter archive;
  archive(kind, id);
  if (record) archive(*record);
  if (auto written = file_->append(archive.bytes()); !written) return written;
  const auto found = entries_.find(id);
  if (found != entries_.end()) live_bytes_ -= found->second.bytes;
  if (!record) {
    if (found != entries_.end()) entries_.erase(found);
    return {};
  }
  const std::size_t bytes = frame_head_bytes + padded(archive.bytes().size());
  entries_.insert_or_assign(id, Entry{*record, ++last_order_, bytes});
  live_bytes_ += bytes;
  return {};
}

std::expected<void, std::string> CallSpool::begun(const std::string& id, const CallIdentity& call) {
  CallRecorded record;
  record.call = call;
  record.end = CallEnd::Lost;
  return append(Kind::Begun, id, &record);
}

std::expected<void, std::string> CallSpool::ended(const KeptCall& call) {
  return append(Kind::Ended, call.id, &call.record);
}

std::expected<void, std::string> CallSpool::delivered(const std::string& id) {
  return append(Kind::Delivered, id, nullptr);
}

}  // namespace intermediary
