// A regular expression that somebody has configured. RE2: the time of a search grows with its subject alone, whatever
// the expression (docs/security.md).
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace intermediary {

class Pattern {
 public:
  Pattern() = default;  // found nowhere: to be read into
  // The error is one line for people: what is wrong, and with what part.
  static std::expected<Pattern, std::string> compile(std::string_view text);

  // A POSIX Extended Regular Expression, of which the longest match counts. It is for its moment: neither saved nor
  // compared.
  static std::expected<Pattern, std::string> compile_posix(std::string_view text, bool ignores_case);

  // Anywhere in the subject, unless the expression says ^ or $. The subject is any bytes.
  bool found_in(std::string_view subject) const;
  // What is found, replaced: "\1" to "\9" in `with` are its groups, "\0" all of it. nullopt: it is not found, or
  // `with` names a group that there is not.
  std::optional<std::string> replaced(std::string_view subject, std::string_view with) const;
  // What is wrong with such a `with`; "" when nothing is.
  std::string problem_with(std::string_view with) const;
  const std::string& text() const { return text_; }

  // Its text says all (base/archive.h).
  template <class Archive>
  void transfer(Archive& archive) {
    archive(text_);
    if constexpr (Archive::reads) {
      auto again = compile(text_);
      if (!again) return archive.fail("no regular expression");
      *this = *std::move(again);
    }
  }

  // The same text: the same expression.
  friend bool operator==(const Pattern& a, const Pattern& b) { return a.text_ == b.text_; }

 private:
  struct Dialect {
    bool posix = false;
    bool ignores_case = false;
  };
  static std::expected<Pattern, std::string> compile(std::string_view text, Dialect dialect);

  std::string text_;
  std::shared_ptr<const re2::RE2> expression_;  // immutable, and so shared by copies
};

}  // namespace intermediary
