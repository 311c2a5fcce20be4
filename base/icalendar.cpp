#include "base/icalendar.hpp"

#include "base/text.hpp"
#include "base/zone_segment.hpp"

#include <algorithm>

namespace sekisho {
namespace {

struct Sentence {
    std::string_view en, ja;
};

constexpr Sentence too_large{"the file is larger than 1 MiB", "ファイルが 1 MiB を超えています"},
    too_many{"there are more than 4096 events", "予定が 4096 件を超えています"},
    long_line{"this line is longer than 8192 bytes", "この行は 8192 バイトを超えています"},
    no_begin{"the file does not begin with BEGIN:VCALENDAR", "BEGIN:VCALENDAR で始まっていません"},
    no_end{"the file stops before END:VCALENDAR", "END:VCALENDAR の前で終わっています"},
    not_line{"this is not a line of iCalendar (NAME:value)", "iCalendar の行（名前:値）ではありません"},
    bad_nesting{"this END does not close what was begun last", "この END は、直前の BEGIN と合いません"},
    too_deep{"components are nested too deeply", "入れ子が深すぎます"},
    repeating{"repeating events are not read; export them as single events",
              "繰り返しの予定は読めません。1 件ずつの予定として書き出してください"},
    duration{"DURATION is not read; write DTEND", "DURATION は読めません。DTEND で書いてください"},
    no_start{"this event has no DTSTART", "この予定には DTSTART がありません"},
    no_stop{"this event has a time and no DTEND", "この予定には時刻がありますが、DTEND がありません"},
    mixed{"DTSTART and DTEND must both be dates or both be times",
          "DTSTART と DTEND は、どちらも日付か、どちらも日時で書きます"},
    backwards{"this event ends before it begins", "この予定は、始まる前に終わっています"},
    too_long{"this event is longer than 366 days", "この予定は 366 日を超えています"},
    bad_date{"this is not a date such as 20260401", "20260401 のような日付ではありません"},
    bad_time{"this is not a time such as 20260401T090000 or 20260401T000000Z",
             "20260401T090000 や 20260401T000000Z のような日時ではありません"},
    bad_zone{"this TZID is no time zone of the IANA database", "この TZID は IANA の時間帯名ではありません"},
    twice{"this property stands twice in one event", "この項目が 1 つの予定に 2 回あります"},
    bad_text{"this line is not UTF-8 or holds a control character",
             "UTF-8 でないか、制御文字が含まれています"};

std::string in_capitals(std::string_view text) {
    std::string out(text);
    for (auto& c : out)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    return out;
}

struct Property {
    std::string name, value, zone;  // name in upper case; zone from TZID=
    bool date = false;              // VALUE=DATE
};

std::optional<Property> parse_property(std::string_view line) {
    Property out;
    const auto name_end = line.find_first_of(";:");
    if (name_end == 0 || name_end == std::string_view::npos) return std::nullopt;
    out.name = in_capitals(line.substr(0, name_end));
    for (const char c : out.name)
        if (!is_digit(c) && c != '-' && (c < 'A' || c > 'Z')) return std::nullopt;
    auto rest = line.substr(name_end);
    while (!rest.empty() && rest[0] == ';') {
        const auto equal = rest.find('=');
        if (equal == std::string_view::npos) return std::nullopt;
        const auto key = in_capitals(rest.substr(1, equal - 1));
        rest.remove_prefix(equal + 1);
        std::size_t end = 0;
        bool quoted = false;
        while (end < rest.size() && (quoted || (rest[end] != ';' && rest[end] != ':'))) {
            if (rest[end] == '"') quoted = !quoted;
            ++end;
        }
        auto value = rest.substr(0, end);
        if (quoted) return std::nullopt;
        if (value.size() > 1 && value.front() == '"') value = value.substr(1, value.size() - 2);
        if (key == "TZID") out.zone = value;
        if (key == "VALUE") out.date = in_capitals(value) == "DATE";
        rest.remove_prefix(end);
    }
    if (rest.empty()) return std::nullopt;
    out.value = rest.substr(1);
    return out;
}

std::string unescaped(std::string_view value) {
    std::string out;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] != '\\' || i + 1 == value.size()) {
            out += value[i];
            continue;
        }
        const char next = value[++i];
        out += next == 'n' || next == 'N' ? ' ' : next;
    }
    return printable(out);
}

std::optional<Date> compact_date(std::string_view text) {
    if (text.size() != 8) return std::nullopt;
    return parse_date(std::string(text.substr(0, 4)) + "-" + std::string(text.substr(4, 2)) + "-" +
                      std::string(text.substr(6, 2)));
}

// 235960 would be a leap second: no clock here shows one.
std::optional<Millis> compact_clock(std::string_view text) {
    if (text.size() != 6 || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
    const auto two = [&](std::size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); };
    if (two(0) > 23 || two(2) > 59 || two(4) > 59) return std::nullopt;
    return Millis{((two(0) * 60 + two(2)) * 60 + two(4)) * 1000};
}

// One end of an event.
struct Stamp {
    bool given = false, date = false;
    Date day{};
    WallTime time{};
};

// Reader walks the unfolded lines; it lives for one text.
class Reader {
public:
    explicit Reader(Zone zone) : zone_(zone) {}

    CalendarText read(std::string_view text) {
        if (text.size() > icalendar_bytes_max) return failed(1, too_large);
        if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
        std::string line;
        std::uint32_t number = 0, begun = 1;
        while (!text.empty() && !out_.fault) {
            const auto end = text.find('\n');
            auto part = text.substr(0, end);
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
            ++number;
            if (!part.empty() && part.back() == '\r') part.remove_suffix(1);
            const bool folded = !part.empty() && (part[0] == ' ' || part[0] == '\t');
            if (!folded) {
                take(line, begun);
                line.clear();
                begun = number;
            }
            line += folded ? part.substr(1) : part;
            if (line.size() > icalendar_line_max) fail(begun, long_line);
        }
        if (!out_.fault) take(line, begun);
        if (!out_.fault && !done_) fail(std::max(number, 1u), seen_ ? no_end : no_begin);
        if (out_.fault) out_.events.clear();
        return std::move(out_);
    }

private:
    CalendarText failed(std::uint32_t line, Sentence why) {
        fail(line, why);
        return std::move(out_);
    }
    void fail(std::uint32_t line, Sentence why) {
        if (!out_.fault) out_.fault = {line, why.en, why.ja};
    }

    void take(std::string_view line, std::uint32_t number) {
        if (line.empty() || out_.fault) return;
        if (!is_utf8(line) || std::any_of(line.begin(), line.end(), [](char c) {
                return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
            }))
            return fail(number, bad_text);
        const auto property = parse_property(line);
        if (!property) return fail(number, seen_ ? not_line : no_begin);
        if (done_) return fail(number, not_line);
        if (property->name == "BEGIN") return begin(in_capitals(property->value), number);
        if (!seen_) return fail(number, no_begin);
        if (property->name == "END") return end(in_capitals(property->value), number);
        if (open_.size() == 2 && open_.back() == "VEVENT") take_event(*property, number);
    }

    void begin(std::string name, std::uint32_t number) {
        if (open_.empty() && name != "VCALENDAR") return fail(number, no_begin);
        if (open_.size() >= 4) return fail(number, too_deep);
        seen_ = true;
        open_.push_back(std::move(name));
        if (open_.size() != 2 || open_.back() != "VEVENT") return;
        begun_at_ = number;
        event_ = {};
        from_ = to_ = {};
        cancelled_ = false;
    }

    void end(const std::string& name, std::uint32_t number) {
        if (open_.empty() || open_.back() != name) return fail(number, bad_nesting);
        if (open_.size() == 2 && name == "VEVENT") finish_event();
        open_.pop_back();
        done_ = open_.empty();
    }

    void take_event(const Property& property, std::uint32_t number) {
        const auto& name = property.name;
        if (name == "RRULE" || name == "RDATE" || name == "EXDATE" || name == "RECURRENCE-ID")
            return fail(number, repeating);
        if (name == "DURATION") return fail(number, duration);
        if (name == "DTSTART") take_stamp(property, number, from_);
        if (name == "DTEND") take_stamp(property, number, to_);
        if (name == "SUMMARY") event_.summary = unescaped(property.value);
        if (name == "STATUS") cancelled_ = in_capitals(property.value) == "CANCELLED";
    }

    void take_stamp(const Property& property, std::uint32_t number, Stamp& out) {
        if (out.given) return fail(number, twice);
        out.given = true;
        std::string_view value = property.value;
        out.date = property.date;
        const auto day = compact_date(value.substr(0, 8));
        if (!day) return fail(number, out.date ? bad_date : bad_time);
        out.day = *day;
        if (out.date) return value.size() == 8 ? void() : fail(number, bad_date);
        const bool utc = value.size() == 16 && value.back() == 'Z';
        if (utc) value.remove_suffix(1);
        const auto clock =
            value.size() == 15 && value[8] == 'T' ? compact_clock(value.substr(9)) : std::nullopt;
        if (!clock || (utc && !property.zone.empty())) return fail(number, bad_time);
        auto zone = utc ? Zone::utc() : zone_;
        if (!property.zone.empty()) {
            const auto named = Zone::find(property.zone);
            if (!named) return fail(number, bad_zone);
            zone = *named;
        }
        out.time = at_local(*day, *clock, zone);
    }

    void finish_event() {
        using std::chrono::sys_days;
        if (!from_.given) return fail(begun_at_, no_start);
        if (!to_.given && !from_.date) return fail(begun_at_, no_stop);
        if (to_.given && to_.date != from_.date) return fail(begun_at_, mixed);
        event_.all_day = from_.date;
        const std::chrono::days one{1};
        const auto span = to_.given ? sys_days{to_.day} - sys_days{from_.day} : one;
        if (from_.date) {
            event_.first = from_.day;
            event_.last = Date{sys_days{from_.day} + span - one};  // DTEND of a date is the day after
            if (span < one) return fail(begun_at_, backwards);
        } else {
            event_.begin = from_.time;
            event_.end = to_.time;
            if (to_.time <= from_.time) return fail(begun_at_, backwards);
        }
        if (span > std::chrono::days{icalendar_days_max}) return fail(begun_at_, too_long);
        if (cancelled_) return;
        if (out_.events.size() >= icalendar_events_max) return fail(begun_at_, too_many);
        out_.events.push_back(std::move(event_));
    }

    Zone zone_;
    CalendarText out_;
    std::vector<std::string> open_;
    bool seen_ = false, done_ = false, cancelled_ = false;
    std::uint32_t begun_at_ = 0;
    CalendarEvent event_;
    Stamp from_, to_;
};

}  // namespace

CalendarText parse_icalendar(std::string_view text, Zone zone) { return Reader(zone).read(text); }

bool is_whole_icalendar(std::string_view text) noexcept {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
        text.remove_suffix(1);
    return text.ends_with("END:VCALENDAR");
}

}  // namespace sekisho
