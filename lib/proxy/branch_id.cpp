#include "proxy/branch_id.h"

#include "base/text.h"
#include "message/values.h"

namespace intermediary {

namespace {

constexpr std::string_view cookie = "z9hG4bK";
constexpr std::size_t token_characters = 16;  // 80 random bits
constexpr std::size_t hash_characters = 16;

constexpr std::uint64_t bit(FieldName name) { return std::uint64_t{1} << static_cast<unsigned>(name); }
constexpr std::uint64_t deciding = bit(FieldName::Route) | bit(FieldName::ProxyRequire) |
                                   bit(FieldName::ProxyAuthorization) | bit(FieldName::AcceptContact) |
                                   bit(FieldName::RejectContact) | bit(FieldName::RequestDisposition);
bool decides_the_way(FieldName name) { return (deciding & bit(name)) != 0; }

}  // namespace

HexText loop_hash(const HashKey& key, const Message& request, std::string_view source) {
  KeyedHash hash(key);
  hash.field("loop").field(request.request_uri()).field(source);
  for (const Field& field : request.fields()) {
    if (decides_the_way(field.name)) hash.field(request.value(field));
  }
  hash.field(request.call_id()).field(request.from_tag()).field(request.to_tag()).number(request.cseq().number);
  return HexText(hash.finish());
}

std::string stateful_branch(RandomSource& random, std::string_view loop_hash) {
  std::string branch;
  branch.reserve(cookie.size() + token_characters + 1 + hash_characters);
  branch += cookie;
  branch += random.token(token_characters);
  branch += '.';
  branch += loop_hash;
  return branch;
}

std::string_view loop_part(std::string_view branch) {
  const std::size_t dot = cookie.size() + token_characters;
  if (branch.size() != dot + 1 + hash_characters || branch[dot] != '.') return {};
  return branch.substr(dot + 1);
}

std::string_view loop_part_of_via(std::string_view via) {
  constexpr std::size_t whole = cookie.size() + token_characters + 1 + hash_characters;
  const std::size_t at = via.find(cookie);
  return at == std::string_view::npos ? std::string_view() : loop_part(via.substr(at, whole));
}

std::string stateless_branch(const HashKey& key, const StatelessKey& fields) {
  KeyedHash hash(key);
  hash.field("stateless")
      .field(fields.via_branch)
      .field(lowercase(fields.via_host))
      .number(fields.via_port.value_or(0));
  hash.field(fields.call_id).field(fields.from_tag).number(fields.cseq);
  std::string branch;
  branch.reserve(cookie.size() + 1 + hash_characters);
  branch.append(cookie).append("s");
  append_hex(branch, hash.finish());
  return branch;
}

bool is_stateless_branch(std::string_view branch) {
  return branch.size() == cookie.size() + 1 + hash_characters && branch.starts_with("z9hG4bKs");
}

HexText way_back_proof(const HashKey& key, std::string_view branch, const WayBack& way) {
  KeyedHash hash(key);
  hash.field("way back").field(branch).field(way.received).field(way.maddr);
  hash.number(way.transport ? static_cast<std::uint64_t>(*way.transport) + 1 : 0);
  hash.number(way.rport.value_or(0)).number(way.listener.value).number(way.flow.value);
  return HexText(hash.finish());
}

HexText dialog_mark(const HashKey& key, std::string_view call_id, std::string_view tag) {
  return HexText(KeyedHash(key).field("dialog").field(call_id).field(tag).finish());
}

}  // namespace intermediary
