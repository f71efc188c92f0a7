// A regular expression that somebody has configured. RE2: the time of a search grows with its subject alone, whatever
// the expression (docs/security.md).
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace intermediary {

class Pattern {
 public:
  // The error is one line for people: what is wrong, and with what part.
  static std::expected<Pattern, std::string> compile(std::string_view text);

  // Anywhere in the subject, unless the expression says ^ or $. The subject is any bytes.
  bool found_in(std::string_view subject) const;
  const std::string& text() const { return text_; }

  // Its text says all (base/archive.h). Written only.
  template <class Archive>
  void transfer(Archive& archive) {
    static_assert(!Archive::reads);
    archive(text_);
  }

  // The same text: the same expression.
  friend bool operator==(const Pattern& a, const Pattern& b) { return a.text_ == b.text_; }

 private:
  Pattern() = default;
  std::string text_;
  std::shared_ptr<const re2::RE2> expression_;  // immutable, and so shared by copies
};

}  // namespace intermediary
