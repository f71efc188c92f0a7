#include "message/sofia.h"

#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_protos.h>
#include <sofia-sip/su_alloc.h>
#include <sofia-sip/url.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

#include "base/limits.h"
#include "message/lines.h"

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

// A header value's own copy to be cut up, and the memory for its parameter list, both on the stack.
class Workplace {
 public:
  explicit Workplace(std::string_view value) : size_(value.size()) {
    assert(size_ <= limit::line_bytes);
    std::memcpy(text_.data(), value.data(), size_);
    text_[size_] = '\0';
    hide_control_characters();
    home_ = su_home_auto(memory_.data(), sizeof memory_);
  }
  ~Workplace() { su_home_deinit(home_); }
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;

  void stand_in_for_uri(std::size_t begin, std::size_t size) {
    assert(size >= 3 && begin + size <= size_);
    std::fill_n(text_.data() + begin, size, 'x');
    text_[begin + 1] = ':';
  }

  // The header is one of sofia-sip's structures for that class.
  bool parse(msg_hclass_t* header_class, sip_header_t& header) {
    std::memset(&header, 0, sizeof header);
    header.sh_common->h_class = header_class;
    auto* any = reinterpret_cast<msg_header_t*>(&header);  // the C library's name for a header of any protocol
    return header_class->hc_parse(home_, any, text_.data(), static_cast<isize_t>(size_)) >= 0;
  }

 private:
  // One that is left stands escaped in a quoted-string. To sofia-sip it would end or break the text.
  void hide_control_characters() {
    char* const end = text_.data() + size_;
    for (char* at = text_.data(); (at += find_control(at, end) - at) != end; ++at) {
      if (*at != '\t') *at = '?';
    }
  }

  std::size_t size_;
  std::array<char, limit::line_bytes + 1> text_;
  std::array<su_home_t, SU_HOME_AUTO_SIZE(2048)> memory_;
  su_home_t* home_ = nullptr;
};

// From sofia-sip's list of "name" and "name=value".
Parameters read_parameters(const msg_param_t* list) {
  Parameters parameters;
  for (; list != nullptr && *list != nullptr; ++list) {
    const std::string_view text = *list;
    const auto equals = text.find('=');
    auto& parameter = parameters.all.emplace_back();
    parameter.name = text.substr(0, equals);
    if (equals != std::string_view::npos) parameter.value = text.substr(equals + 1);
  }
  return parameters;
}

}  // namespace

std::optional<UrlParts> split_url(std::string_view text) {
  assert(text.size() <= limit::uri_bytes);
  std::array<char, limit::uri_bytes + 1> copy;
  std::memcpy(copy.data(), text.data(), text.size());
  copy[text.size()] = '\0';
  if (text.contains('%')) {  // url_d would undo escapes, and refuse a '#' in the user that it takes without them
    const auto at = text.find('@');
    std::replace(copy.data(), copy.data() + text.size(), '%', 'x');
    std::replace(copy.data(), copy.data() + (at == std::string_view::npos ? 0 : at), '#', 'x');
  }
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

std::optional<Parameters> name_address_parameters(std::string_view value, std::string_view uri) {
  Workplace workplace(value);
  workplace.stand_in_for_uri(static_cast<std::size_t>(uri.data() - value.data()), uri.size());
  sip_header_t header;
  if (!workplace.parse(sip_from_class, header)) return std::nullopt;
  return read_parameters(header.sh_from->a_params);
}

std::optional<ViaParts> split_via(std::string_view value) {
  Workplace workplace(value);
  sip_header_t header;
  if (!workplace.parse(sip_via_class, header)) return std::nullopt;
  const sip_via_t& via = *header.sh_via;
  ViaParts parts{via.v_protocol, via.v_host, std::nullopt, read_parameters(via.v_params)};
  if (via.v_port != nullptr) parts.port = via.v_port;
  return parts;
}

}  // namespace intermediary::sofia
