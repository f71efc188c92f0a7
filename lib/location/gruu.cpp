#include "location/gruu.h"

#include "base/base64url.h"
#include "base/instance.h"
#include "base/limits.h"
#include "base/text.h"

namespace intermediary {
namespace {

// The user part of a temporary GRUU: this, and then base64url of
//   8 octets: a hash of all that it was made from, which is different for each
//   the contents, hidden under that hash
//   8 octets: a proof over both
// and the contents are 4 octets epoch, 8 octets hash of the instance, 2 octets length of the address of record, the
// address of record, and zeros up to a multiple of 16.
constexpr std::string_view prefix = "tgruu.";
constexpr std::size_t word = 8;
constexpr std::size_t before_address = 4 + word + 2;
constexpr std::size_t grain = 16;  // so that the length says little of whose it is

std::uint64_t hash_of_instance(const HashKey& key, std::string_view instance) {
  return KeyedHash(key).field("gruu instance").field(lowercase(instance)).finish();
}

// Hides and shows: each word of the contents with a word that nobody can know without the key.
std::string veiled(const HashKey& key, std::string_view salt, std::string_view contents) {
  std::string result;
  for (std::size_t at = 0; at < contents.size(); at += word) {
    const std::string_view piece = contents.substr(at, word);
    const std::uint64_t veil = KeyedHash(key).field("gruu veil").field(salt).number(at).finish();
    append_number(result, read_number(piece) ^ veil >> 8 * (word - piece.size()), piece.size());
  }
  return result;
}

std::string proof_of(const HashKey& key, std::string_view sealed) {
  std::string proof;
  append_number(proof, KeyedHash(key).field("gruu proof").field(sealed).finish(), word);
  return proof;
}

constexpr bool may_stand_in_a_parameter(char c) {
  return is_alpha(c) || is_digit(c) || std::string_view("-_.!~*'()[]/:&+$%").contains(c);
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// An instance is made of uric, which a parameter takes with a few escapes (RFC 3261 §25.1).
std::string escaped(std::string_view instance) {
  std::string text;
  for (const char c : instance) {
    if (may_stand_in_a_parameter(c)) {
      text += c;
    } else {
      const auto octet = static_cast<std::uint8_t>(c);
      text.append("%").append(1, "0123456789ABCDEF"[octet >> 4]).append(1, "0123456789ABCDEF"[octet & 0xf]);
    }
  }
  return text;
}

std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0;
    plain += escape ? static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  return plain;
}

// "sip:" or "sips:" and what stands behind the '@'.
std::string with_user(std::string_view address_of_record, std::string_view user) {
  const std::size_t colon = address_of_record.find(':');
  const std::size_t at = address_of_record.rfind('@');
  std::string uri(address_of_record.substr(0, colon + 1));
  uri.append(user).append(address_of_record.substr(at));
  return uri;
}

std::optional<Gruu> read_temporary(const HashKey& key, const Uri& uri) {
  if (!uri.user.starts_with(prefix)) return std::nullopt;
  const auto bytes = from_base64url(std::string_view(uri.user).substr(prefix.size()));
  if (!bytes || bytes->size() < word + before_address + word) return std::nullopt;
  const std::string_view sealed = std::string_view(*bytes).substr(0, bytes->size() - word);
  if (proof_of(key, sealed) != std::string_view(*bytes).substr(sealed.size())) return std::nullopt;
  const std::string contents = veiled(key, sealed.substr(0, word), sealed.substr(word));
  Gruu gruu;
  gruu.epoch = static_cast<std::uint32_t>(read_number(std::string_view(contents).substr(0, 4)));
  gruu.instance_hash = read_number(std::string_view(contents).substr(4, word));
  gruu.address_of_record = contents.substr(before_address, read_number(std::string_view(contents).substr(12, 2)));
  // Whoever changed the host makes it another's.
  const bool whole = gruu.epoch != 0 && address_of_record(uri) == with_user(gruu.address_of_record, uri.user);
  return whole ? std::optional(std::move(gruu)) : std::nullopt;
}

}  // namespace

std::string public_gruu(std::string_view address_of_record, std::string_view instance) {
  return std::string(address_of_record) + ";" + std::string(gruu_parameter) + "=" + escaped(instance);
}

std::optional<std::string> temporary_gruu(const HashKey& key, std::string_view address_of_record,
                                          const Binding& binding) {
  if (address_of_record.size() > limit::temporary_gruu_bytes) return std::nullopt;
  std::string contents;
  append_number(contents, binding.gruu_epoch, 4);
  append_number(contents, hash_of_instance(key, binding.instance()), word);
  append_number(contents, address_of_record.size(), 2);
  contents += address_of_record;
  contents.resize((contents.size() + grain - 1) / grain * grain);
  KeyedHash salt(key);
  salt.field("gruu salt").field(contents).field(binding.call_id).number(binding.cseq).number(binding.id.value);
  std::string sealed;
  append_number(sealed, salt.finish(), word);
  sealed += veiled(key, sealed, contents);
  sealed += proof_of(key, sealed);
  return with_user(address_of_record, std::string(prefix) + to_base64url(sealed)) + ";" + std::string(gruu_parameter);
}

std::optional<Gruu> read_gruu(const HashKey& key, const Uri& uri) {
  const std::string_view instance = uri.parameter(gruu_parameter).value_or("");
  if (instance.empty()) return read_temporary(key, uri);
  return Gruu{address_of_record(uri), unescaped(instance), 0, 0};
}

bool is_meant(const HashKey& key, const Gruu& gruu, const Binding& binding) {
  const std::string_view instance = binding.instance();
  if (instance.empty()) return false;
  if (!gruu.is_temporary()) return is_same_instance(unescaped(instance), gruu.instance);
  return binding.gruu_epoch == gruu.epoch && hash_of_instance(key, instance) == gruu.instance_hash;
}

}  // namespace intermediary
