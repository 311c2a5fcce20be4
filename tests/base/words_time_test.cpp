// Goal: times read as the word list says, in both languages, also across years and days.
// Method: fixed instants in Tokyo and in a zone without letters.
#include "base/words_time.hpp"

#include <gtest/gtest.h>

namespace sekisho {
namespace {

WallTime at(std::string_view stamp) { return parse_rfc3339(stamp).value(); }
Zone tokyo() { return Zone::find("Asia/Tokyo").value(); }
constexpr auto ja = Language::ja;
constexpr auto en = Language::en;

TEST(WordsTime, DatesInText) {
    const auto now = at("2026-11-24T10:42:07+09:00");
    EXPECT_EQ(date_in_text(at("2026-11-25T00:00:00+09:00"), now, tokyo(), ja), "11月25日（水）");
    EXPECT_EQ(date_in_text(at("2026-11-25T00:00:00+09:00"), now, tokyo(), en), "Wed 25\u00a0Nov");
    EXPECT_EQ(date_in_text(at("2027-01-08T09:00:00+09:00"), now, tokyo(), ja), "2027年1月8日（金）");
    EXPECT_EQ(date_in_text(at("2027-01-08T09:00:00+09:00"), now, tokyo(), en), "8\u00a0Jan\u00a02027");
}

TEST(WordsTime, DatesInTables) {
    EXPECT_EQ(date_in_table(at("2026-11-25T22:00:00+09:00"), tokyo(), ja), "2026/11/25 22:00 JST");
    EXPECT_EQ(date_in_table(at("2026-11-25T09:05:00+09:00"), tokyo(), en), "25 Nov 2026, 9:05 JST");
    EXPECT_EQ(date_in_table(at("2026-11-25T09:05:00Z"), Zone::find("America/Sao_Paulo").value(), en),
              "25 Nov 2026, 6:05 UTC-03");
    EXPECT_EQ(date_in_table(at("2026-11-25T09:05:00Z"), Zone::utc(), en), "25 Nov 2026, 9:05 UTC");
}

TEST(WordsTime, NearPastAndNearFuture) {
    const auto now = at("2026-11-24T10:42:07+09:00");
    EXPECT_EQ(near_past(now - Seconds{20}, now, tokyo(), en), "just now");
    EXPECT_EQ(near_past(now - Seconds{215}, now, tokyo(), en), "3\u00a0minutes ago");
    EXPECT_EQ(near_past(now - Seconds{215}, now, tokyo(), ja), "3\u00a0分前");
    EXPECT_EQ(near_past(at("2026-11-24T09:12:00+09:00"), now, tokyo(), ja), "今日 9:12");
    EXPECT_EQ(near_past(at("2026-11-23T17:40:00+09:00"), now, tokyo(), ja), "昨日 17:40");
    EXPECT_EQ(near_past(at("2026-11-23T17:40:00+09:00"), now, tokyo(), en), "yesterday 17:40");
    EXPECT_EQ(day_and_time(at("2026-11-25T22:00:00+09:00"), now, tokyo(), en), "Wed 25\u00a0Nov 22:00");
    EXPECT_EQ(day_and_time(at("2026-11-25T22:00:00+09:00"), now, tokyo(), ja), "11月25日（水）22:00");
}

TEST(WordsTime, SpansKeepTheTwoLargestUnits) {
    EXPECT_EQ(span_in_text(Seconds{0}, en), "1\u00a0second");
    EXPECT_EQ(span_in_text(Seconds{30}, ja), "30\u00a0秒");
    EXPECT_EQ(span_in_text(Seconds{5400}, en), "1\u00a0hour 30\u00a0minutes");
    EXPECT_EQ(span_in_text(Seconds{43200}, ja), "12\u00a0時間");
    EXPECT_EQ(span_in_text(Seconds{90061}, en), "1\u00a0day 1\u00a0hour");
    EXPECT_EQ(span_in_text(Seconds{86400 + 59}, en), "1\u00a0day");
}

}  // namespace
}  // namespace sekisho
