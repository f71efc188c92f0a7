// A scripted party: remembers what it heard and said, and writes messages that are legal by default, built from that
// (RFC 3261 §8, §9, §12, §13, §17.1.1.3). It never sends by itself: every message is somebody's line.
//
// Identifiers are readable and unique within a run: tag "alice-1", branch "z9hG4bK-alice-1".
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "sim/digest.h"
#include "sim/line.h"
#include "sim/network.h"
#include "sim/pattern.h"
#include "sim/tls.h"
#include "sim/wire.h"

namespace intermediary::sim {

// One message at a party, and who was at the other end.
struct Heard {
  HostId from;
  Endpoint remote;
  EndId end;  // none for a datagram
  std::string bytes;
  WireMessage message;
};
struct Said {
  HostId to;
  std::string bytes;
  WireMessage message;
};

struct PartyIdentity {
  std::string name;
  std::string address_of_record;  // "sip:alice@example.com"; "": from the name and the address
  Socket socket;                  // what Via and Contact say
  Login login{};                  // how it answers challenges; no user: its name
  TlsHost tls{};                  // whose certificate signs for it
  bool rport = false;             // its Via asks for it (RFC 3581)
};

// What a line asks a party to send. REQUIRES: start is a request or a response.
struct Order {
  Start start;
  Conditions conditions;
  HostId to;
};

class Party {
 public:
  explicit Party(PartyIdentity identity);

  const PartyIdentity& identity() const { return identity_; }
  std::string contact_uri() const;
  // What its Via and Contact say of where it is.
  std::string host_port() const;

  void hear(Heard heard);
  // The message for `order`, remembered as said once `say` is called; an error is one line for people. Variables that
  // are not bound yet are bound to what the party writes by default.
  std::expected<WireMessage, std::string> write(const Order& order, Bindings& bindings);
  void say(HostId to, const std::string& bytes);

  // Where the answer to the last request of `response`'s kind goes back to; null when there was none.
  const Heard* request_answered_by(const WireMessage& response) const;
  // The bytes of the last message of that kind that went to `to`; null when there was none.
  const Said* last_said(const Start& start, HostId to) const;
  const std::vector<Heard>& heard() const { return heard_; }

  // The parts that orders are made of, for user agents that act by themselves.
  WireMessage outside_dialogs(const std::string& method, const std::string& uri);
  // A request in the dialog that `message` of the other side belongs to; nullopt when there is no such dialog.
  std::optional<WireMessage> within_dialog_of(const WireMessage& message, const std::string& method);
  std::optional<WireMessage> acknowledgement_of(const WireMessage& response);
  static WireMessage cancellation_of(const WireMessage& invite);
  WireMessage answer(const WireMessage& request, int status);
  // The same request with a branch and a CSeq of its own.
  WireMessage anew(const WireMessage& request);
  // The same request again, with credentials for what a 401 or 407 asks (RFC 3261 §22.2); nullopt when it has none, or
  // when those that it had were wrong.
  std::optional<WireMessage> resubmission_of(const WireMessage& request, const WireMessage& response);

 private:
  struct Dialog {
    std::string call_id;
    std::string local;   // From of our requests, with our tag
    std::string remote;  // To of our requests, with their tag
    std::string target;
    std::vector<std::string> routes;
    bool confirmed = false;
  };
  using Candidates = std::vector<WireMessage>;

  std::expected<Candidates, std::string> candidates(const Order& order);
  Candidates answers(const Order& order);
  Candidates acknowledgements();
  Candidates cancellations(HostId to) const;
  Candidates within_dialogs(const std::string& method);
  WireMessage within(const Dialog& dialog, const std::string& method, std::uint32_t cseq);
  void dress(WireMessage& request, const std::string& method);
  std::string tag_for(const WireMessage& request);

  Dialog* dialog_of(const std::string& call_id, const std::string& local_tag, const std::string& remote_tag);
  Dialog& make_dialog(const std::string& call_id, const std::string& local, const std::string& remote);
  void learn_from_response(const WireMessage& response);
  void learn_from_answer(const WireMessage& response);
  void learn_from_request(const WireMessage& request);

  std::string via();
  std::uint32_t next_cseq(const std::string& call_id);
  std::string session_description() const;
  // "bob@example.com": whom it signs as where no certificate says otherwise.
  std::string signing_address(const WireMessage& request) const;
  static std::expected<void, std::string> apply_value(const Condition& condition, std::size_t position,
                                                      WireMessage& message, Bindings& bindings);
  static std::expected<void, std::string> apply_body(const Condition& condition, WireMessage& message,
                                                     Bindings& bindings);
  std::expected<void, std::string> apply(const Conditions& conditions, WireMessage& message, Bindings& bindings);
  WireMessage challenged_or(WireMessage request) const;
  using Positions = std::map<std::string, std::size_t>;  // how many values of a name a line has written
  std::expected<void, std::string> add_credentials(const Condition& condition, const Positions& positions,
                                                   WireMessage& message, const Bindings& bindings);

  PartyIdentity identity_;
  Keyring keyring_;
  std::vector<Heard> heard_;
  std::vector<Said> said_;
  std::vector<Dialog> dialogs_;                     // the one last made or confirmed stands at the back
  std::map<std::string, std::uint32_t> last_cseq_;  // by Call-ID, of our own requests
  std::map<std::string, std::string> tags_;         // what we put into To, by Call-ID and branch of the request
  std::uint32_t branches_ = 0;
  std::uint32_t calls_ = 0;
  std::uint32_t answered_calls_ = 0;
};

}  // namespace intermediary::sim
