// Whatever a Cookie or Set-Cookie field holds: ours are found only by exact name, none of them passes either
// way, and what is written parses as one line. The bytes stand as both fields' values.
#include "gateway/http/cookies.hpp"

#include <string>

namespace {

using namespace sekisho::gateway;

void require(bool holds) {
    if (!holds) __builtin_trap();
}

// as_field_value makes the input what the codec would let through.
std::string as_field_value(const std::uint8_t* data, std::size_t size) {
    std::string value;
    for (std::size_t i = 0; i < size; ++i)
        if (data[i] == '\t' || (data[i] >= 0x20 && data[i] != 0x7f))
            value.push_back(static_cast<char>(data[i]));
    return std::string(trim_blanks(value));
}

RequestHead head_of(const Field& field) {
    RequestHead head;
    head.fields = {&field, 1};
    head.present.add(FieldId::cookie);
    return head;
}

void check_cookie(const std::string& value) {
    const Field field{"Cookie", value, FieldId::cookie};
    const RequestHead head = head_of(field);
    find_our_cookies(head);
    std::string buffer(2 * value.size() + 64, '\0');
    HeadWriter out(buffer);
    write_cookies_without_ours(head, out);
    require(!out.overflowed());
    if (out.size_bytes() == 0) return;
    const std::string_view written = out.text();
    require(written.starts_with("Cookie: ") && written.ends_with("\r\n"));
    const Field again{"Cookie", written.substr(8, written.size() - 10), FieldId::cookie};
    const OurCookies found = find_our_cookies(head_of(again));
    for (std::size_t i = 0; i < found.values.size(); ++i)
        require(found.values[i].empty() && !found.repeated[i]);
}

void check_set_cookie(const std::string& value) {
    const Field field{"Set-Cookie", value, FieldId::set_cookie};
    std::string buffer(2 * value.size() + 64, '\0');
    HeadWriter out(buffer);
    const SetCookieVerdict verdict = write_filtered_set_cookie(field, {}, out);
    require(!out.overflowed() && (out.size_bytes() == 0) == (verdict == SetCookieVerdict::drop));
    if (verdict == SetCookieVerdict::drop) return;
    const std::string_view written = out.text().substr(12, out.size_bytes() - 14);
    require(judge_set_cookie(written, {}) == SetCookieVerdict::pass);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string value = as_field_value(data, size);
    check_cookie(value);
    check_set_cookie(value);
    return 0;
}
