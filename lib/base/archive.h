// Values as bytes, and bytes as values again: one description of a type serves both directions.
//
//   std::string bytes;                       ArchiveReader archive(bytes);
//   ArchiveWriter archive;                   archive(table, count);
//   archive(table, count);                   if (!archive.ok()) …archive.error()
//   bytes = archive.take();
//
// What is known here: integers, bool, enumerations, text, durations and points in time, addresses, the containers of
// the standard library with an order, optional, variant, expected, pair, and plain structs, member by member
// (base/members.h). Any other type describes itself by a member `template <class Archive> void transfer(Archive&)` or a
// function `transfer(archive, value)` beside it, which hands its members to the archive. Where the directions differ,
// `if constexpr (Archive::reads)` tells them apart.
//
// Format: no tags, no padding, the same on every machine.
//   bool, enumeration, integer of one byte   one byte; a bool is 0 or 1
//   other unsigned integers                  LEB128: seven bits a byte, the low ones first, bit 7 says that more
//   follow;
//                                            never longer than need be
//   other signed integers, times             likewise, of (n << 1) ^ (n >> 63)
//   text, sequences                          the count, then the bytes or elements; sets and maps in their order
//   optional, expected                       one bool, then the value or the error
//   variant                                  the alternative's number from 0, then its value
//   an address                               4 or 6, then its octets
// One value has one form: what a reader takes, a writer would have written.
//
// A reader never reads past the end, makes nothing that its input is too short for, and does not throw. Its first error
// stays, and what was read means nothing then.
#pragma once

#include <any>
#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/members.h"

namespace intermediary {

namespace archive_detail {
template <class Archive, class T>
void one(Archive& archive, T& value);
}

class ArchiveWriter {
 public:
  static constexpr bool reads = false;

  template <class... Values>
  void operator()(const Values&... values) {
    // A description is written for both directions, so it takes what is not const; it changes nothing here.
    (archive_detail::one(*this, const_cast<Values&>(values)), ...);
  }
  // A plain struct member by member, where it describes itself otherwise.
  template <class Struct>
  void members(Struct& value) {
    visit_members(value, [this](auto&... each) { (*this)(each...); });
  }
  // A value that several owners share stands with the first of them; the others name it. `content` writes it.
  template <class Pointer, class Content>
  void shared(const Pointer& pointer, Content content) {
    if (!pointer) return number(0);
    const auto [place, is_new] = shared_.try_emplace(static_cast<const void*>(&*pointer), shared_.size() + 1);
    number(place->second);
    if (is_new) content();
  }

  void byte(std::uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void number(std::uint64_t value);
  void text(std::string_view value);
  void raw(std::string_view octets) { bytes_.append(octets); }  // without their count

  std::string take() { return std::move(bytes_); }
  // For who writes many: what was written so far, and to begin again in the same memory.
  std::string_view bytes() const { return bytes_; }
  void clear() {
    bytes_.clear();
    shared_.clear();
  }

 private:
  std::string bytes_;
  std::map<const void*, std::uint64_t> shared_;  // never walked: its order means nothing
};

class ArchiveReader {
 public:
  static constexpr bool reads = true;

  // REQUIRES: the bytes outlive the reader.
  explicit ArchiveReader(std::string_view bytes) : bytes_(bytes) {}

  template <class... Values>
  void operator()(Values&... values) {
    (archive_detail::one(*this, values), ...);
  }
  template <class Struct>
  void members(Struct& value) {
    visit_members(value, [this](auto&... each) { (*this)(each...); });
  }
  // `content` reads the value and gives a pointer to it.
  template <class Pointer, class Content>
  void shared(Pointer& pointer, Content content) {
    const std::uint64_t place = number();
    pointer = {};
    if (place == 0) return;
    if (place > shared_.size() + 1) return fail("a shared value that did not come before");
    if (place == shared_.size() + 1) {
      shared_.emplace_back();
      shared_[place - 1] = Pointer(content());
    }
    const Pointer* known = std::any_cast<Pointer>(&shared_[place - 1]);
    if (known == nullptr) return fail("a shared value of another type");
    pointer = *known;
  }

  std::uint8_t byte();
  std::uint64_t number();
  std::string_view text() { return raw(count()); }
  std::string_view raw(std::size_t octets);
  // A number that is no more than the bytes that are left: of elements that have one at least.
  std::size_t count();

  bool ok() const { return error_.empty(); }
  // "byte 17: …"; "" when all is well.
  const std::string& error() const { return error_; }
  void fail(std::string_view what);
  // Nothing may stand behind what was read.
  void expect_end() {
    if (left() != 0) fail("more than was to be read");
  }
  std::size_t left() const { return bytes_.size() - at_; }

  // For values within values of their own kind: deeper than a stack bears is an error.
  struct Level {
    explicit Level(ArchiveReader& archive) : reader(archive) {
      if (++reader.depth_ > most_levels) reader.fail("values within values, too deep");
    }
    ~Level() { --reader.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    ArchiveReader& reader;
  };
  static constexpr std::size_t most_levels = 100;

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::string error_;
  std::vector<std::any> shared_;
};

// ---- leaves

template <class Archive, class Integer>
  requires std::integral<Integer>
void transfer(Archive& archive, Integer& value) {
  using Unsigned = std::make_unsigned_t<std::conditional_t<std::same_as<Integer, bool>, std::uint8_t, Integer>>;
  if constexpr (sizeof(Integer) == 1) {
    if constexpr (Archive::reads) {
      const std::uint8_t byte = archive.byte();
      if (std::same_as<Integer, bool> && byte > 1) archive.fail("neither true nor false");
      value = static_cast<Integer>(byte);
    } else {
      archive.byte(static_cast<std::uint8_t>(value));
    }
  } else if constexpr (std::unsigned_integral<Integer>) {
    if constexpr (Archive::reads) {
      const std::uint64_t number = archive.number();
      if (number > std::numeric_limits<Integer>::max()) archive.fail("a number that is too large");
      value = archive.ok() ? static_cast<Integer>(number) : Integer{};
    } else {
      archive.number(value);
    }
  } else {
    auto folded = static_cast<Unsigned>(static_cast<Unsigned>(static_cast<Unsigned>(value) << 1) ^
                                        static_cast<Unsigned>(value < 0 ? ~Unsigned{0} : Unsigned{0}));
    transfer(archive, folded);
    if constexpr (Archive::reads) {
      value = static_cast<Integer>((folded >> 1) ^ static_cast<Unsigned>((folded & 1) != 0 ? ~Unsigned{0} : 0));
    }
  }
}

template <class Archive, class Enum>
  requires std::is_enum_v<Enum>
void transfer(Archive& archive, Enum& value) {
  static_assert(enumerator_count<Enum>() > 0 && enumerator_count<Enum>() < 256);
  auto byte = static_cast<std::uint8_t>(value);
  transfer(archive, byte);
  if constexpr (Archive::reads) {
    if (byte >= enumerator_count<Enum>()) {
      archive.fail("no such enumerator");
      byte = 0;
    }
    value = static_cast<Enum>(byte);
  }
}

template <class Archive>
void transfer(Archive& archive, std::string& value) {
  if constexpr (Archive::reads) {
    value = archive.text();
  } else {
    archive.text(value);
  }
}

template <class Archive, class Count, class Period>
void transfer(Archive& archive, std::chrono::duration<Count, Period>& value) {
  auto count = value.count();
  transfer(archive, count);
  value = std::chrono::duration<Count, Period>(count);
}

template <class Archive, class Clock, class Duration>
void transfer(Archive& archive, std::chrono::time_point<Clock, Duration>& value) {
  auto since = value.time_since_epoch();
  transfer(archive, since);
  value = std::chrono::time_point<Clock, Duration>(since);
}

template <class Archive>
void transfer(Archive& archive, IpAddress& value) {
  if constexpr (Archive::reads) {
    const auto octets = [&](auto array) {
      archive.raw(array.size()).copy(reinterpret_cast<char*>(array.data()), array.size());
      return array;
    };
    switch (archive.byte()) {
      case 4:
        value = IpAddress::v4(octets(std::array<std::uint8_t, 4>{}));
        break;
      case 6:
        value = IpAddress::v6(octets(std::array<std::uint8_t, 16>{}));
        break;
      default:
        value = {};
        archive.fail("an address of no known family");
    }
  } else {
    archive.byte(value.is_v4() ? 4 : 6);
    archive.raw(value.octets());
  }
}

// ---- what holds others

namespace archive_detail {

// Elements in a row, put in at the end.
template <class Archive, class Container, class Element = typename Container::value_type>
void sequence(Archive& archive, Container& container) {
  if constexpr (Archive::reads) {
    container.clear();
    for (std::size_t left = archive.count(); left > 0 && archive.ok(); --left) {
      Element element{};
      archive(element);
      container.push_back(std::move(element));
    }
  } else {
    archive.number(container.size());
    for (const Element& element : container) archive(element);
  }
}

// Keys in the container's order, and what stands behind each.
template <class Archive, class Container, class Read>
void ordered(Archive& archive, Container& container, bool equals_allowed, Read read) {
  container.clear();
  const auto key_of = [](const auto& entry) -> const typename Container::key_type& {
    if constexpr (requires { typename Container::mapped_type; }) {
      return entry.first;
    } else {
      return entry;
    }
  };
  for (std::size_t left = archive.count(); left > 0 && archive.ok(); --left) {
    auto entry = read();
    const bool behind =
        container.empty() || (equals_allowed ? !container.key_comp()(key_of(entry), key_of(*container.rbegin()))
                                             : container.key_comp()(key_of(*container.rbegin()), key_of(entry)));
    if (!behind) return archive.fail("keys that are out of order");
    container.insert(container.end(), std::move(entry));
  }
}

template <class Archive, class Container>
void keyed(Archive& archive, Container& container, bool equals_allowed) {
  if constexpr (Archive::reads) {
    ordered(archive, container, equals_allowed, [&] {
      std::pair<typename Container::key_type, typename Container::mapped_type> entry;
      archive(entry.first, entry.second);
      return entry;
    });
  } else {
    archive.number(container.size());
    for (const auto& [key, value] : container) archive(key, value);
  }
}

template <class Alternative, class Archive, class Variant>
void take_alternative(Archive& archive, Variant& value) {
  Alternative alternative{};
  archive(alternative);
  value = std::move(alternative);
}

template <class T>
concept PushedBack = requires(T& container, typename T::value_type element) {
  container.push_back(std::move(element));
  container.clear();
} && !std::same_as<T, std::string>;
template <class T>
concept OrderedMap = requires(T& map) {
  typename T::mapped_type;
  map.key_comp();
};
template <class T>
concept OrderedSet = !OrderedMap<T> && requires(T& set) { set.key_comp(); };

}  // namespace archive_detail

template <class Archive, class Container>
  requires archive_detail::PushedBack<Container>
void transfer(Archive& archive, Container& container) {
  archive_detail::sequence(archive, container);
}

template <class Archive, class Map>
  requires archive_detail::OrderedMap<Map>
void transfer(Archive& archive, Map& map) {
  constexpr bool unique = requires { map.try_emplace(typename Map::key_type{}); };
  archive_detail::keyed(archive, map, !unique);
}

template <class Archive, class Set>
  requires archive_detail::OrderedSet<Set>
void transfer(Archive& archive, Set& set) {
  if constexpr (Archive::reads) {
    archive_detail::ordered(archive, set, false, [&] {
      typename Set::key_type key{};
      archive(key);
      return key;
    });
  } else {
    archive.number(set.size());
    for (const auto& key : set) archive(key);
  }
}

template <class Archive, class T, std::size_t Count>
void transfer(Archive& archive, std::array<T, Count>& values) {
  for (T& value : values) archive(value);
}

template <class Archive, class First, class Second>
void transfer(Archive& archive, std::pair<First, Second>& value) {
  archive(value.first, value.second);
}

template <class Archive, class T>
void transfer(Archive& archive, std::optional<T>& value) {
  bool there = value.has_value();
  archive(there);
  if constexpr (Archive::reads) {
    value.reset();
    if (there) value.emplace();
  }
  if (value) archive(*value);
}

template <class Archive, class T, class Error>
void transfer(Archive& archive, std::expected<T, Error>& value) {
  bool there = value.has_value();
  archive(there);
  if constexpr (Archive::reads) {
    if (there) {
      value = T{};
    } else {
      value = std::unexpected(Error{});
    }
  }
  if (value) {
    archive(*value);
  } else {
    archive(value.error());
  }
}

template <class Archive, class... Alternatives>
void transfer(Archive& archive, std::variant<Alternatives...>& value) {
  static_assert(sizeof...(Alternatives) < 256);
  if constexpr (Archive::reads) {
    using Take = void (*)(Archive&, std::variant<Alternatives...>&);
    constexpr std::array<Take, sizeof...(Alternatives)> take{
        &archive_detail::take_alternative<Alternatives, Archive, std::variant<Alternatives...>>...};
    const std::uint8_t index = archive.byte();
    if (index >= take.size()) return archive.fail("no such alternative");
    take[index](archive, value);
  } else {
    archive.byte(static_cast<std::uint8_t>(value.index()));
    std::visit([&](const auto& alternative) { archive(alternative); }, value);
  }
}

namespace archive_detail {

template <class Archive, class T>
void described(Archive& archive, T& value) {
  if constexpr (requires { value.transfer(archive); }) {
    value.transfer(archive);
  } else if constexpr (requires { transfer(archive, value); }) {
    transfer(archive, value);
  } else {
    archive.members(value);
  }
}

template <class Archive, class T>
void one(Archive& archive, T& value) {
  static_assert(!std::is_pointer_v<T> && !std::floating_point<T>);
  if constexpr (Archive::reads && std::is_class_v<T>) {
    const typename Archive::Level level(archive);
    if (archive.ok()) described(archive, value);
  } else {
    described(archive, value);
  }
}

}  // namespace archive_detail
}  // namespace intermediary
