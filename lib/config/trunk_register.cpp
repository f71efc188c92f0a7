// `register` of [trunk.NAME]: how a trunk is registered with whom it leads to.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "config/draft.h"
#include "config/words.h"

namespace intermediary {
namespace {

constexpr std::size_t longest_login = 256;

bool is_login_text(std::string_view text) {
  return !text.empty() && text.size() <= longest_login &&
         std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != '\x7f'; });
}

void must_have(TableReader& reader, std::string_view key, const std::string& what) {
  if (!reader.has(key)) reader.problems().error(reader.at(), reader.naming(key) + " is missing: " + what);
}

// A file ends with the end of a line, which no password has.
std::string_view without_line_end(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// H(A1) in hexadecimal digits: 32 are by MD5, 64 by SHA-256.
void read_secrets(TableReader& reader, DigestLogin& login) {
  for (const Placed<std::string>& given : reader.texts("ha1")) {
    const std::string secret = lowercase(without_line_end(given.value));
    const bool hexadecimal = std::ranges::all_of(secret, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
    DigestAlgorithm algorithm = DigestAlgorithm::Md5;
    if (secret.size() != digest_digits(algorithm)) algorithm = DigestAlgorithm::Sha256;
    if (!hexadecimal || secret.size() != digest_digits(algorithm)) {
      reader.problems().error(given.at,
                              reader.naming("ha1") + " is neither 32 (MD5) nor 64 (SHA-256) hexadecimal digits");
      continue;
    }
    std::string& known = login.secrets[static_cast<std::size_t>(algorithm)];
    if (!known.empty()) {
      reader.problems().error(given.at, reader.naming("ha1") + " has two by " + std::string(algorithm_name(algorithm)));
    }
    known = secret;
  }
  if (reader.has("ha1") && !reader.has("realm")) {
    reader.problems().error(reader.key_at("ha1"), reader.naming("ha1") + " needs 'realm', which is part of it");
  }
}

// Nothing that is wrong with a password shows it.
void read_login(TableReader& reader, DigestLogin& login) {
  if (const auto user = reader.text("user")) {
    login.user = user->value;
    if (!is_login_text(login.user) || login.user.find(':') != std::string::npos) {
      reader.problems().error(user->at, reader.naming("user") + " is a name of up to 256 characters, without ':'");
    }
  }
  must_have(reader, "user", "whom the registrar knows us as");
  if (const auto realm = reader.text("realm")) {
    login.realm = realm->value;
    if (!is_login_text(login.realm)) {
      reader.problems().error(realm->at,
                              reader.naming("realm") + " is what the registrar asks for, such as \"example.net\"");
    }
  }
  if (const auto password = reader.text("password")) {
    login.password = without_line_end(password->value);
    if (!is_login_text(login.password)) {
      reader.problems().error(password->at,
                              reader.naming("password") + " is empty, too long, or has control characters");
    }
  }
  read_secrets(reader, login);
  if (reader.has("password") && reader.has("ha1")) {
    reader.problems().error(reader.key_at("ha1"), reader.naming("ha1") + " and 'password' exclude each other");
  } else if (!reader.has("ha1")) {
    must_have(reader, "password", "password = \"${NAME}\" or \"file:PATH\", or its hash as 'ha1'");
  }
}

// RFC 3261 §10.2: the userinfo and "@" must not be there.
void read_registrar_uri(TableReader& reader, TrunkRegistration& registration) {
  const auto text = reader.text("registrar");
  if (!text) return;
  const std::expected<Uri, ValueError> uri = Uri::parse(text->value);
  std::string problem = uri ? problem_with_target(*uri) : uri.error().detail;
  if (problem.empty() && uri->has_user) problem = "a registrar is a host, without a user; 'aor' says who registers";
  if (problem.empty()) {
    registration.registrar = *uri;
  } else {
    reader.problems().error(text->at, reader.naming("registrar") + " is a URI such as \"sip:example.net\": " + problem);
  }
}

std::optional<Uri> parse_address(const std::string& text) {
  const std::expected<Uri, ValueError> uri = Uri::parse(text);
  const bool good = uri && uri->is_sip() && uri->has_user && uri->parameters.empty() && uri->headers.empty();
  return good ? std::optional(*uri) : std::nullopt;
}

// A login such as "490301234@example.net" is the address already.
void read_address(TableReader& reader, TrunkRegistration& registration) {
  if (const auto text = reader.text("aor")) {
    registration.address_of_record = parse_address(text->value);
    if (!registration.address_of_record) {
      reader.problems().error(text->at,
                              reader.naming("aor") + " is an address of record such as \"sip:490301234@example.net\"");
    }
  } else if (const std::size_t at = registration.login.user.rfind('@'); at != std::string::npos) {
    registration.address_of_record = parse_address("sip:" + escaped_user(registration.login.user.substr(0, at)) +
                                                   registration.login.user.substr(at));
  }
}

void read_contact_user(TableReader& reader, TrunkRegistration& registration) {
  registration.contact_user =
      registration.address_of_record ? registration.address_of_record->user : escaped_user(registration.login.user);
  const auto text = reader.text("contact_user");
  if (!text) return;
  registration.contact_user = escaped_user(text->value);
  if (!is_login_text(text->value)) {
    reader.problems().error(text->at,
                            reader.naming("contact_user") + " is whom the registrar is to call, such as \"490301234\"");
  }
}

void read_gateways(TableReader& reader, std::vector<Cidr>& gateways) {
  for (const Placed<std::string>& text : reader.texts("gateways")) {
    if (text.value == "any") {
      gateways.insert(gateways.end(), {*Cidr::parse("0.0.0.0/0"), *Cidr::parse("::/0")});
    } else if (const std::optional<Cidr> prefix = Cidr::parse(text.value)) {
      gateways.push_back(*prefix);
    } else {
      reader.problems().error(text.at, "'" + text.value + "' in " + reader.naming("gateways") +
                                           " is not an address, a prefix such as '203.0.113.0/24', or 'any'");
    }
  }
}

void read_retry(TableReader& reader, RegistrationRetry& retry) {
  std::optional<TableReader> table = reader.table("retry", "'retry' of " + reader.name());
  if (!table) return;
  table->duration("base", retry.base, range::registration_retry);
  table->duration("max", retry.max, range::registration_retry);
  table->finish();
  if (retry.base <= retry.max) return;
  table->problems().error(table->at(), "'retry' of " + reader.name() + " must have base <= max, not " +
                                           duration_text(retry.base) + " and " + duration_text(retry.max));
}

}  // namespace

void read_registration(TableReader& trunk, const PeerGroupConfig& group, Draft& draft) {
  std::optional<TableReader> reader = trunk.table("register", "'register' of [trunk." + group.name + "]");
  if (!reader) return;
  TrunkRegistration registration;
  registration.trunk = group.name;
  read_login(*reader, registration.login);
  read_registrar_uri(*reader, registration);
  read_address(*reader, registration);
  read_contact_user(*reader, registration);
  Duration expires = registration.expires;
  reader->duration("expires", expires, range::trunk_registration);
  registration.expires = std::chrono::duration_cast<std::chrono::seconds>(expires);
  read_retry(*reader, registration.retry);
  read_gateways(*reader, registration.gateways);
  // RFC 6140, RFC 5626.
  reader->later({"bulk", "gin", "outbound", "reg_id", "instance"});
  reader->finish();
  draft.registrations.push_back(reader->has("registrar") ? reader->key_at("registrar") : reader->at());
  draft.config.registrations.push_back(std::move(registration));
}

}  // namespace intermediary
