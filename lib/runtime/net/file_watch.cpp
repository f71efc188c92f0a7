#include "runtime/net/file_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "config/include.h"

namespace intermediary {

namespace {

constexpr std::string_view link_of_a_volume = "..data";
constexpr std::uint32_t changes = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE;

std::string last_error() { return std::generic_category().message(errno); }

}  // namespace

std::expected<std::unique_ptr<FileWatch>, std::string> FileWatch::open(boost::asio::io_context& io,
                                                                       const std::vector<std::string>& files,
                                                                       std::function<void()> changed,
                                                                       std::chrono::milliseconds pause) {
  const int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (descriptor < 0) return std::unexpected("files cannot be watched: " + last_error());
  std::unique_ptr<FileWatch> watch(new FileWatch(io, std::move(changed), pause));
  watch->descriptor_.assign(descriptor);
  for (const std::string& file : files) {
    if (auto added = watch->add(file); !added) return std::unexpected(added.error());
  }
  watch->wait();
  return watch;
}

FileWatch::FileWatch(boost::asio::io_context& io, std::function<void()> changed, std::chrono::milliseconds pause)
    : descriptor_(io), timer_(io), changed_(std::move(changed)), pause_(pause) {}

std::expected<void, std::string> FileWatch::add(const std::string& file) {
  const std::filesystem::path path(file);
  const std::string folder = path.has_parent_path() ? path.parent_path().string() : ".";
  const int number = ::inotify_add_watch(descriptor_.native_handle(), folder.c_str(), changes);
  if (number < 0) return std::unexpected("'" + folder + "' cannot be watched: " + last_error());
  names_[number].insert(path.filename().string());
  return {};
}

void FileWatch::wait() {
  descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                         [this, self = std::weak_ptr(self_)](const boost::system::error_code& error) {
                           if (error || self.expired()) return;
                           if (read_events()) note_change();
                           wait();
                         });
}

// Whether one of them is about a file of ours.
bool FileWatch::read_events() {
  alignas(inotify_event) std::array<char, 4096> buffer{};
  bool any = false;
  while (true) {
    const ssize_t count = ::read(descriptor_.native_handle(), buffer.data(), buffer.size());
    if (count <= 0) return any;
    for (std::size_t place = 0; place < static_cast<std::size_t>(count);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + place, sizeof(event));
      const std::string_view name = event.len == 0 ? std::string_view() : buffer.data() + place + sizeof(event);
      const auto names = names_.find(event.wd);
      any |= (event.mask & IN_Q_OVERFLOW) != 0 || name == link_of_a_volume ||
             (names != names_.end() &&
              std::ranges::any_of(names->second, [&](const std::string& own) { return is_named(name, own); }));
      place += sizeof(event) + event.len;
    }
  }
}

void FileWatch::note_change() {
  timer_.expires_after(pause_);
  timer_.async_wait([this, self = std::weak_ptr(self_)](const boost::system::error_code& error) {
    if (!error && !self.expired()) changed_();
  });
}

}  // namespace intermediary
