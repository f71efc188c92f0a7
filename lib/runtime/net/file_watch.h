// Tells when files have changed (inotify). Folders are watched, not the files: an editor puts a new file in the place
// of an old one, and a volume of Kubernetes puts another folder behind a link "..data".
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace intermediary {

class FileWatch {
 public:
  // A '*' in a name stands for anything. `changed` is called on the thread of `io`, once for whatever happens within
  // `pause`: a file is often written in pieces, and several files one after the other. The error says which folder
  // cannot be watched, and why.
  static std::expected<std::unique_ptr<FileWatch>, std::string> open(
      boost::asio::io_context& io, const std::vector<std::string>& files, std::function<void()> changed,
      std::chrono::milliseconds pause = std::chrono::milliseconds(300));

 private:
  FileWatch(boost::asio::io_context& io, std::function<void()> changed, std::chrono::milliseconds pause);
  std::expected<void, std::string> add(const std::string& file);
  void wait();
  bool read_events();
  void note_change();

  boost::asio::posix::stream_descriptor descriptor_;
  boost::asio::steady_timer timer_;
  std::function<void()> changed_;
  std::chrono::milliseconds pause_;
  std::map<int, std::set<std::string, std::less<>>> names_;                // of each watched folder
  std::shared_ptr<FileWatch*> self_ = std::make_shared<FileWatch*>(this);  // gone: what is still to be called is not
};

}  // namespace intermediary
