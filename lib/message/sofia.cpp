#include "message/sofia.h"

#include <sofia-sip/url.h>

#include <array>
#include <cassert>
#include <cstring>

#include "base/limits.h"

namespace intermediary::sofia {
namespace {

// Turns pointers into a copy back into views of the original. Parts are asked for from the last to the first, for each
// ends where the delimiter before the next one stands.
class PartFinder {
 public:
  PartFinder(std::string_view original, const char* copy) : original_(original), copy_(copy), end_(original.size()) {}

  std::optional<std::string_view> before(const char* part) {
    if (part == nullptr) return std::nullopt;
    const auto begin = static_cast<std::size_t>(part - copy_);
    const auto view = original_.substr(begin, end_ - begin);
    end_ = begin - 1;  // a scheme and its colon stand before the first part
    return view;
  }

 private:
  std::string_view original_;
  const char* copy_;
  std::size_t end_;
};

}  // namespace

std::optional<UrlParts> split_url(std::string_view text) {
  assert(text.size() <= limit::uri_bytes);
  std::array<char, limit::uri_bytes + 1> copy;
  std::memcpy(copy.data(), text.data(), text.size());
  copy[text.size()] = '\0';
  url_t url;
  if (url_d(&url, copy.data()) < 0) return std::nullopt;
  PartFinder find(text, copy.data());
  UrlParts parts;
  parts.fragment = find.before(url.url_fragment);
  parts.headers = find.before(url.url_headers);
  parts.parameters = find.before(url.url_params);
  parts.path = find.before(url.url_path);
  parts.port = find.before(url.url_port);
  parts.host = find.before(url.url_host);
  parts.password = find.before(url.url_password);
  parts.user = find.before(url.url_user);
  return parts;
}

}  // namespace intermediary::sofia
