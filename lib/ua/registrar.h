// The registrar (RFC 3261 §10.3, RFC 3327 §5.3 and §6, RFC 3608 §6.3, RFC 5626 §6, RFC 5627 §5): one REGISTER, one
// answer, all of it or nothing.
//
// The caller has checked that the Request-URI is ours (step 1) and that the sender may do this (steps 3 and 4), and has
// called Location::expire(now). A Date, which needs a wall clock, is his as well, and so is the protected copy of an
// answer that asks for one: only he knows the whole answer.
//
// Where the RFC leaves the status to us:
//   out of order (step 7)   500: so the step's last paragraph names the failure of an update
//   too many contacts       403: a 503 would send the client, and proxies with it, to another server
//   no room in the tables   503 with Retry-After
//   Path without Supported  420 with Unsupported: path, as RFC 3327 §5.3 recommends
//   a protected copy that does not hold (ua/protected_copy.h)  403
//
// The temporary GRUUs of its answers are good as long as the bindings are: their key is the configuration's where a
// store outside of the process has these, and else none that outlives the engine.
#pragma once

#include <expected>
#include <string>

#include "base/flow.h"
#include "base/keyed_hash.h"
#include "base/local_names.h"
#include "base/time.h"
#include "location/location.h"
#include "message/message.h"
#include "policy/smime.h"
#include "ua/answer.h"
#include "ua/outbound.h"
#include "ua/registrar_settings.h"

namespace intermediary {

class Registrar {
 public:
  // `smime`: null where protected copies are neither read nor made. REQUIRES: all but the key outlive it.
  Registrar(const RegistrarSettings& settings, const LocalNames& names, Location& location, HashKey gruu_key = {},
            const Smime* smime = nullptr)
      : settings_(settings), names_(names), location_(location), gruu_key_(gruu_key), smime_(smime) {}

  // `wall`: for the certificate and the age of a protected copy.
  UaAnswer answer(TimePoint now, const Message& request, const Arrival& arrival, WallTime wall = {});

  // The same in steps, for a location service with a store outside of the process: what is asked, or why not; what
  // would be bound then; and the answer, once it is.
  struct Asked {
    std::string address_of_record;
    Registration registration;
    Outbound outbound;
    bool gruu = false;
    bool with_copy = false;

    bool changes() const { return registration.remove_all || !registration.contacts.empty(); }
  };
  std::expected<Asked, UaAnswer> read(const Message& request, const Arrival& arrival, WallTime wall) const;
  std::expected<Location::Update, UaAnswer> plan(TimePoint now, const Asked& asked) const;
  UaAnswer accept(TimePoint now, const Asked& asked, Location::Changes changes) const;

 private:
  const RegistrarSettings& settings_;
  const LocalNames& names_;
  Location& location_;
  HashKey gruu_key_;
  const Smime* smime_;
};

}  // namespace intermediary
