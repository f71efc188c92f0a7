#include "runtime/entropy.h"

#include <sys/random.h>

#include <cerrno>
#include <system_error>

namespace intermediary {
namespace {

// getrandom(2) fills up to 256 bytes whole, once the kernel's generator is ready.
template <class Value>
Value drawn() {
  Value value{};
  if (getrandom(value.data(), sizeof(value), 0) != static_cast<ssize_t>(sizeof(value))) {
    throw std::system_error(errno, std::generic_category(), "getrandom");
  }
  return value;
}

}  // namespace

Seed draw_seed() { return drawn<Seed>(); }
HashKey draw_key() { return drawn<HashKey>(); }

}  // namespace intermediary
