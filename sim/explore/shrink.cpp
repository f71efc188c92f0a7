#include "sim/explore/shrink.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/text.h"
#include "sim/scenario.h"
#include "sim/scenario_text.h"

namespace intermediary::sim {
namespace {

using Lines = std::vector<std::string>;

std::string joined(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

Lines words_of(std::string_view line) {
  Lines words;
  while (!line.empty()) {
    const std::size_t begin = line.find_first_not_of(" \t\n");
    if (begin == std::string_view::npos) break;
    line.remove_prefix(begin);
    const std::size_t end = line.find_first_of(" \t\n");
    words.emplace_back(line.substr(0, end));
    line.remove_prefix(end == std::string_view::npos ? line.size() : end);
  }
  return words;
}

std::string line_of(const Lines& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

bool is_inhabitant(const Lines& words) {
  return words.size() > 1 && (words[0] == "node" || words[0] == "party" || words[0] == "auto");
}

// "ann", "ann,", "ann;q=0.5", "registers=ann", "sip:ann@example.com" all speak of ann.
bool speaks_of(std::string_view word, std::string_view name) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  for (std::size_t at = word.find(name); at != std::string_view::npos; at = word.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    const bool begins = at == 0 || letters.find(word[at - 1]) == std::string_view::npos;
    const bool ends = end == word.size() || letters.find(word[end]) == std::string_view::npos;
    if (begins && ends) return true;
  }
  return false;
}

// The line without what it says of `name`: entries of a comma list go one by one; anything else goes as a whole.
std::optional<std::string> without_name(const std::string& line, const std::string& name) {
  const Lines words = words_of(line);
  if (std::ranges::none_of(words, [&](const std::string& word) { return speaks_of(word, name); })) return line;
  const auto equals = std::ranges::find(words, "=");
  if (equals == words.end()) return std::nullopt;
  Lines kept(words.begin(), equals + 1);
  if (std::ranges::any_of(kept, [&](const std::string& word) { return speaks_of(word, name); })) return std::nullopt;
  for (auto word = equals + 1; word != words.end(); ++word) {
    if (!speaks_of(*word, name)) kept.push_back(*word);
  }
  if (kept.back() == "=") return std::nullopt;
  if (kept.back().ends_with(',')) kept.back().pop_back();
  return line_of(kept);
}

// A number with its unit, and simpler ones, simplest first. Simpler is shorter, or zero, so that there is an end; and
// none is larger than the next whole number.
Lines simpler_values(std::string_view value) {
  const std::size_t digits = value.find_first_not_of("0123456789.");
  const std::string_view number = value.substr(0, digits);
  const std::string_view unit = digits == std::string_view::npos ? std::string_view() : value.substr(digits);
  constexpr std::string_view units[] = {"", "us", "ms", "s", "m", "h", "%"};
  if (number.empty() || std::ranges::find(units, unit) == std::end(units)) return {};
  Lines found;
  const auto offer = [&](std::string text) {
    const bool is_zero = text == "0" && number != "0";
    text += unit;
    if ((is_zero || text.size() < value.size()) && std::ranges::find(found, text) == found.end())
      found.push_back(std::move(text));
  };
  const std::string whole(number.substr(0, number.find('.')));
  const auto size = parse_decimal<std::uint64_t>(whole);
  if (!size) return {};
  for (const std::uint64_t round : {0, 1, 10, 100}) {
    if (round <= *size) offer(std::to_string(round));
  }
  offer(whole);
  offer(std::to_string(*size + 1));
  if (const std::size_t point = number.find('.'); point != std::string_view::npos) {
    offer(std::string(number.substr(0, point + 2)));
    offer(std::string(number.substr(0, point + 3)));
  }
  return found;
}

// The word with a simpler value; a word is "12.5", "loss=12.5%", "ben;q=0.5,".
Lines simpler_words(const std::string& word) {
  Lines found;
  std::string_view end = word.ends_with(',') ? "," : "";
  const std::string_view body = std::string_view(word).substr(0, word.size() - end.size());
  if (const std::size_t semicolon = body.find(';'); semicolon != std::string_view::npos && semicolon > 0) {
    found.push_back(std::string(body.substr(0, semicolon)) + std::string(end));
  }
  const std::size_t equals = body.find('=');
  const std::size_t value = equals == std::string_view::npos ? 0 : equals + 1;
  for (const std::string& simpler : simpler_values(body.substr(value))) {
    found.push_back(std::string(body.substr(0, value)) + simpler + std::string(end));
  }
  return found;
}

class Shrinker {
 public:
  Shrinker(const std::string& text, const Fails& fails, std::size_t most_runs)
      : lines_(scenario_lines(text)), fails_(fails), most_runs_(most_runs) {
    // Comments are gone, which changes nothing; but who knows.
    if (!fails_(joined(lines_))) unshrinkable_ = text;
  }

  Shrunk run() {
    if (unshrinkable_) return {*unshrinkable_, 1, false};
    bool changed = true;
    while (changed && asked_ < most_runs_) {
      changed = false;
      changed |= remove_inhabitants();
      changed |= remove_lots();
      changed |= remove_words();
      changed |= simplify_words();
    }
    return {joined(lines_), asked_, !changed};
  }

 private:
  // Takes the candidate where it still fails.
  bool accepts(Lines candidate) {
    if (candidate == lines_ || asked_ >= most_runs_) return false;
    const std::string text = joined(candidate);
    if (!tried_.insert(text).second) return false;
    if (!parse_scenario("", text)) return false;
    ++asked_;
    if (!fails_(text)) return false;
    lines_ = std::move(candidate);
    return true;
  }

  bool remove_inhabitants() {
    bool changed = false;
    Lines names;
    for (const std::string& line : lines_) {
      if (const Lines words = words_of(line); is_inhabitant(words)) names.push_back(words[1]);
    }
    for (const std::string& name : names) {
      Lines candidate;
      for (const std::string& line : lines_) {
        if (auto kept = without_name(line, name)) candidate.push_back(*std::move(kept));
      }
      changed |= accepts(std::move(candidate));
    }
    return changed;
  }

  // Halves, quarters, … single lines.
  bool remove_lots() {
    bool changed = false;
    for (std::size_t size = std::max<std::size_t>(lines_.size() / 2, 1); size > 0; size /= 2) {
      for (std::size_t begin = 0; begin < lines_.size();) {
        Lines candidate = lines_;
        const auto first = candidate.begin() + static_cast<std::ptrdiff_t>(begin);
        candidate.erase(first, first + static_cast<std::ptrdiff_t>(std::min(size, lines_.size() - begin)));
        if (accepts(std::move(candidate))) {
          changed = true;
        } else {
          begin += size;
        }
      }
    }
    return changed;
  }

  bool accepts_line(std::size_t index, std::string line) {
    Lines candidate = lines_;
    candidate[index] = std::move(line);
    return accepts(std::move(candidate));
  }

  bool can_be_taken_apart(std::size_t index) const {
    return lines_[index].find('\n') == std::string::npos && lines_[index].find("\"\"\"") == std::string::npos;
  }

  // One word, or two that belong together ("for 5s"), behind the first.
  bool remove_words() {
    bool changed = false;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (!can_be_taken_apart(i)) continue;
      for (const std::size_t count : {1u, 2u}) {
        for (std::size_t at = words_of(lines_[i]).size(); at-- > 1;) {
          Lines words = words_of(lines_[i]);
          if (at + count > words.size()) continue;
          const auto first = words.begin() + static_cast<std::ptrdiff_t>(at);
          words.erase(first, first + static_cast<std::ptrdiff_t>(count));
          if (words.back().ends_with(',')) words.back().pop_back();
          changed |= accepts_line(i, line_of(words));
        }
      }
    }
    return changed;
  }

  bool simplify_words() {
    bool changed = false;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (!can_be_taken_apart(i)) continue;
      const std::size_t count = words_of(lines_[i]).size();
      for (std::size_t at = 0; at < count; ++at) {
        const Lines words = words_of(lines_[i]);
        for (const std::string& simpler : simpler_words(words[at])) {
          Lines candidate = words;
          candidate[at] = simpler;
          if (!accepts_line(i, line_of(candidate))) continue;
          changed = true;
          break;
        }
      }
    }
    return changed;
  }

  Lines lines_;
  const Fails& fails_;
  std::size_t most_runs_;
  std::size_t asked_ = 0;
  std::set<std::string> tried_;
  std::optional<std::string> unshrinkable_;
};

}  // namespace

std::vector<std::string> scenario_lines(std::string_view text) {
  Lines lines;
  bool in_block = false;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!in_block && line.starts_with("----")) break;
    const std::string_view said = trim(line);
    if (!in_block && (said.empty() || said.front() == '#')) continue;
    if ((in_block || is_space(line.front())) && !lines.empty()) {
      lines.back().append("\n").append(line);
    } else {
      lines.emplace_back(line);
    }
    for (std::size_t at = line.find("\"\"\""); at != std::string_view::npos; at = line.find("\"\"\"", at + 3)) {
      in_block = !in_block;
    }
  }
  return lines;
}

Shrunk shrink(const std::string& text, const Fails& fails, std::size_t most_runs) {
  return Shrinker(text, fails, most_runs).run();
}

}  // namespace intermediary::sim
