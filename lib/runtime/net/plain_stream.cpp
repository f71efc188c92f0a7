#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "runtime/net/byte_stream.h"

namespace intermediary {
namespace {

constexpr std::size_t gathered_pieces = 16;  // written with one system call

IoResult result_of(ssize_t count, IoResult::Status in_the_way) {
  if (count >= 0) return {IoResult::Status::Done, static_cast<std::size_t>(count)};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {in_the_way};
  return {IoResult::Status::Failed, 0, std::generic_category().message(errno)};
}

class PlainStream : public ByteStream {
 public:
  explicit PlainStream(int descriptor) : descriptor_(descriptor) {}

  IoResult read(std::span<char> target) override {
    const ssize_t count = recv(descriptor_, target.data(), target.size(), 0);
    if (count == 0) return {IoResult::Status::Closed};
    return result_of(count, IoResult::Status::WantsRead);
  }

  IoResult write(std::span<const std::string_view> pieces) override {
    std::array<iovec, gathered_pieces> vectors{};
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = std::min(pieces.size(), vectors.size());
    for (std::size_t i = 0; i < message.msg_iovlen; ++i) {
      vectors[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
    }
    return result_of(sendmsg(descriptor_, &message, MSG_NOSIGNAL), IoResult::Status::WantsWrite);
  }

 private:
  int descriptor_;
};

}  // namespace

std::unique_ptr<ByteStream> make_plain_stream(int descriptor) { return std::make_unique<PlainStream>(descriptor); }

}  // namespace intermediary
