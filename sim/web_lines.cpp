#include "sim/web_lines.h"

#include "base/text.h"

namespace intermediary::sim {
namespace {

constexpr std::string_view engine_prefix = "engine:";

std::string resource_of(const Piece& piece) {
  if (piece.text.starts_with(engine_prefix) && is_name(piece.text.substr(engine_prefix.size()))) return piece.text;
  const auto url = HttpUrl::parse(piece.text);
  if (!url) throw Wrong{piece.place, "expected a URL or engine:NAME: " + url.error()};
  return url->to_string();
}

int status_of(const Piece& value) {
  const auto status = parse_decimal<std::uint16_t>(value.text);
  if (!status || *status < 200 || *status > 599) wrong(value, "a status from 200 to 599");
  return *status;
}

// What goes wrong instead of an answer.
std::optional<HttpFailure> failure_of(std::string_view word) {
  if (word == "refuses") return HttpFailure{HttpFailure::Kind::Unreachable, "no connection"};
  if (word == "untrusted") return HttpFailure{HttpFailure::Kind::Untrusted, "its certificate is not for it"};
  if (word == "times-out") return HttpFailure{HttpFailure::Kind::TimedOut, "no answer in time"};
  return std::nullopt;
}

}  // namespace

WebChange read_web_change(Words& words, const std::deque<Block>& blocks) {
  const Piece resource = words.next("a URL or engine:NAME");
  WebChange change{.url = resource_of(resource)};
  HttpAnswer answer{200, "application/json"};
  bool answers = false;
  OptionsOnce options;
  Place place = resource.place;
  while (const auto next = words.next_if_any()) {
    const Piece& word = *next;
    place = word.place;
    if (word.text.starts_with('{') || word.text.starts_with('[')) {
      const std::string rest = words.rest().text;
      answer.body = trim(word.text + ' ' + rest);
      answers = true;
      break;
    }
    if (word.text == "\"\"\"" && !blocks.empty() && answer.body.empty()) {
      answer.body = blocks.front().text;
      answers = true;
      continue;
    }
    options.add(word);
    const std::size_t equals = word.text.find('=');
    const std::string key = word.text.substr(0, equals);
    const Piece value{equals == std::string::npos ? "" : word.text.substr(equals + 1), word.place};
    if (const auto failure = failure_of(word.text)) {
      change.result = std::unexpected(*failure);
      // As long as anybody waits.
      if (failure->kind == HttpFailure::Kind::TimedOut) change.after = std::chrono::hours(1);
    } else if (key == "after") {
      change.after = duration_of(value);
    } else if (key == "status") {
      answer.status = status_of(value);
      answers = true;
    } else if (key == "type") {
      answer.content_type = lowercase(value.text);
      answers = true;
    } else if (key == "max-age") {
      answer.max_age = std::chrono::duration_cast<std::chrono::seconds>(duration_of(value));
      answers = true;
    } else {
      unknown_option(word, "what the server does",
                     {"after", "status", "type", "max-age", "refuses", "untrusted", "times-out"});
    }
  }
  if (answers && change.result) throw Wrong{place, "a server that fails answers nothing"};
  if (answers) change.result = std::move(answer);
  if (!change.result && change.after == Duration{0})
    throw Wrong{place, "expected what the server answers, after= or refuses"};
  return change;
}

}  // namespace intermediary::sim
