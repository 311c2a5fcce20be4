#pragma once
// Log is the operation log: one JSON line for each message, a constant sentence and typed fields.
#include "base/clock.hpp"
#include "base/error.hpp"
#include "telemetry/line_writer_io.hpp"
#include "telemetry/log_fields.hpp"
#include "telemetry/metrics.hpp"

#include <concepts>
#include <initializer_list>
#include <variant>

namespace sekisho::telemetry {

enum class Level : std::uint8_t { debug, info, warning, error };
std::string_view to_text(Level level) noexcept;

// Message can only be made from a literal: what varies belongs in fields.
class Message {
public:
    template <std::size_t N>
    consteval Message(const char (&text)[N]) : text_(text, N - 1) {}
    std::string_view text() const noexcept { return text_; }

private:
    std::string_view text_;
};

struct Field {
    FieldName name;
    std::variant<std::string_view, std::int64_t, std::uint64_t, bool> value;

    Field(FieldName field, std::string_view text) : name(field), value(text) {}
    Field(FieldName field, const char* text) : name(field), value(std::string_view(text)) {}
    Field(FieldName field, const std::string& text) : name(field), value(std::string_view(text)) {}
    Field(FieldName field, bool truth) : name(field), value(truth) {}
    template <std::signed_integral T>
    Field(FieldName field, T number) : name(field), value(static_cast<std::int64_t>(number)) {}
    template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>) Field(FieldName field, T number)
        : name(field), value(static_cast<std::uint64_t>(number)) {}
};

// append_message appends the line, newline included. Whatever a field holds, the line stays one line of valid
// JSON.
void append_message(std::string& out, WallTime at, Level level, Message message,
                    std::initializer_list<Field> fields);

// Thread: any. Never blocks on the sink: lines that find no room are dropped and counted.
class Log {
public:
    Log(LineWriter& writer, SharedShard& shard, const Clock& clock, Level least = Level::info)
        : writer_(writer), shard_(shard), clock_(clock), least_(least) {}
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    void set_least(Level least) noexcept { least_.store(least, std::memory_order_relaxed); }
    bool wants(Level level) const noexcept { return level >= least_.load(std::memory_order_relaxed); }
    void write(Level level, Message message, std::initializer_list<Field> fields = {});
    void debug(Message message, std::initializer_list<Field> fields = {}) {
        write(Level::debug, message, fields);
    }
    void info(Message message, std::initializer_list<Field> fields = {}) {
        write(Level::info, message, fields);
    }
    void warning(Message message, std::initializer_list<Field> fields = {}) {
        write(Level::warning, message, fields);
    }
    void error(Message message, std::initializer_list<Field> fields = {}) {
        write(Level::error, message, fields);
    }
    void error(Message message, const Error& error);

private:
    LineWriter& writer_;
    SharedShard& shard_;
    const Clock& clock_;
    std::atomic<Level> least_;
};

// log_reference is docs/reference/log-fields.md.
std::string log_reference();

}  // namespace sekisho::telemetry
