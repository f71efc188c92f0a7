// What the compiler knows of a type: the members of a plain struct in their order, the enumerators of an enumeration.
//
// So whatever must name every member (base/archive.h) names none, and a new member is never forgotten. A plain struct
// is an aggregate without base classes that hold anything, and of at most 32 members.
#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

namespace intermediary {

namespace detail {

struct Anything {
  template <class T>
  operator T() const;  // never called: it only stands where a member's value would
};

// Where "V" is not the name of an enumerator, both compilers write it as "(Type)7".
template <auto V>
consteval bool is_enumerator() {
  std::string_view text = __PRETTY_FUNCTION__;
  text.remove_prefix(text.find("V = ") + 4);
  text = text.substr(0, text.find_first_of(";]"));
  const char first = text[text.find_last_of(":)") + 1];
  return first != '-' && (first < '0' || first > '9');
}

}  // namespace detail

namespace detail {

inline constexpr std::size_t most_members = 32;

template <class T, std::size_t... Each>
consteval bool takes(std::index_sequence<Each...>) {
  return requires { T{(static_cast<void>(Each), Anything{})...}; };
}

}  // namespace detail

// As many as can be given a value. (Fewer cannot always be: a member may have no value of its own.)
template <class T, std::size_t Count = detail::most_members + 1>
consteval std::size_t member_count() {
  if constexpr (Count == 0 || detail::takes<T>(std::make_index_sequence<Count>())) {
    return Count;
  } else {
    return member_count<T, Count - 1>();
  }
}

// How many enumerators there are. They are numbered from 0 without a gap.
template <class Enum, std::size_t Count = 0>
consteval std::size_t enumerator_count() {
  if constexpr (detail::is_enumerator<static_cast<Enum>(Count)>()) {
    return enumerator_count<Enum, Count + 1>();
  } else {
    return Count;
  }
}

// Calls `visitor` once, with a reference to each member.
template <class Struct, class Visitor>
constexpr void visit_members(Struct& value, Visitor visitor) {
  using T = std::remove_const_t<Struct>;
  static_assert(std::is_aggregate_v<T>, "not a plain struct: it describes itself, see base/archive.h");
  constexpr std::size_t count = member_count<T>();
  static_assert(count <= detail::most_members && (count != 0 || std::is_empty_v<T>));
  // A structured binding takes a literal list of names only.
  // clang-format off
#define INTERMEDIARY_MEMBERS(number, ...) \
  else if constexpr (count == number) { auto& [__VA_ARGS__] = value; visitor(__VA_ARGS__); }
  if constexpr (count == 0) { visitor(); }
  INTERMEDIARY_MEMBERS(1, a)
  INTERMEDIARY_MEMBERS(2, a, b)
  INTERMEDIARY_MEMBERS(3, a, b, c)
  INTERMEDIARY_MEMBERS(4, a, b, c, d)
  INTERMEDIARY_MEMBERS(5, a, b, c, d, e)
  INTERMEDIARY_MEMBERS(6, a, b, c, d, e, f)
  INTERMEDIARY_MEMBERS(7, a, b, c, d, e, f, g)
  INTERMEDIARY_MEMBERS(8, a, b, c, d, e, f, g, h)
  INTERMEDIARY_MEMBERS(9, a, b, c, d, e, f, g, h, i)
  INTERMEDIARY_MEMBERS(10, a, b, c, d, e, f, g, h, i, j)
  INTERMEDIARY_MEMBERS(11, a, b, c, d, e, f, g, h, i, j, k)
  INTERMEDIARY_MEMBERS(12, a, b, c, d, e, f, g, h, i, j, k, l)
  INTERMEDIARY_MEMBERS(13, a, b, c, d, e, f, g, h, i, j, k, l, m)
  INTERMEDIARY_MEMBERS(14, a, b, c, d, e, f, g, h, i, j, k, l, m, n)
  INTERMEDIARY_MEMBERS(15, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)
  INTERMEDIARY_MEMBERS(16, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)
  INTERMEDIARY_MEMBERS(17, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q)
  INTERMEDIARY_MEMBERS(18, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r)
  INTERMEDIARY_MEMBERS(19, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s)
  INTERMEDIARY_MEMBERS(20, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t)
  INTERMEDIARY_MEMBERS(21, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u)
  INTERMEDIARY_MEMBERS(22, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v)
  INTERMEDIARY_MEMBERS(23, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w)
  INTERMEDIARY_MEMBERS(24, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x)
  INTERMEDIARY_MEMBERS(25, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y)
  INTERMEDIARY_MEMBERS(26, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z)
  INTERMEDIARY_MEMBERS(27, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, a1)
  INTERMEDIARY_MEMBERS(28, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, a1, b1)
  INTERMEDIARY_MEMBERS(29, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, a1, b1, c1)
  INTERMEDIARY_MEMBERS(30, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, a1, b1, c1, d1)
  INTERMEDIARY_MEMBERS(31, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, a1, b1, c1, d1, e1)
  INTERMEDIARY_MEMBERS(32, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, a1, b1, c1, d1, e1, f1)
#undef INTERMEDIARY_MEMBERS
  // clang-format on
}

}  // namespace intermediary
