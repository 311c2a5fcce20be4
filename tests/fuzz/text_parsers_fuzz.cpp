// Any text gives an answer, and what was read prints in a form that reads back the same.
#include "base/civil_time.hpp"
#include "base/edit_distance.hpp"
#include "base/ip.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace {

void require(bool holds) {
    if (!holds) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sekisho;
    const auto text = as_text({data, size});
    if (const auto address = parse_ip(text)) require(parse_ip(to_text(*address)) == address);
    if (const auto prefix = parse_prefix(text)) {
        require(parse_prefix(to_text(*prefix)) == prefix);
        require(prefix->contains(prefix->network) && NetworkSet({*prefix}).contains(prefix->network));
    }
    if (const auto date = parse_date(text)) require(to_text(*date) == text);
    if (const auto time = parse_rfc3339(text)) {
        const bool four_digit_year =
            *time >= WallTime{std::chrono::sys_days{std::chrono::year{1} / 1 / 1}} &&
            *time < WallTime{std::chrono::sys_days{std::chrono::year{10000} / 1 / 1}};
        require(!four_digit_year || parse_rfc3339(to_rfc3339_utc(*time)) == time);
    }
    if (const auto days = parse_days(text)) require(*days != 0 && *days <= 0x7f);
    if (const auto minute = parse_minute_of_day(text)) require(*minute <= 1440);
    if (const auto duration = parse_duration(text))
        require(parse_duration(duration_text(*duration)) == duration);
    if (const auto bytes = parse_size(text)) require(parse_size(size_text(*bytes)) == bytes);
    if (const auto number = parse_unsigned(text)) require(std::to_string(*number) == text);
    std::string json;
    append_json_string(json, text);
    require(is_utf8(json) && is_utf8(printable(text)));
    require(!is_utf8(text) || is_utf8(cut_utf8(text, size / 2)));
    require(edit_distance(text, text) == 0 || size > 64);
    return 0;
}
