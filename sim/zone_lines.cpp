#include "sim/zone_lines.h"

#include <array>
#include <map>
#include <ranges>

#include "base/text.h"
#include "sim/node_options.h"

namespace intermediary::sim {
namespace {

std::string name_of(const Piece& piece) {
  std::string_view text = piece.text;
  if (text.size() > 1 && text.ends_with('.')) text.remove_suffix(1);
  return lowercase(text);
}

std::optional<DnsType> type_of(const Piece& piece) {
  static const std::map<std::string, DnsType, std::less<>> types{
      {"A", DnsType::A}, {"AAAA", DnsType::Aaaa}, {"SRV", DnsType::Srv}, {"NAPTR", DnsType::Naptr}};
  if (piece.text == "*") return std::nullopt;
  const auto found = types.find(piece.text);
  if (found == types.end()) unknown(piece, "a type of records", {"A", "AAAA", "SRV", "NAPTR", "*"});
  return found->second;
}

// The words of one record.
class Fields {
 public:
  Fields(std::string_view text, Place place, std::string_view form) : place_(place), form_(form) {
    for (const auto word : text | std::views::split(' ')) {
      if (!word.empty()) words_.emplace_back(word.begin(), word.end());
    }
  }
  std::string text() {
    if (next_ == words_.size()) refuse();
    return words_[next_++];
  }
  // `""` stands for nothing.
  std::string text_or_nothing() {
    std::string word = text();
    return word == "\"\"" ? std::string() : word;
  }
  std::string name() { return name_of({text(), place_}); }
  std::uint16_t number() {
    const auto value = parse_decimal<std::uint16_t>(text());
    if (!value) refuse();
    return *value;
  }
  IpAddress address(IpAddress::Family family) {
    const auto address = IpAddress::parse(text());
    if (!address || address->family() != family) refuse();
    return *address;
  }
  std::size_t left() const { return words_.size() - next_; }
  void end() const {
    if (next_ < words_.size()) refuse();
  }

 private:
  [[noreturn]] void refuse() const { throw Wrong{place_, "expected " + std::string(form_)}; }

  std::vector<std::string> words_;
  std::size_t next_ = 0;
  Place place_;
  std::string_view form_;
};

DnsRecord record_of(DnsType type, std::string_view text, Place place) {
  switch (type) {
    case DnsType::A:
    case DnsType::Aaaa: {
      const bool v4 = type == DnsType::A;
      Fields fields(text, place, v4 ? "an IPv4 address" : "an IPv6 address");
      const IpAddress address = fields.address(v4 ? IpAddress::Family::V4 : IpAddress::Family::V6);
      fields.end();
      return address;
    }
    case DnsType::Srv: {
      Fields fields(text, place, "PRIORITY WEIGHT PORT TARGET");
      SrvRecord srv;
      srv.priority = fields.number();
      srv.weight = fields.number();
      srv.port = fields.number();
      srv.target = fields.name();
      fields.end();
      return srv;
    }
    case DnsType::Naptr: {
      Fields fields(text, place, "ORDER PREFERENCE FLAGS SERVICE [REGEXP] REPLACEMENT");
      NaptrRecord naptr;
      naptr.order = fields.number();
      naptr.preference = fields.number();
      naptr.flags = fields.text_or_nothing();
      naptr.service = fields.text_or_nothing();
      if (fields.left() > 1) naptr.regexp = fields.text_or_nothing();
      naptr.replacement = fields.name();
      fields.end();
      return naptr;
    }
  }
  return {};
}

std::optional<ZoneChange::Kind> trouble_of(std::string_view word) {
  static const std::map<std::string, ZoneChange::Kind, std::less<>> kinds{{"none", ZoneChange::Kind::None},
                                                                          {"fails", ZoneChange::Kind::Fails},
                                                                          {"times-out", ZoneChange::Kind::TimesOut},
                                                                          {"answers", ZoneChange::Kind::Answers}};
  const auto found = kinds.find(word);
  return found == kinds.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

ZoneChange read_zone_change(Words& words) {
  ZoneChange change;
  change.name = name_of(words.next("a name or '*'"));
  const Piece type = words.next("A, AAAA, SRV, NAPTR or '*'");
  change.type = type_of(type);
  const Place place = type.place;
  std::string records;
  bool in_trouble = false;
  OptionsOnce options;
  while (auto word = words.next_if_any()) {
    const std::string_view text = word->text;
    if (text.starts_with("ttl=")) {
      options.add(*word);
      change.ttl =
          std::chrono::duration_cast<std::chrono::seconds>(duration_of({std::string(text.substr(4)), word->place}));
    } else if (text.starts_with("after=")) {
      options.add(*word);
      change.after = duration_of({std::string(text.substr(6)), word->place});
    } else if (const auto trouble = trouble_of(text)) {
      if (in_trouble) wrong(*word, "one of none, fails, times-out, answers, and this is another");
      change.kind = *trouble;
      in_trouble = true;
    } else {
      records.append(text).append(" ");
    }
  }
  const bool for_one = change.name != "*" && change.type;
  if (in_trouble ? !records.empty() : (records.empty() || !for_one)) {
    throw Wrong{place, for_one ? "expected records, or one of none, fails, times-out, answers"
                               : "expected none, fails, times-out or answers: '*' has no records"};
  }
  if (!in_trouble) {
    for (const std::string& record : parse_list(records)) {
      change.records.push_back(record_of(*change.type, record, place));
    }
  }
  return change;
}

}  // namespace intermediary::sim
