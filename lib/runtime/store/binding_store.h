// A store of bindings outside of the process (location/store.h is the port, docs/adr/0052 the reasons), asked by a
// shard.
//
// Nothing here waits: ask() returns at once, and the reply comes later on the shard's io_context, never from within.
// Replies come in the order of the requests. A store that is left unasked replies to nothing any more.
#pragma once

#include <boost/asio/io_context.hpp>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "engine/config.h"
#include "engine/io.h"
#include "runtime/log.h"

namespace intermediary {

class BindingStore {
 public:
  struct Surroundings {
    boost::asio::io_context& io;
    std::function<void(StoreReplied)> reply;
    std::function<void()> settle;  // after one or more replies
    std::function<void(LogLevel, std::string_view)> note;
  };

  virtual ~BindingStore() = default;
  virtual void ask(StoreRequest request) = 0;
};

using OpenedStore = std::expected<std::unique_ptr<BindingStore>, std::string>;

// The error says why there can be none, now and later. REQUIRES: the configuration names one outside of the process.
OpenedStore open_binding_store(const StoreConfig& config, BindingStore::Surroundings surroundings);

// The same for a store of users, which is only ever asked for users.
OpenedStore open_user_store(const StoreConfig& config, BindingStore::Surroundings surroundings);

// Why that cannot be, and what is not as it should be; "": nothing. A realm may want hashes that not every store has.
struct UserStoreProblem {
  std::string error{};
  std::string warning{};
};
UserStoreProblem problem_with_user_store(const StoreConfig& config, bool wants_sha512_256);

// Why none could be opened, as far as that shows without opening one, in the same words; "" where nothing is known.
// REQUIRES: as above.
std::string problem_with_store(const StoreConfig& config);

// Requests that wait in a store that has stopped to answer: as many as an engine has out, and those that it has given
// up on.
inline constexpr std::size_t most_store_requests = 20'000;

}  // namespace intermediary
