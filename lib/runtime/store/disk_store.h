// A store in a file, which a thread of its own works on: the disk never holds up the loop.
#pragma once

#include <boost/asio/post.hpp>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/store/binding_store.h"

namespace intermediary {

struct StoreAsked {
  StoreRequest request;
  std::chrono::steady_clock::time_point at;
};

// `File` can be moved, and has `std::vector<StoreReplied> carry_out(const std::vector<StoreAsked>&, std::stop_token)`,
// which is called on that thread alone: one reply for each request. What was asked before the end is handed to it as
// well, though nobody hears of it: whether that is done, it may see by the token.
template <class File>
class DiskStore final : public BindingStore {
 public:
  DiskStore(File file, Surroundings surroundings)
      : surroundings_(std::make_shared<Surroundings>(std::move(surroundings))),
        worker_([this, file = std::move(file)](const std::stop_token& stop) mutable { work(file, stop); }) {}

  ~DiskStore() override { worker_.request_stop(); }

  void ask(StoreRequest request) override {
    const QueryId query = request.query;
    bool is_full = false;
    {
      const std::scoped_lock lock(mutex_);
      is_full = queue_.size() >= most_store_requests;
      if (!is_full) queue_.push_back({std::move(request), std::chrono::steady_clock::now()});
    }
    if (is_full) return tell({{query, StoreUnavailable{"the disk does not keep up"}}});
    woken_.notify_one();
  }

 private:
  void work(File& file, const std::stop_token& stop) {
    while (true) {
      std::vector<StoreAsked> asked;
      {
        std::unique_lock lock(mutex_);
        woken_.wait(lock, stop, [&] { return !queue_.empty(); });
        if (queue_.empty()) return;
        asked.swap(queue_);
      }
      tell(file.carry_out(asked, stop));
    }
  }

  void tell(std::vector<StoreReplied> replies) {
    boost::asio::post(surroundings_->io, [to = std::weak_ptr(surroundings_), replies = std::move(replies)]() mutable {
      const auto surroundings = to.lock();
      if (!surroundings) return;
      for (StoreReplied& reply : replies) surroundings->reply(std::move(reply));
      surroundings->settle();
    });
  }

  std::shared_ptr<Surroundings> surroundings_;
  std::mutex mutex_;
  std::condition_variable_any woken_;
  std::vector<StoreAsked> queue_;
  std::jthread worker_;  // ends before what it works on
};

}  // namespace intermediary
