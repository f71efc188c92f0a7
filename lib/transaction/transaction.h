// What the four machines of RFC 3261 §17 have in common: ids, states, the data of a transaction, and what they report
// to the transaction user (TU).
//
// All of it is plain values, so that an engine can be saved.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/flow.h"
#include "base/keyed_hash.h"
#include "base/strong_id.h"
#include "base/timer_queue.h"
#include "message/message.h"
#include "transaction/timers.h"
#include "transaction/timings.h"

namespace intermediary {

struct ClientTransactionTag;
using ClientTransactionId = StrongId<ClientTransactionTag>;
struct ServerTransactionTag;
using ServerTransactionId = StrongId<ServerTransactionTag>;

// A keyed hash over what identifies a transaction (§17.1.3, §17.2.3): it stands for it.
using TransactionKey = WideHash;

// Who is told: opaque to the layer, echoed in every report.
struct TransactionUser {
  std::uint8_t kind = 0;  // 0: nobody wants to know
  std::uint64_t subject = 0;
  friend bool operator==(const TransactionUser&, const TransactionUser&) = default;
};

enum class ClientState : std::uint8_t { Calling, Trying, Proceeding, Accepted, Completed, Terminated };
enum class ServerState : std::uint8_t { Trying, Proceeding, Accepted, Completed, Confirmed, Terminated };

struct ClientTransaction {
  ClientTransactionId id;
  TransactionUser user;
  bool invite = false;
  ClientState state = ClientState::Calling;
  std::string request;  // the bytes as sent
  std::string ack;      // INVITE: the ACK of a non-2xx answer, once there was one (§17.1.1.3)
  Hop hop;              // with the flow in use, where there is one
  TransactionKey key;
  Duration interval{};  // of Timer A or E
  TimerHandle repeat;   // A, E
  TimerHandle timeout;  // B, D, F, K, M

  bool is_waiting() const { return state <= ClientState::Proceeding; }  // for a final answer
};

struct ServerTransaction {
  ServerTransactionId id;
  TransactionUser user;
  bool invite = false;
  ServerState state = ServerState::Trying;
  MessagePtr request;
  Arrival arrival;
  Hop reply;             // where answers go (§18.2.2)
  std::string response;  // the last one sent
  std::string to_tag;    // of our final answer, for the RFC 2543 way of matching an ACK
  TransactionKey key;
  Duration interval{};  // of Timer G
  TimerHandle repeat;   // G, Trying
  TimerHandle timeout;  // H, I, J, L

  bool is_finished() const { return state >= ServerState::Accepted; }  // a final answer went out
  // For our final answer, or for the ACK without which a refusal over UDP is repeated.
  bool is_waiting() const {
    return !is_finished() || (invite && state == ServerState::Completed && !is_reliable(arrival.transport));
  }
};

// ---- what the TU is told

struct ResponseReceived {
  ClientTransactionId transaction;
  TransactionUser user;
  MessagePtr response;
};
// Timer B or F (§17.1.1.2, §17.1.2.2).
struct ClientTimedOut {
  ClientTransactionId transaction;
  TransactionUser user;
};
// §17.1.4.
struct ClientSendFailed {
  ClientTransactionId transaction;
  TransactionUser user;
  std::string reason;
};
// The last word of a client transaction, whatever came before.
struct ClientTerminated {
  ClientTransactionId transaction;
  TransactionUser user;
};
// Timer H: no ACK came for a non-2xx answer (§17.2.1).
struct AckMissing {
  ServerTransactionId transaction;
  TransactionUser user;
};
// Timer Trying: a non-INVITE request has had no answer for 3.5 s (RFC 4320 §4.1).
struct AnswerOverdue {
  ServerTransactionId transaction;
  TransactionUser user;
};
struct ServerTerminated {
  ServerTransactionId transaction;
  TransactionUser user;
};

using TransactionReport = std::variant<ResponseReceived, ClientTimedOut, ClientSendFailed, ClientTerminated, AckMissing,
                                       AnswerOverdue, ServerTerminated>;

// Where the layer's bytes go. Implemented by the engine.
class Wire {
 public:
  virtual ~Wire() = default;
  // Sends `bytes`; a stream flow that is not there yet is opened. Sets hop.flow to the flow in use. Failures come back
  // later, through TransactionLayer::flow_lost.
  virtual void transmit(Hop& hop, std::string_view bytes) = 0;
  // Nobody waits for an answer to these bytes any longer: where they still wait for their connection, they stay here.
  virtual void withdraw(FlowId flow, std::string_view bytes) = 0;
};

// What a machine works with during one input.
struct Surroundings {
  TimePoint now{};
  TimerQueue& timers;
  const TransactionTimings& timings;
  Wire& wire;
  std::vector<TransactionReport>& reports;
};

}  // namespace intermediary
