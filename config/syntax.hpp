#pragma once
// Syntax of the small things a configuration is made of: hosts, URLs, paths, what a plain YAML scalar might
// be taken for.
#include "base/ip.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sekisho::config {

// is_host: a host name of letters, digits and inner hyphens (lower case), or an address literal; an IPv6
// address stands without brackets.
bool is_host(std::string_view text);
// is_authority: a host, IPv6 in brackets, and an optional port.
bool is_authority(std::string_view text);
std::optional<std::uint16_t> parse_port(std::string_view text);
std::optional<std::pair<IpAddress, std::uint16_t>> parse_endpoint(std::string_view text);
// parse_origin gives the origin in its one spelling: lower case, no default port (RFC 6454 section 6.2).
std::optional<std::string> parse_origin(std::string_view text);
// is_url_path: begins with '/', no empty or dot segment, no query, no ';' or backslash; and spelled as
// requests are compared (canonical_path): escapes in upper case, of bytes that have no plain spelling.
bool is_url_path(std::string_view text) noexcept;
bool is_method(std::string_view text) noexcept;
bool is_env_name(std::string_view text) noexcept;

// is_boolean_word: y, n, yes, no, on, off, true, false in any case (YAML 1.1).
bool is_boolean_word(std::string_view text);
// is_number_like: what some YAML reader takes for a number, in decimal, octal, hexadecimal, with underscores
// or to the base 60.
bool is_number_like(std::string_view text) noexcept;

// is_mail_address: one mailbox without display name, comment or quoting.
bool is_mail_address(std::string_view text);

}  // namespace sekisho::config
