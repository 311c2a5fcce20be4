#pragma once
// JsonWriter writes JSON (RFC 8259) at the end of a string, in the order it is told.
//
// Strings are escaped; bytes that are not UTF-8 become U+FFFD, so the output is always valid UTF-8. "<", ">",
// "&", U+2028 and U+2029 are escaped too: the text may stand inside HTML. The writer trusts its caller for
// the nesting:
//     JsonWriter json(out);
//     json.begin_object().field("user",
//     name).key("apps").begin_array().value("wiki").end_array().end_object();
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sekisho {

class JsonWriter {
public:
    // Appends to `out`, which outlives the writer.
    explicit JsonWriter(std::string& out) noexcept : out_(out) {}

    JsonWriter& begin_object() { return open('{'); }
    JsonWriter& end_object() { return close('}'); }
    JsonWriter& begin_array() { return open('['); }
    JsonWriter& end_array() { return close(']'); }
    JsonWriter& key(std::string_view name);

    JsonWriter& value(std::string_view text);
    JsonWriter& value(const char* text) { return value(std::string_view(text)); }
    JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
    template <std::same_as<bool> B>
    JsonWriter& value(B truth) {
        return raw(truth ? "true" : "false");
    }
    template <std::signed_integral N>
    requires(!std::same_as<N, char>) JsonWriter& value(N number) {
        return integer(static_cast<std::int64_t>(number));
    }
    template <std::unsigned_integral N>
    requires(!std::same_as<N, bool> && !std::same_as<N, char>) JsonWriter& value(N number) {
        return natural(static_cast<std::uint64_t>(number));
    }
    JsonWriter& value(double number);  // shortest form that reads back the same; null when not finite
    JsonWriter& value(std::nullptr_t) { return raw("null"); }
    template <class T>
    JsonWriter& value(const std::optional<T>& maybe) {
        return maybe ? value(*maybe) : value(nullptr);
    }

    template <class T>
    JsonWriter& field(std::string_view name, const T& of) {
        return key(name).value(of);
    }

    // raw puts a value that is JSON already.
    JsonWriter& raw(std::string_view json);

private:
    JsonWriter& open(char bracket);
    JsonWriter& close(char bracket);
    JsonWriter& integer(std::int64_t number);
    JsonWriter& natural(std::uint64_t number);
    void comma() {
        if (comma_) out_.push_back(',');
        comma_ = true;
    }

    std::string& out_;
    bool comma_ = false;  // the next value or key has a neighbour before it
};

// append_json_string writes `text` between quotes as JsonWriter does.
void append_json_string(std::string& out, std::string_view text);

}  // namespace sekisho
