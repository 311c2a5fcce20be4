#include "telemetry/line_text.hpp"

namespace sekisho::telemetry {
namespace {

// Writes `digits` decimal digits of `value`, leading zeros kept.
void put_digits(char* out, int digits, std::int64_t value) {
    for (int i = digits; i-- > 0; value /= 10) out[i] = static_cast<char>('0' + value % 10);
}

}  // namespace

void append_time(std::string& out, WallTime time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const std::int64_t millis = (time - day).count();
    char text[] = "0000-00-00T00:00:00.000Z";
    put_digits(text, 4, static_cast<int>(date.year()));
    put_digits(text + 5, 2, static_cast<unsigned>(date.month()));
    put_digits(text + 8, 2, static_cast<unsigned>(date.day()));
    put_digits(text + 11, 2, millis / 3'600'000);
    put_digits(text + 14, 2, millis / 60'000 % 60);
    put_digits(text + 17, 2, millis / 1000 % 60);
    put_digits(text + 20, 3, millis % 1000);
    out.append(text, sizeof text - 1);
}

void append_hex(std::string& out, std::string_view bytes) {
    constexpr char digits[] = "0123456789abcdef";
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out.push_back(digits[byte >> 4]);
        out.push_back(digits[byte & 15]);
    }
}

}  // namespace sekisho::telemetry
