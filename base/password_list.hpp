#pragma once
// A list of passwords nobody may have, far larger than memory should hold: one line for each, the SHA-1 of
// its UTF-8 in hexadecimal, then perhaps ":" and a count, the lines in rising order. Lists of breached
// passwords are handed about in this form; nothing here rests on the strength of SHA-1.
#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace sekisho {

constexpr std::size_t password_list_line_bytes_max = 64;

// ReadAt fills `into` from `offset` and says how many bytes there were; fewer only at the end.
using ReadAt = std::function<Result<std::size_t>(std::uint64_t offset, std::span<char> into)>;

// password_list_entry is what stands for a password in the list: 40 upper-case hexadecimal digits.
std::string password_list_entry(std::string_view password);

// list_holds looks for an entry by halving: at most 64 reads of 128 bytes, whatever the size.
// Errors: Errc::malformed where a line has not the form above; what `read` reports.
Result<bool> list_holds(const ReadAt& read, std::uint64_t size_bytes, std::string_view entry);

// judge_list reads lines evenly spread over the list, first and last among them.
// Errors: Errc::malformed, with the place, when one has not the form above or they do not rise.
Result<> judge_list(const ReadAt& read, std::uint64_t size_bytes);

}  // namespace sekisho
