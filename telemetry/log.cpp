#include "telemetry/log.hpp"

#include "telemetry/line_text.hpp"

namespace sekisho::telemetry {
namespace {

void append_value(JsonWriter& json, const Field& field) {
    json.key(to_text(field.name));
    std::visit([&](const auto& value) { json.value(value); }, field.value);
}

}  // namespace

std::string_view to_text(Level level) noexcept {
    return label_values::level[static_cast<std::size_t>(level)];
}

void append_message(std::string& out, WallTime at, Level level, Message message,
                    std::initializer_list<Field> fields) {
    std::string time;
    append_time(time, at);
    JsonWriter json(out);
    json.begin_object().field("time", time).field("level", to_text(level)).field("message", message.text());
    for (const auto& field : fields) append_value(json, field);
    json.end_object();
    out.push_back('\n');
}

void Log::write(Level level, Message message, std::initializer_list<Field> fields) {
    if (!wants(level)) return;
    std::string line;
    append_message(line, clock_.wall(), level, message, fields);
    shard_.count<Metric::log_lines>(level);
    if (!writer_.submit(line, 1)) shard_.count<Metric::log_dropped>();
}

void Log::error(Message message, const Error& error) {
    write(Level::error, message,
          {{FieldName::errc, to_text(error.code())}, {FieldName::detail, error.detail()}});
}

}  // namespace sekisho::telemetry
