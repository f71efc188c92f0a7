// The name that a TLS peer's certificate must cover: the domain that a next hop was looked up for (RFC 5922 §7.2), in
// lower case.
//
// Most hops have none, and hops are copied often: a pointer to a text that never changes, compared by the text.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <compare>
#include <string>
#include <string_view>
#include <utility>

namespace intermediary {

class ServerName {
 public:
  ServerName() = default;
  // "" is the same as none.
  explicit ServerName(std::string_view name) {
    if (!name.empty()) text_ = new Text(std::string(name));
  }

  std::string_view view() const { return text_ ? std::string_view(text_->name) : std::string_view(); }
  bool empty() const { return !text_; }

  friend bool operator==(const ServerName& a, const ServerName& b) { return a.view() == b.view(); }
  friend std::strong_ordering operator<=>(const ServerName& a, const ServerName& b) { return a.view() <=> b.view(); }

 private:
  struct Text : boost::intrusive_ref_counter<Text, boost::thread_unsafe_counter> {
    explicit Text(std::string text) : name(std::move(text)) {}
    std::string name;
  };
  boost::intrusive_ptr<const Text> text_;
};

}  // namespace intermediary
