// The four machines of RFC 3261 §17 as corrected by RFC 6026: each a small file with a function for each state.
//
// A machine is a function of (transaction, input): it changes the transaction, arms timers, sends, and reports. It
// never erases the transaction: state Terminated tells the layer to do so.
#pragma once

#include <string>
#include <variant>

#include "transaction/transaction.h"

namespace intermediary {

struct TimerFired {
  Timer timer;
};
struct TransportError {
  std::string reason;
};

// Inputs of a client transaction.
struct Provisional {
  MessagePtr response;
};
struct Success {
  MessagePtr response;
};
struct Failure {  // 300–699
  MessagePtr response;
};
using ClientInput = std::variant<TimerFired, TransportError, Provisional, Success, Failure>;

// Inputs of a server transaction.
struct Retransmission {};  // of the request that made it
struct Acknowledgement {};
struct Respond {
  int status = 0;
  std::string bytes;
};
// The TU gives up without an answer (RFC 4320 §4.2 forbids a 408 to a non-INVITE request).
struct Abandon {};
// Not const: the bytes of an answer move into the transaction.
using ServerInput = std::variant<TimerFired, Retransmission, Acknowledgement, Respond, Abandon>;

class InviteClient {
 public:
  InviteClient(ClientTransaction& transaction, Surroundings& around) : t_(transaction), around_(around) {}
  void start();
  void handle(const ClientInput& input);

 private:
  void in_calling(const ClientInput& input);
  void in_proceeding(const ClientInput& input);
  void in_accepted(const ClientInput& input);
  void in_completed(const ClientInput& input);
  void accept(const MessagePtr& response);
  void complete(const MessagePtr& response);

  ClientTransaction& t_;
  Surroundings& around_;
};

class NonInviteClient {
 public:
  NonInviteClient(ClientTransaction& transaction, Surroundings& around) : t_(transaction), around_(around) {}
  void start();
  void handle(const ClientInput& input);

 private:
  void in_trying(const ClientInput& input);
  void in_proceeding(const ClientInput& input);
  void in_completed(const ClientInput& input);
  void complete(const MessagePtr& response);

  ClientTransaction& t_;
  Surroundings& around_;
};

class InviteServer {
 public:
  InviteServer(ServerTransaction& transaction, Surroundings& around) : t_(transaction), around_(around) {}
  void start();
  void handle(ServerInput& input);

 private:
  void in_proceeding(ServerInput& input);
  void in_accepted(ServerInput& input);
  void in_completed(ServerInput& input);
  void in_confirmed(ServerInput& input);
  void accept();
  void complete();
  void confirm();

  ServerTransaction& t_;
  Surroundings& around_;
};

class NonInviteServer {
 public:
  NonInviteServer(ServerTransaction& transaction, Surroundings& around) : t_(transaction), around_(around) {}
  void start();
  void handle(ServerInput& input);

 private:
  void in_trying(ServerInput& input);
  void in_proceeding(ServerInput& input);
  void in_completed(ServerInput& input);
  void answer(Respond& respond);
  void complete();

  ServerTransaction& t_;
  Surroundings& around_;
};

}  // namespace intermediary
