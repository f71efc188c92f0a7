#include "sim/line.h"

namespace intermediary::sim {

std::string Start::to_string() const {
  switch (kind) {
    case Kind::Request:
      return uri ? method + ' ' + *uri : method;
    case Kind::Response: {
      std::string code = status < 10 ? std::to_string(status) + "xx" : std::to_string(status);
      return method.empty() ? code : code + ' ' + method;
    }
    case Kind::Raw:
      return "raw";
  }
  return {};
}

std::string Condition::word() const {
  const std::string whole = to_string();
  return kind == Kind::Count ? "count " + name : whole.substr(0, whole.find(' '));
}

std::string Condition::to_string() const {
  switch (kind) {
    case Kind::Header:
      return name + ": " + text;
    case Kind::Exact:
      return name + " = " + text;
    case Kind::Absent:
      return '!' + name;
    case Kind::Count:
      return "count " + name + ' ' + std::to_string(count);
    case Kind::Body:
      return "body";
    case Kind::BodyIs:
      return "body " + text;
    case Kind::NoBody:
      return "!body";
    case Kind::Sdp:
      return "sdp";
    case Kind::Reason:
      return "reason " + text;
    case Kind::SaveAs:
      return "as $" + name;
    case Kind::SameAs:
      return "same $" + name;
    case Kind::Credentials:
      return text.empty() ? "credentials" : "credentials " + text;
    case Kind::Signed:
      return "signed";
    case Kind::Again:
      return "again";
  }
  return {};
}

}  // namespace intermediary::sim
