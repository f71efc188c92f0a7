// Requests whose users are in a store: what only an engine shows. What callers see is proved by scenarios
// (conformance/scenarios/users).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/archive.h"
#include "engine/engine.h"
#include "engine/user_desk.h"
#include "policy/digest_client.h"

namespace intermediary {
namespace stored_users {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

Config users_config() {
  Config config;
  config.listeners = {{"udp", Transport::Udp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt}};
  config.limits.transactions_per_source = 3;
  config.auth = {{.name = "customers", .realm = "example.com"}};
  config.auth[0].is_outside = true;
  config.user_stores = {{.auth = "customers", .store = {}}};
  config.user_stores[0].store.kind = StoreConfig::Kind::Redis;
  config.rules = {{"calls", {}, RelayAction{.target = *Uri::parse("sip:192.0.2.30")}, std::nullopt, "customers"}};
  return config;
}

class StoredUsersTest : public testing::Test {
 protected:
  StoredUsersTest() { handle(seconds(0), WallClock{WallTime(seconds(1'767'225'600))}); }

  // What left; a question to the store by its user.
  std::vector<std::string> handle(Duration time, Input input) {
    engine.handle(at(time), std::move(input));
    std::vector<std::string> out;
    while (auto output = engine.poll()) {
      if (const auto* transmit = std::get_if<Transmit>(&*output)) {
        if (!sent.insert(transmit->bytes).second) continue;  // a repetition
        last = transmit->bytes;
        out.push_back(transmit->hop.remote.to_string() + ' ' + transmit->bytes.substr(0, transmit->bytes.find('\r')));
      } else if (const auto* store = std::get_if<StoreRequest>(&*output)) {
        query = store->query;
        const auto& fetch = std::get<FetchUser>(store->operation);
        out.push_back(store->users + " " + fetch.realm + " " + fetch.user);
      } else if (const auto* event = std::get_if<Event>(&*output)) {
        if (std::holds_alternative<StoreChanged>(*event)) out.push_back(to_line(*event));
      }
    }
    return out;
  }
  std::string message(const std::string& id, const std::string& method, const std::string& user,
                      const std::string& password) {
    const std::string uri = "sip:bob@192.0.2.30";
    std::string bytes = method + ' ' + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK" + id +
                        "\r\nMax-Forwards: 70\r\nFrom: <sip:alice@example.com>;tag=a1\r\nTo: <" + uri +
                        ">\r\nCall-ID: " + id + "\r\nCSeq: 1 " + method + "\r\n";
    if (!user.empty()) {
      DigestChallenge answered = challenge;
      answered.count = ++uses;
      bytes += "Proxy-Authorization: " +
               credentials_for(answered, {user, password}, method == "CANCEL" ? "INVITE" : method, uri, "c", "") +
               "\r\n";
    }
    return bytes + "Content-Length: 0\r\n\r\n";
  }
  std::vector<std::string> send(Duration time, const std::string& bytes, const std::string& from = "192.0.2.10:5060") {
    return handle(time, DatagramReceived{ListenerId{1}, *Endpoint::parse(from), bytes});
  }
  // To the engine itself, with credentials.
  std::string own_options(const std::string& id, const std::string& user) {
    std::string bytes = message(id, "OPTIONS", user, "x");
    bytes.replace(bytes.find("sip:bob@192.0.2.30"), 18, "sip:192.0.2.1");
    return bytes;
  }
  // A nonce of the engine's.
  void be_challenged() {
    EXPECT_THAT(send(seconds(1), message("0", "MESSAGE", "", "")), ElementsAre(HasSubstr("407 ")));
    const auto parsed = Message::parse(last, Framing::Datagram, {});
    challenge = answerable(**parsed, {"alice", "secret"}).at(0);
  }
  std::vector<std::string> answer(Duration time, StoreReply reply) {
    return handle(time, StoreReplied{query, std::move(reply)});
  }
  static StoreReply found(const std::string& user, const std::string& password) {
    return UserFound{secrets_from_password(user, "example.com", password)};
  }

  Engine engine{users_config(), seed_from_number(1)};
  QueryId query{};
  std::string last;
  std::set<std::string> sent;
  DigestChallenge challenge;
  std::uint32_t uses = 0;
};

TEST_F(StoredUsersTest, ARequestWaitsUntilItsUserIsKnownWhoThenIs) {
  be_challenged();
  EXPECT_THAT(send(seconds(2), message("1", "MESSAGE", "alice", "secret")), ElementsAre("customers example.com alice"));
  EXPECT_FALSE(engine.live().idle());
  EXPECT_THAT(answer(milliseconds(2100), found("alice", "secret")), ElementsAre(StartsWith("192.0.2.30:5060 MESSAGE")));
  EXPECT_THAT(send(seconds(3), message("2", "MESSAGE", "alice", "secret")),
              ElementsAre(StartsWith("192.0.2.30:5060 MESSAGE")))
      << "for a while";
  EXPECT_THAT(send(seconds(63), message("3", "MESSAGE", "alice", "secret")), Contains("customers example.com alice"));
  EXPECT_EQ(engine.counters().user_lookups, 2u);
}

// Neither the answer nor the way to it says whether there is such a user.
TEST_F(StoredUsersTest, NobodyIsAskedForLikeSomebody) {
  be_challenged();
  send(seconds(2), message("0b", "MESSAGE", "alice", "secret"));
  answer(seconds(2), found("alice", "secret"));  // she is remembered
  std::string to_nobody;
  for (const std::string id : {"1", "2"}) {
    EXPECT_THAT(send(seconds(3), message(id + "n", "MESSAGE", "nobody", "x")),
                ElementsAre("customers example.com nobody"));
    EXPECT_THAT(answer(seconds(3), UserFound{}), ElementsAre(HasSubstr("407 ")));
    to_nobody = last.substr(last.find("Proxy-Auth"), last.find("nonce=") - last.find("Proxy-Auth"));
    EXPECT_THAT(send(seconds(3), message(id + "a", "MESSAGE", "alice", "wrong")),
                ElementsAre("customers example.com alice"));
    EXPECT_THAT(answer(seconds(3), found("alice", "secret")), ElementsAre(HasSubstr("407 ")));
    EXPECT_EQ(last.substr(last.find("Proxy-Auth"), last.find("nonce=") - last.find("Proxy-Auth")), to_nobody);
  }
  EXPECT_THAT(send(seconds(4), message("3", "MESSAGE", "alice", "secret")),
              ElementsAre(StartsWith("192.0.2.30:5060 MESSAGE")))
      << "guesses make nobody forgotten";
}

// Whoever changes his password, or is taken out, is not let in by what was remembered.
TEST_F(StoredUsersTest, ANewPasswordCountsAtOnceAndThenTheOldOneDoesNot) {
  be_challenged();
  send(seconds(2), message("1", "MESSAGE", "alice", "old"));
  answer(seconds(2), found("alice", "old"));
  EXPECT_THAT(send(seconds(3), message("2", "MESSAGE", "alice", "new")), ElementsAre("customers example.com alice"));
  EXPECT_THAT(answer(seconds(3), found("alice", "new")), ElementsAre(StartsWith("192.0.2.30:5060 MESSAGE")));
  EXPECT_THAT(send(seconds(4), message("3", "MESSAGE", "alice", "old")), ElementsAre("customers example.com alice"));
  EXPECT_THAT(answer(seconds(4), found("alice", "new")), ElementsAre(HasSubstr("407 ")));
}

// One user of a realm for each request: whatever else it names is nobody.
TEST_F(StoredUsersTest, OneUserIsAskedForByARequest) {
  be_challenged();
  std::string bytes = message("1", "MESSAGE", "u1", "x");
  const std::string second = message("1", "MESSAGE", "alice", "secret");
  const std::size_t field = second.find("Proxy-Authorization"), end = second.find("\r\n", field) + 2;
  bytes.insert(bytes.find("Content-Length"), second.substr(field, end - field));
  EXPECT_THAT(send(seconds(2), bytes), ElementsAre("customers example.com u1"));
  EXPECT_THAT(answer(seconds(2), UserFound{}), ElementsAre(HasSubstr("407 ")));
  EXPECT_EQ(engine.counters().user_lookups, 1u);
}

// A nonce of somebody else's, or of before a restart, is a reason to come again for everybody (RFC 7616 §3.3).
TEST_F(StoredUsersTest, ANonceThatIsNotOursIsStale) {
  be_challenged();
  challenge.nonce = std::string(64, '0');
  EXPECT_THAT(send(seconds(2), message("1", "MESSAGE", "nobody", "x")), ElementsAre(HasSubstr("407 ")));
  EXPECT_THAT(last, HasSubstr("stale=true"));
}

// What stands before the right credentials does not hide them from the store.
TEST_F(StoredUsersTest, WhoHasGoneIsAskedForBehindAnyOtherCredentials) {
  be_challenged();
  send(seconds(2), message("1", "MESSAGE", "alice", "secret"));
  answer(seconds(2), found("alice", "secret"));
  std::string bytes = message("2", "MESSAGE", "alice", "secret");
  for (int i = 0; i < 8; ++i) {
    bytes.insert(bytes.find("Proxy-Authorization"), "Authorization: Digest realm=\"example.com\"\r\n");
  }
  EXPECT_THAT(send(seconds(70), bytes), Contains("customers example.com alice"));
  EXPECT_THAT(answer(seconds(70), UserFound{}), ElementsAre(HasSubstr("407 ")));
}

// Its transaction is its own, whatever has come in while it waited (RFC 3261 §17.2.3).
TEST_F(StoredUsersTest, ARequestThatWaitedIsKnownAgainByItsRepetition) {
  be_challenged();
  send(seconds(2), message("0b", "MESSAGE", "alice", "secret"));
  answer(seconds(2), found("alice", "secret"));
  const std::string invite = message("1", "INVITE", "bob", "secret");
  EXPECT_THAT(send(seconds(3), invite), ElementsAre("customers example.com bob"));
  send(seconds(3), message("2", "MESSAGE", "alice", "secret"));
  EXPECT_THAT(answer(seconds(3), found("bob", "secret")),
              ElementsAre(HasSubstr("100 "), StartsWith("192.0.2.30:5060 INVITE")));
  EXPECT_THAT(send(milliseconds(3200), invite), IsEmpty());
  EXPECT_THAT(send(milliseconds(3300), message("1", "CANCEL", "", "")), Contains(HasSubstr("SIP/2.0 200")));
}

TEST_F(StoredUsersTest, WithoutANonceOfOursNobodyIsAskedFor) {
  be_challenged();
  challenge.nonce = std::string(64, '0');
  EXPECT_THAT(send(seconds(2), message("1", "MESSAGE", "alice", "secret")), ElementsAre(HasSubstr("407 ")));
  EXPECT_EQ(engine.counters().user_lookups, 0u);
}

TEST_F(StoredUsersTest, ARepetitionIsNotAnotherRequestAndAQuestionIsAskedOnce) {
  be_challenged();
  const std::string first = message("1", "MESSAGE", "alice", "secret");
  EXPECT_THAT(send(seconds(2), first), SizeIs(1));
  EXPECT_THAT(send(milliseconds(2500), first, "192.0.2.10:9060"), IsEmpty()) << "from another port of its NAT";
  EXPECT_THAT(send(milliseconds(2600), message("2", "MESSAGE", "alice", "secret")), IsEmpty());
  EXPECT_EQ(engine.counters().retransmissions_in, 1u);
  EXPECT_THAT(answer(milliseconds(2700), found("alice", "secret")), SizeIs(2)) << "one for each request";
}

TEST_F(StoredUsersTest, WhereTheStoreDoesNotAnswerNobodyIsLetIn) {
  be_challenged();
  send(seconds(2), message("1", "MESSAGE", "alice", "secret"));
  EXPECT_THAT(answer(seconds(2), StoreUnavailable{"no connection"}),
              ElementsAre("store-changed state=down users=customers reason=\"no connection\"", HasSubstr("503 ")));
  EXPECT_THAT(last, HasSubstr("Retry-After: 5"));
  EXPECT_THAT(send(seconds(3), message("2", "MESSAGE", "alice", "secret")), ElementsAre(HasSubstr("503 ")))
      << "it is left alone for five seconds";
  send(seconds(7), message("3", "MESSAGE", "alice", "secret"));
  EXPECT_THAT(handle(seconds(9), DeadlineReached{}), ElementsAre(HasSubstr("503 "))) << "in time";
  EXPECT_THAT(answer(seconds(9), found("alice", "secret")), IsEmpty()) << "too late";
  EXPECT_EQ(engine.counters().user_lookup_failures, 2u);
  send(seconds(15), message("4", "MESSAGE", "alice", "secret"));
  EXPECT_THAT(answer(seconds(15), found("alice", "secret")),
              ElementsAre("store-changed state=up users=customers", StartsWith("192.0.2.30:5060 MESSAGE")));
  send(seconds(80), message("5", "MESSAGE", "alice", "secret"));
  EXPECT_THAT(answer(seconds(80), StoreUnavailable{"no connection"}), Contains(StartsWith("192.0.2.30:5060 MESSAGE")))
      << "she is known for longer than she is remembered";
  EXPECT_THAT(send(seconds(81), message("6", "MESSAGE", "alice", "wrong")), Contains(HasSubstr("503 ")));
  EXPECT_THAT(send(seconds(81), message("7", "MESSAGE", "nobody", "x")), Contains(HasSubstr("503 ")));
}

TEST_F(StoredUsersTest, WhatIsNoHashLetsNobodyInAndIsTold) {
  be_challenged();
  send(seconds(2), message("1", "MESSAGE", "alice", "secret"));
  EXPECT_THAT(answer(seconds(2), UserFound{{"", "secret", ""}}),
              ElementsAre("store-changed state=up users=customers reason=\"alice of example.com has no H(A1) of 64 "
                          "hexadecimal digits for SHA-256\"",
                          HasSubstr("407 ")));
  for (const std::string id : {"2", "3"}) {
    send(seconds(3), message(id, "MESSAGE", "alice", "secret"));
    EXPECT_THAT(answer(seconds(3), UserFound{{"", "secret", ""}}), ElementsAre(HasSubstr("407 ")))
        << "it has been told";
  }
  EXPECT_EQ(engine.counters().user_lookup_failures, 3u);
}

// A save that nobody made is refused whole.
TEST_F(StoredUsersTest, ASaveWhoseRowsDoNotFitIsRefused) {
  UserDesk desk;
  EXPECT_TRUE(desk.is_coherent());
  const auto request = Message::parse(message("1", "MESSAGE", "", ""), Framing::Datagram, {});
  desk.last_ticket = 1;
  desk.waits.emplace(1, UserWait{*request, {}, 7, QueryId{3}, {}});
  desk.by_key.emplace(7, 1);
  desk.by_source.emplace(IpAddress{}, 1);
  EXPECT_FALSE(desk.is_coherent()) << "it waits for no question";
  desk.questions.emplace(QueryId{3}, UserQuestion{"customers", "example.com", "alice", {1}, {}});
  desk.by_user.emplace(std::pair("customers", "alice"), QueryId{3});
  EXPECT_TRUE(desk.is_coherent());
  desk.by_source.begin()->second = 2;
  EXPECT_FALSE(desk.is_coherent()) << "two of that source, and one waits";
  desk.by_source.begin()->second = 1;
  desk.by_user.begin()->second = QueryId{4};
  EXPECT_FALSE(desk.is_coherent()) << "another question than its own";
}

TEST_F(StoredUsersTest, OneSourceMayNotHaveAllWait) {
  be_challenged();
  for (const std::string id : {"1", "2", "3"}) send(seconds(2), message(id, "MESSAGE", "user" + id, "x"));
  EXPECT_THAT(send(seconds(2), message("4", "MESSAGE", "user4", "x")), ElementsAre(HasSubstr("503 ")));
  EXPECT_EQ(engine.counters().user_lookup_failures, 1u);
  EXPECT_THAT(send(seconds(2), own_options("4o", "user4")), ElementsAre(HasSubstr("200 "))) << "nobody asks for it";
  EXPECT_THAT(send(seconds(2), message("5", "MESSAGE", "user5", "x"), "192.0.2.11:5060"),
              ElementsAre("customers example.com user5"));
  EXPECT_THAT(answer(seconds(2), UserFound{}), ElementsAre(HasSubstr("407 ")));
}

// Whoever is taken out does not come in again by crowding out his own question.
TEST_F(StoredUsersTest, WhoWasKnownIsAskedForWhereThereIsNoRoom) {
  be_challenged();
  send(seconds(2), message("0a", "MESSAGE", "alice", "secret"));
  answer(seconds(2), found("alice", "secret"));
  for (const std::string id : {"1", "2", "3"}) send(seconds(70), message(id, "MESSAGE", "user" + id, "x"));
  EXPECT_THAT(send(seconds(70), message("4", "MESSAGE", "alice", "secret")), Contains(HasSubstr("503 ")));
}

TEST_F(StoredUsersTest, ACancelEndsAnInviteThatWaits) {
  be_challenged();
  const std::string invite = message("1", "INVITE", "alice", "secret");
  send(seconds(2), message("0b", "OPTIONS", "", ""));
  EXPECT_THAT(send(seconds(2), invite), SizeIs(1));
  EXPECT_THAT(send(milliseconds(2100), message("1", "CANCEL", "", "")),
              ElementsAre(HasSubstr("SIP/2.0 200"), HasSubstr("SIP/2.0 487")));
  EXPECT_THAT(answer(milliseconds(2200), found("alice", "secret")), IsEmpty());
  EXPECT_THAT(send(milliseconds(2300), invite), IsEmpty()) << "it was late, and the caller has given up";
  EXPECT_EQ(engine.counters().user_lookups, 1u);
  send(milliseconds(2400), message("1", "ACK", "", ""));
  handle(seconds(40), DeadlineReached{});
  EXPECT_TRUE(engine.live().idle());
}

// A reload forgets nobody, nor that the store is away.
TEST_F(StoredUsersTest, WhoWasRightIsKnownAfterAReload) {
  be_challenged();
  send(seconds(2), message("1", "MESSAGE", "alice", "secret"));
  answer(seconds(2), found("alice", "secret"));
  Config changed = users_config();
  changed.rules.push_back({"more", {}, RelayAction{.target = *Uri::parse("sip:192.0.2.31")}});
  changed.auth[0].stale = std::chrono::minutes(5);
  handle(seconds(3), ConfigurationChanged{changed});
  EXPECT_THAT(send(seconds(4), message("2", "MESSAGE", "alice", "secret")),
              ElementsAre(StartsWith("192.0.2.30:5060 MESSAGE")));
}

TEST_F(StoredUsersTest, GoesOnWhereItWasSaved) {
  be_challenged();
  send(seconds(2), message("1", "MESSAGE", "alice", "secret"));
  auto loaded = Engine::load(users_config(), engine.save());
  ASSERT_TRUE(loaded) << loaded.error();
  EXPECT_EQ(loaded->save(), engine.save());
  engine = *std::move(loaded);
  EXPECT_THAT(answer(milliseconds(2100), found("alice", "secret")), ElementsAre(StartsWith("192.0.2.30:5060 MESSAGE")));
  loaded = Engine::load(users_config(), engine.save());
  ASSERT_TRUE(loaded) << loaded.error();
  engine = *std::move(loaded);
  EXPECT_THAT(send(seconds(3), message("2", "MESSAGE", "alice", "secret")),
              ElementsAre(StartsWith("192.0.2.30:5060 MESSAGE")));
}

// Two realms, each with a store of its own that takes its time.
class TwoRealmsTest : public StoredUsersTest {
 protected:
  TwoRealmsTest() {
    Config config = users_config();
    config.limits.transactions_per_source = 10;
    config.auth.push_back(config.auth[0]);
    config.auth[1].name = config.auth[1].realm = "others";
    config.user_stores.push_back(config.user_stores[0]);
    config.user_stores[1].auth = "others";
    for (UserStoreConfig& each : config.user_stores) each.store.timeout = seconds(10);
    config.rules.push_back({"more", {}, RelayAction{.target = *Uri::parse("sip:192.0.2.31")}, std::nullopt, "others"});
    config.rules.front().when.methods = {"MESSAGE"};
    engine = Engine(config, seed_from_number(1));
    handle(seconds(0), WallClock{WallTime(seconds(1'767'225'600))});
    send(seconds(1), message("0o", "INFO", "", ""));
    challenge = answerable(**Message::parse(last, Framing::Datagram, {}), {"alice", "secret"}).at(0);
    const std::string other = message("1", "MESSAGE", "alice", "secret");
    be_challenged();
    both = message("1", "MESSAGE", "alice", "secret");
    const std::size_t field = other.find("Proxy-Authorization"), end = other.find("\r\n", field) + 2;
    both.insert(both.find("Content-Length"), other.substr(field, end - field));
  }

  std::string both;  // a request with credentials for either
};

TEST_F(TwoRealmsTest, AStoreThatDoesNotAnswerIsAskedOnceByOneRequest) {
  EXPECT_THAT(send(seconds(2), both), ElementsAre("customers example.com alice"));
  EXPECT_THAT(handle(seconds(12), DeadlineReached{}), Contains("others others alice"));
  EXPECT_THAT(handle(seconds(22), DeadlineReached{}), Contains(HasSubstr("503 ")));
  EXPECT_EQ(engine.counters().user_lookups, 2u);
  EXPECT_EQ(engine.live().queries, 0u);
}

// The store has answered another request meanwhile; of this one still nobody knows who it is of.
TEST_F(TwoRealmsTest, WhoWasAskedForInVainIsNoStrangerWhenTheStoreIsBack) {
  send(seconds(2), both);
  EXPECT_THAT(handle(seconds(12), DeadlineReached{}), Contains("others others alice"));
  const QueryId others = query;
  EXPECT_THAT(send(seconds(18), message("2", "MESSAGE", "bob", "secret")), ElementsAre("customers example.com bob"));
  EXPECT_THAT(answer(seconds(18), found("bob", "secret")), Contains(StartsWith("192.0.2.30:5060 MESSAGE")));
  query = others;
  EXPECT_THAT(answer(seconds(20), UserFound{}), ElementsAre(HasSubstr("503 ")));
}

TEST(StoredUsersProblem, ARealmOutsideNeedsAStore) {
  Config config = users_config();
  config.user_stores.clear();
  EXPECT_EQ(problem_with(config), "the users of 'customers' are outside, and it is not said where");
}

// Only who was right is remembered: strangers have nobody forgotten.
TEST(StoredUsersMemory, IsForThoseWhoWereRight) {
  const Config config = users_config();
  DigestAuthenticator authenticator(config.auth[0], config.proxy.key);
  const auto request = Message::parse(
      "REGISTER sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKa\r\nFrom: <sip:a@x>;tag=1\r\n"
      "To: <sip:a@x>\r\nCall-ID: a\r\nCSeq: 1 REGISTER\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
      Framing::Datagram, {});
  for (std::size_t i = 0; i < 1000; ++i) {
    const std::string user = "user" + std::to_string(i);
    authenticator.told(at(seconds(0)), **request, user, {secrets_from_password(user, "example.com", "secret"), {}});
    authenticator.forget_told();
    EXPECT_FALSE(authenticator.remembers(user));
  }
}

}  // namespace stored_users
}  // namespace intermediary
