// The notifier of the dialog event package (RFC 6665 §4.2, RFC 4235): who may see whose calls subscribes here, and is
// told of them as they change.
//
// Whether somebody may, a rule has decided before. The state it tells of is the call-stateful proxy's. Notifications of
// one subscription go one after the other, at most one a second (RFC 4235 §3.10); what changes meanwhile is told
// together. Each fits a datagram where one dialog does; what does not goes into the next one, as partial state.
#pragma once

#include <cstddef>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/limits.h"
#include "base/local_names.h"
#include "base/random.h"
#include "base/slot_table.h"
#include "base/timer_queue.h"
#include "dialog/dialog_table.h"
#include "message/uri.h"
#include "transaction/transaction_layer.h"
#include "ua/answer.h"
#include "ua/subscription.h"

namespace intermediary {

struct NotifierSettings {
  std::chrono::seconds min_expires{60};  // less is refused (423), as far as the RFC allows: below one hour
  std::chrono::seconds default_expires{3600};
  std::chrono::seconds max_expires{86400};  // more is cut to this
  std::string server_name{};

  friend bool operator==(const NotifierSettings&, const NotifierSettings&) = default;
};

// What the notifier needs from whoever assembles it.
class NotifierPort {
 public:
  virtual ~NotifierPort() = default;
  // A hop, the number of a question that resolved() answers, or why there is none.
  virtual std::variant<Hop, std::uint64_t, std::string> find_notify_hop(const Uri& uri) = 0;
  // Whether that connection is still there.
  virtual bool is_open(FlowId flow) const = 0;
  virtual void emit(Event event) = 0;
};

// A SUBSCRIBE outside a dialog, and what the rules and the core know of it.
struct SubscribeRequest {
  const Message& message;
  const Arrival& arrival;
  std::string resource;  // an address of record; "": this element
  std::string rule;
  bool trusted = false;  // exempt from the limit of one source
};

class DialogNotifier final : public DialogListener {
 public:
  // REQUIRES: all references outlive it.
  DialogNotifier(const NotifierSettings& settings, const Limits& limits, const LocalNames& names,
                 const DialogTable& dialogs, TransactionLayer& transactions, TimerQueue& timers, RandomSource& random,
                 NotifierPort& port);

  // The answer, and its To tag. What follows from it, flush() sends.
  UaAnswer subscribe(TimePoint now, const SubscribeRequest& request, std::string& to_tag);
  // Whether a SUBSCRIBE with a To tag belongs to a subscription here, and its answer.
  bool knows(const Message& request) const;
  UaAnswer refresh(TimePoint now, const Message& request);

  void changed(TimePoint now, const DialogSet& set, const Dialog& dialog, const DialogEnding* ending) override;
  // Sends what is to be told and may be told now.
  void flush(TimePoint now);
  void report(TimePoint now, const TransactionReport& report);
  void timer_fired(TimePoint now, const TimerTag& tag);
  // False: not a question of ours.
  bool resolved(TimePoint now, std::uint64_t query, const std::expected<std::vector<Hop>, std::string>& hops);

  static constexpr std::uint8_t user_kind = 3;  // in TransactionUser
  std::size_t size() const { return subscriptions_.size(); }
  std::size_t query_count() const { return queries_.size(); }

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);

 private:
  enum class NotifierTimer : std::uint8_t {
    Expiry,  // the subscription was not refreshed (RFC 6665 §4.2.1.4)
    Pace,    // a second after the last notification (RFC 4235 §3.10)
  };

  SubscriptionId find(std::string_view call_id, std::string_view local_tag, std::string_view remote_tag) const;
  bool is_merged(const Message& request) const;
  void mark(Subscription& subscription);
  void keep_until(TimePoint now, Subscription& subscription, std::chrono::seconds interval);
  void note_change(TimePoint now, Subscription& subscription, const DialogSet& set, const Dialog& dialog,
                   const DialogEnding* ending);
  std::vector<DialogId> all_dialogs(TimePoint now, const Subscription& subscription) const;
  std::string element_of(TimePoint now, const Subscription& subscription, const DialogChange& change) const;
  std::string take_document(TimePoint now, Subscription& subscription, std::size_t room);
  void notify(TimePoint now, Subscription& subscription);
  void send(TimePoint now, Subscription& subscription, Hop hop);
  std::string request_for(TimePoint now, Subscription& subscription, const Hop& hop, const LocalNames::Listener& out,
                          std::string_view branch);
  void finished(TimePoint now, Subscription& subscription, int status, const Message* response);
  void remove(Subscription& subscription, std::string_view reason);
  std::string contact_of(const Subscription& subscription) const;

  const NotifierSettings& settings_;
  const Limits& limits_;
  const LocalNames& names_;
  const DialogTable& dialogs_;
  TransactionLayer& transactions_;
  TimerQueue& timers_;
  RandomSource& random_;
  NotifierPort& port_;
  SlotTable<Subscription, SubscriptionId> subscriptions_;
  std::map<std::string, SubscriptionId, std::less<>> by_local_tag_;
  std::multimap<std::string, SubscriptionId, std::less<>> by_resource_;
  std::map<IpAddress, std::size_t> by_source_;
  std::map<std::uint64_t, SubscriptionId> queries_;
  std::vector<SubscriptionId> dirty_;
};

}  // namespace intermediary
