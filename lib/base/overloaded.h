// The visitor of the house: `std::visit(Overloaded{[](A) {}, [](B) {}}, variant)` must name every alternative.
#pragma once

namespace intermediary {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

}  // namespace intermediary
