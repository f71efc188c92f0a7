// The port of the location service to a store outside of the process: what an engine asks, and what it is told.
//
// A store keeps one record for each address of record, under its version. It never looks into the bindings of a record
// (location/stored.h does), and replies to the requests of one engine in the order in which they came. What it says to
// have stored survives the end of the process that asked.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"

namespace intermediary {

struct StoredRecord {
  std::string address_of_record;
  std::uint64_t version = 0;  // grows with every change; 0: nothing stands there
  std::string bindings;       // "": nothing is to stand there any more
  WallTime expires{};         // of the last of them: whoever keeps it may forget it then

  friend bool operator==(const StoredRecord&, const StoredRecord&) = default;
};

// ---- what an engine asks

// The next records behind that address of record, in the order of their bytes.
struct LoadRecords {
  std::string after;
  std::uint32_t most = 0;
  friend bool operator==(const LoadRecords&, const LoadRecords&) = default;
};
struct FetchRecord {
  std::string address_of_record;
  friend bool operator==(const FetchRecord&, const FetchRecord&) = default;
};
// Compare and set: nothing happens where another version stands than the one that is expected.
struct ReplaceRecord {
  std::uint64_t expected = 0;
  StoredRecord record;
  friend bool operator==(const ReplaceRecord&, const ReplaceRecord&) = default;
};
// Of a store of users, not of bindings ([auth.NAME] users).
struct FetchUser {
  std::string realm;
  std::string user;
  friend bool operator==(const FetchUser&, const FetchUser&) = default;
};
using StoreOperation = std::variant<LoadRecords, FetchRecord, ReplaceRecord, FetchUser>;

// ---- what it is told

// To LoadRecords: fewer than were asked for are the last.
struct RecordsFound {
  std::vector<StoredRecord> records;
};
// To FetchRecord; version 0: there is none.
struct RecordFound {
  StoredRecord record;
};
// To ReplaceRecord: it is durable.
struct RecordReplaced {};
// To ReplaceRecord: what stands there instead.
struct RecordConflict {
  StoredRecord record;
};
// To FetchUser: his H(A1) by MD5, SHA-256 and SHA-512-256 in hexadecimal digits (RFC 7616 §3.4.2), as they stand there;
// "": there is none. All of them are "": he is not there.
struct UserFound {
  std::array<std::string, 3> hashes;
  friend bool operator==(const UserFound&, const UserFound&) = default;
};
// To all: nobody knows whether it was done, or it was not.
struct StoreUnavailable {
  std::string reason;
};
using StoreReply = std::variant<RecordsFound, RecordFound, RecordReplaced, RecordConflict, StoreUnavailable, UserFound>;

}  // namespace intermediary
