// Why the shield is there (docs/security.md): each fault of sofia-sip that our rules go by, shown on the installed
// library, and what we do with the same input. Where the library may crash, hang or eat memory, a child process with
// limits runs it. When a newer sofia-sip makes one of these fail, its rule may be reconsidered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sofia-sip/msg.h>
#include <sofia-sip/msg_mime.h>
#include <sofia-sip/msg_mime_protos.h>
#include <sofia-sip/sdp.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_parser.h>
#include <sofia-sip/sip_protos.h>
#include <sofia-sip/su_alloc.h>
#include <sofia-sip/url.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fstream>
#include <memory>
#include <thread>

#include "message/message.h"
#include "message/sdp.h"
#include "message/values.h"

namespace intermediary {
namespace {

using testing::HasSubstr;

// ---- children ----

enum class Fate : unsigned char { Ended, Crashed, GrewWithoutEnd, Hung };

constexpr std::size_t growth_bound = std::size_t{64} << 20;
constexpr auto time_bound = std::chrono::seconds(10);

std::size_t resident_bytes(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/statm");
  std::size_t total = 0, resident = 0;
  status >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// What becomes of a process that does this. Sanitizers make address space limits useless, so we watch it ourselves.
template <class Work>
Fate fate_of(Work work) {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);  // without a sanitizer's report
    std::signal(SIGABRT, SIG_DFL);
    const rlimit small_stack{1 << 20, 1 << 20};
    setrlimit(RLIMIT_STACK, &small_stack);
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    work();
    _exit(0);
  }
  const std::size_t at_first = resident_bytes(getpid());
  const auto end = std::chrono::steady_clock::now() + time_bound;
  int status = 0;
  std::optional<Fate> stopped;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (!stopped && resident_bytes(child) > at_first + growth_bound) stopped = Fate::GrewWithoutEnd;
    if (!stopped && std::chrono::steady_clock::now() > end) stopped = Fate::Hung;
    if (stopped) kill(child, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return stopped.value_or(WIFSIGNALED(status) ? Fate::Crashed : Fate::Ended);
}

// A copy that ends where its memory ends: reading on is a crash.
char* at_the_edge(std::string_view text) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  auto* pages = static_cast<char*>(mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  mprotect(pages + page, page, PROT_NONE);
  char* copy = pages + page - text.size() - 1;
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  return copy;
}

double cpu_seconds_of(auto work) {
  const std::clock_t begin = std::clock();
  work();
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

// ---- messages ----

std::string options(std::string_view more_lines, std::string_view version = "SIP/2.0", std::string_view body = "") {
  return "OPTIONS sip:a@b.example " + std::string(version) +
         "\r\nVia: SIP/2.0/UDP h.example;branch=z9hG4bK1\r\nFrom: <sip:a@b.example>;tag=1\r\nTo: <sip:a@b.example>\r\n"
         "Call-ID: 1\r\nCSeq: 1 OPTIONS\r\n" +
         std::string(more_lines) + "\r\n" + std::string(body);
}

using SofiaMessage = std::unique_ptr<msg_t, decltype(&msg_destroy)>;

SofiaMessage sofia_parse(const std::string& bytes) {
  return {msg_make(sip_default_mclass(), 0, bytes.data(), static_cast<ssize_t>(bytes.size())), &msg_destroy};
}

sip_t* sip_of(const SofiaMessage& message) { return sip_object(message.get()); }

ParseError our_error(const std::string& bytes) {
  auto parsed = Message::parse(bytes, Framing::Datagram, Limits{});
  EXPECT_FALSE(parsed);
  return parsed ? ParseError{} : parsed.error().error;
}

std::string repeated(std::size_t count, std::string_view first, std::string_view next) {
  std::string text(first);
  for (std::size_t i = 1; i < count; ++i) text += next;
  return text;
}

// ---- whole messages ----

TEST(SofiaShieldTest, ALoneCrOrLfBeginsANewHeader) {
  for (const char* line_end : {"\r", "\n"}) {
    const std::string bytes = options("Subject: hi" + std::string(line_end) + "Route: <sip:snare.example>\r\n");
    const auto theirs = sofia_parse(bytes);
    ASSERT_TRUE(sip_of(theirs)->sip_route);
    EXPECT_STREQ(sip_of(theirs)->sip_route->r_url->url_host, "snare.example");
    EXPECT_EQ(our_error(bytes).fault, Fault::ControlCharacter);
  }
}

TEST(SofiaShieldTest, NumbersAndVersionsOutOfRangeAreTaken) {
  const auto theirs = sofia_parse(options("Max-Forwards: 256\r\nExpires: 4294967296\r\n", "SIP/3.0"));
  EXPECT_STREQ(sip_of(theirs)->sip_request->rq_version, "SIP/3.0");
  EXPECT_EQ(sip_of(theirs)->sip_max_forwards->mf_count, 256);
  EXPECT_EQ(sip_of(theirs)->sip_expires->ex_delta, 4294967296);
  EXPECT_FALSE(sip_of(theirs)->sip_error);

  EXPECT_EQ(our_error(options("", "SIP/3.0")).answer, Answer::VersionNotSupported);
  EXPECT_EQ(our_error(options("Max-Forwards: 256\r\n")).fault, Fault::BadValue);
  EXPECT_EQ(parse_delta_seconds("4294967296"), 4294967295);
}

TEST(SofiaShieldTest, ABodyShorterThanItsContentLengthIsNoError) {
  const std::string bytes = options("Content-Length: 100\r\n", "SIP/2.0", "short");
  const auto theirs = sofia_parse(bytes);
  EXPECT_EQ(sip_of(theirs)->sip_content_length->l_length, 100);
  EXPECT_FALSE(sip_of(theirs)->sip_error);
  EXPECT_FALSE(sip_of(theirs)->sip_payload);
  EXPECT_EQ(msg_extract_errors(theirs.get()), 0);
  EXPECT_EQ(our_error(bytes).fault, Fault::Truncated);
}

TEST(SofiaShieldTest, ACopyLosesBadAndDuplicateHeaders) {
  const std::string bytes = options("Call-ID: 2\r\nMax-Forwards: x\r\n");
  const auto theirs = sofia_parse(bytes);
  ASSERT_TRUE(sip_of(theirs)->sip_error);
  const SofiaMessage copy(msg_dup(theirs.get()), &msg_destroy);
  EXPECT_FALSE(sip_of(copy)->sip_error);
  EXPECT_EQ(our_error(bytes).fault, Fault::DuplicateField);
}

TEST(SofiaShieldTest, WholeMessageParsingIsQuadraticInHeaderLines) {
  const auto seconds = [](std::size_t lines) {
    const std::string bytes = options(repeated(lines, "X-Thread: a\r\n", "X-Thread: a\r\n"));
    return cpu_seconds_of([&] { sofia_parse(bytes); });
  };
  EXPECT_GT(seconds(8000), 20 * seconds(1000)) << "8 times the lines";
  EXPECT_EQ(our_error(options(repeated(129, "X-Thread: a\r\n", "X-Thread: a\r\n"))).fault, Fault::TooManyFields);
}

TEST(SofiaShieldTest, SerialisingIsQuadraticInTheEntriesOfAList) {
  const auto seconds = [](std::size_t entries) {
    const auto theirs = sofia_parse(options("Contact: " + repeated(entries, "a:b", ",a:b") + "\r\n"));
    msg_serialize(theirs.get(), msg_object(theirs.get()));
    return cpu_seconds_of([&] { msg_prepare(theirs.get()); });
  };
  if (fate_of([&] { seconds(10000); }) == Fate::Crashed) GTEST_SKIP() << "the list's recursion needs a larger stack";
  EXPECT_GT(seconds(10000), 20 * seconds(1250)) << "8 times the entries";
}

// ---- lists ----

TEST(SofiaShieldTest, ListsAreParsedByRecursion) {
  const std::string bytes = options("Contact: " + repeated(100000, "a:b", ",a:b") + "\r\n");
  EXPECT_EQ(fate_of([&] { sofia_parse(bytes); }), Fate::Crashed);
  EXPECT_EQ(our_error(bytes).fault, Fault::TooLarge);

  const auto message =
      Message::parse(options("Contact: " + repeated(33, "a:b", ",a:b") + "\r\n"), Framing::Datagram, {});
  ASSERT_TRUE(message);
  EXPECT_EQ(name_addresses(**message, FieldName::Contact).error().fault, Fault::TooManyEntries);
}

// ---- URIs ----

TEST(SofiaShieldTest, ParameterLookupReadsPastTheEnd) {
  const auto look_up = [] {
    char value[16];
    url_param(at_the_edge("lrx"), "lr", value, sizeof value);
  };
  EXPECT_EQ(fate_of(look_up), Fate::Crashed);
  const auto ask = [] {
    url_t url{};
    url.url_type = url_sip;
    url.url_params = at_the_edge("lrx");
    url_has_param(&url, "lr");
  };
  EXPECT_EQ(fate_of(ask), Fate::Crashed);
  EXPECT_FALSE(Uri::parse("sip:b.example;lrx")->has_parameter("lr"));
}

TEST(SofiaShieldTest, ComparisonOfTelephoneNumbersReadsPastTheEnd) {
  const auto compare = [] {
    url_t a{}, b{};
    url_d(&a, at_the_edge("tel:+1."));
    url_d(&b, at_the_edge("tel:+1-"));
    url_cmp(&a, &b);
  };
  EXPECT_EQ(fate_of(compare), Fate::Crashed);
  EXPECT_TRUE(equivalent(*Uri::parse("tel:+1."), *Uri::parse("tel:+1-")));
}

TEST(SofiaShieldTest, HeadersOfAUriAreUnescapedIntoLines) {
  su_home_t home{};
  su_home_init(&home);
  const std::string_view query = "subject=hi%0d%0aRoute:%20%3Csip:snare.example%3E";
  EXPECT_THAT(url_query_as_header_string(&home, query.data()), HasSubstr("\r\nRoute: <sip:snare.example>"));
  su_home_deinit(&home);
  EXPECT_EQ(Uri::parse("sip:b.example?" + std::string(query))->headers, query);
}

// ---- bodies ----

TEST(SofiaShieldTest, SdpParsingAllocatesWithoutEnd) {
  for (const char* media : {"m=audio 5004 udp 0 ;", "m=audio 5004 MADE/UP [", "m=audio 5004 udp /"}) {
    const std::string text =
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n" + std::string(media) + "\r\n";
    const auto parse = [&] {
      su_home_t home{};
      su_home_init(&home);
      sdp_parse(&home, text.data(), static_cast<issize_t>(text.size()), 0);
    };
    EXPECT_EQ(fate_of(parse), Fate::GrewWithoutEnd) << media;
    EXPECT_EQ(Sdp::parse(text)->to_string(), text);
  }
}

void sofia_parse_multipart(su_home_t* home, char* body, std::size_t size) {
  msg_content_type_t* type = sip_content_type_make(home, "multipart/mixed;boundary=seam");
  msg_payload_t payload{};
  payload.pl_data = body;
  payload.pl_len = static_cast<isize_t>(size);
  msg_multipart_parse(home, type, &payload);
}

TEST(SofiaShieldTest, MultipartParsingReadsPastAShortBody) {
  const auto parse = [] {
    su_home_t home{};
    su_home_init(&home);
    sofia_parse_multipart(&home, at_the_edge("-"), 1);
  };
  EXPECT_EQ(fate_of(parse), Fate::Crashed);
}

}  // namespace
}  // namespace intermediary
