#include "message/parse_error.h"

namespace intermediary {

std::string_view fault_text(Fault fault) {
  switch (fault) {
    case Fault::Empty:
      return "empty message";
    case Fault::NotSip:
      return "not SIP";
    case Fault::WrongVersion:
      return "wrong version";
    case Fault::TooLarge:
      return "message too large";
    case Fault::LineTooLong:
      return "line too long";
    case Fault::UriTooLong:
      return "URI too long";
    case Fault::TooManyFields:
      return "too many header fields";
    case Fault::TooManyEntries:
      return "too many entries";
    case Fault::TooManyParameters:
      return "too many parameters";
    case Fault::ControlCharacter:
      return "control character";
    case Fault::BadStartLine:
      return "bad start line";
    case Fault::BadFieldLine:
      return "bad header line";
    case Fault::MissingField:
      return "missing header field";
    case Fault::DuplicateField:
      return "duplicate header field";
    case Fault::BadValue:
      return "bad value";
    case Fault::BadContentLength:
      return "bad Content-Length";
    case Fault::Truncated:
      return "truncated";
    case Fault::MethodMismatch:
      return "method mismatch";
  }
  return "unknown fault";
}

std::string ParseError::to_string() const {
  std::string text = "line " + std::to_string(line) + ": ";
  text += fault_text(fault);
  if (!detail.empty()) text.append(": ").append(detail);
  return text;
}

}  // namespace intermediary
