// The documents of the dialog event package (RFC 4235 §4): plain values in, XML out.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "dialog/dialog.h"
#include "ua/subscription.h"

namespace intermediary {

inline constexpr std::string_view dialog_info_type = "application/dialog-info+xml";

// One dialog as the observed user sees it (§4.1.1).
struct DialogInfo {
  std::string id;
  std::string call_id;
  std::string local_tag;
  std::string remote_tag;  // "": a half-dialog
  bool initiator = false;
  DialogState state = DialogState::Trying;
  std::string_view event{};  // of Terminated (§3.7.1): "rejected", "local-bye"
  int code = 0;              // the answer that ended it; 0: none
  std::chrono::seconds duration{};
  std::string local_identity, remote_identity;
  std::string local_target, remote_target;  // "": not known
};

// `side` is the observed user's. `ending`: of a dialog that is Terminated.
DialogInfo dialog_info(TimePoint now, const DialogSet& set, const Dialog& dialog, DialogSide side,
                       const DialogEnding* ending);

// Whether a filter lets it through.
bool passes(const DialogFilter& filter, const DialogInfo& info);

std::string dialog_element(const DialogInfo& info);
// `elements`: dialog_element() of each.
std::string dialog_info_document(std::string_view entity, std::uint32_t version, bool full, std::string_view elements);

// For an element or an attribute in double quotes. What is no character of XML 1.0, or no UTF-8, becomes U+FFFD.
std::string xml_escaped(std::string_view text);

}  // namespace intermediary
