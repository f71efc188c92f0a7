#include "base/pattern.h"

#include <re2/re2.h>

namespace intermediary {

namespace {

constexpr std::size_t longest_pattern = 1024;
constexpr std::int64_t pattern_memory = 1 << 20;  // of the compiled expression with its caches

}  // namespace

std::expected<Pattern, std::string> Pattern::compile(std::string_view text) { return compile(text, Dialect{}); }

std::expected<Pattern, std::string> Pattern::compile_posix(std::string_view text, bool ignores_case) {
  return compile(text, Dialect{true, ignores_case});
}

std::expected<Pattern, std::string> Pattern::compile(std::string_view text, Dialect dialect) {
  if (text.size() > longest_pattern) return std::unexpected("it is longer than 1024 bytes");
  re2::RE2::Options options(re2::RE2::Latin1);  // bytes, for that is what messages are
  options.set_log_errors(false);
  options.set_max_mem(pattern_memory);
  options.set_posix_syntax(dialect.posix);
  options.set_longest_match(dialect.posix);
  options.set_case_sensitive(!dialect.ignores_case);
  Pattern pattern;
  pattern.text_ = text;
  pattern.expression_ = std::make_shared<const re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!pattern.expression_->ok()) return std::unexpected(pattern.expression_->error());
  return pattern;
}

bool Pattern::found_in(std::string_view subject) const {
  return re2::RE2::PartialMatch(re2::StringPiece(subject.data(), subject.size()), *expression_);
}

std::optional<std::string> Pattern::replaced(std::string_view subject, std::string_view with) const {
  std::string text(subject);
  if (!re2::RE2::Replace(&text, *expression_, re2::StringPiece(with.data(), with.size()))) return std::nullopt;
  return text;
}

std::string Pattern::problem_with(std::string_view with) const {
  std::string error;
  const bool good = expression_->CheckRewriteString(re2::StringPiece(with.data(), with.size()), &error);
  return good ? std::string() : error;
}

}  // namespace intermediary
