// The registrar (RFC 3261 §10.3, RFC 3327 §5.3, RFC 3608 §6.3, RFC 5626 §6, RFC 5627 §5): one REGISTER, one answer, all
// of it or nothing.
//
// The caller has checked that the Request-URI is ours (step 1) and that the sender may do this (steps 3 and 4), and has
// called Location::expire(now). A Date, which needs a wall clock, is his as well.
//
// Where the RFC leaves the status to us:
//   out of order (step 7)   500: so the step's last paragraph names the failure of an update
//   too many contacts       403: a 503 would send the client, and proxies with it, to another server
//   no room in the tables   503 with Retry-After
//   Path without Supported  420 with Unsupported: path, as RFC 3327 §5.3 recommends
//
// The temporary GRUUs of its answers are good until the engine ends, as the bindings are: their key is not the
// configuration's.
#pragma once

#include "base/flow.h"
#include "base/keyed_hash.h"
#include "base/local_names.h"
#include "base/time.h"
#include "location/location.h"
#include "message/message.h"
#include "ua/answer.h"
#include "ua/registrar_settings.h"

namespace intermediary {

class Registrar {
 public:
  // REQUIRES: all but the key outlive it.
  Registrar(const RegistrarSettings& settings, const LocalNames& names, Location& location, HashKey gruu_key = {})
      : settings_(settings), names_(names), location_(location), gruu_key_(gruu_key) {}

  UaAnswer answer(TimePoint now, const Message& request, const Arrival& arrival);

 private:
  const RegistrarSettings& settings_;
  const LocalNames& names_;
  Location& location_;
  HashKey gruu_key_;
};

}  // namespace intermediary
