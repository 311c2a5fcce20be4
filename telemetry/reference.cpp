// Prints the reference pages of the tables; a test compares them with docs/reference.
#include "telemetry/audit.hpp"
#include "telemetry/log.hpp"

#include <fmt/format.h>

namespace sekisho::telemetry {
namespace {

std::string_view kind_text(MetricKind kind) {
    switch (kind) {
        case MetricKind::sum:
        case MetricKind::scraped_sum:
            return "counter";
        case MetricKind::level:
        case MetricKind::scraped:
            return "gauge";
        case MetricKind::histogram:
            break;
    }
    return "histogram";
}

std::string labels_text(const MetricDefinition& row) {
    std::string text;
    for (std::size_t i = 0; i < label_count(row); ++i)
        text += fmt::format("{}`{}`", text.empty() ? "" : ", ", definition(row.labels[i]).name);
    return text;
}

std::string values_text(const LabelDefinition& label) {
    if (label.capacity == 0)
        return "set by the machine or the configuration, one for each worker, queue, certificate";
    if (label.values.empty())
        return fmt::format("names from the configuration, at most {}; what comes later shares `other`",
                           label.capacity - 1);
    std::string text;
    for (const auto value : label.values) text += fmt::format("{}`{}`", text.empty() ? "" : ", ", value);
    return text;
}

std::string bounds_text(const Bounds& bounds) {
    std::string text;
    for (const auto bound : bounds)
        text += fmt::format("{}{}", text.empty() ? "" : ", ", static_cast<double>(bound) / 1e9);
    return text;
}

}  // namespace

std::string metrics_reference() {
    std::string page =
        "# Metrics\n\nGenerated from `telemetry/metrics_table.hpp`. Served as `/metrics` on `ops.listen`. No "
        "label holds "
        "a person's name\nor address; series of configured names, and of many labels, appear once they were "
        "counted.\n\n"
        "| name | kind | labels | what it counts | the question it answers |\n|---|---|---|---|---|\n";
    for (const auto& row : metric_table)
        page += fmt::format("| `{}` | {} | {} | {} | {} |\n", row.name, kind_text(row.kind), labels_text(row),
                            row.help, row.question);
    page += "\n## Labels\n\n| label | of | values |\n|---|---|---|\n";
    for (const auto& row : metric_table)
        for (std::size_t i = 0; i < label_count(row); ++i)
            page += fmt::format("| `{}` | `{}` | {} |\n", definition(row.labels[i]).name, row.name,
                                values_text(definition(row.labels[i])));
    page += fmt::format(
        "\n## Bounds of histograms, in seconds\n\n* `sekisho_check_duration_seconds`: {}\n* all others: {}\n",
        bounds_text(check_bounds), bounds_text(service_bounds));
    return page;
}

std::string log_reference() {
    std::string page =
        "# Fields of the operation log\n\nGenerated from `telemetry/log_fields.hpp`. Each line is one JSON "
        "object: "
        "`time`, `level`, `message`, then some of these.\n\n| field | meaning |\n|---|---|\n";
    for (const auto& row : field_table) page += fmt::format("| `{}` | {} |\n", row.name, row.meaning);
    return page;
}

std::string audit_reference() {
    std::string page = fmt::format(
        "# Events of the audit log\n\nGenerated from `telemetry/audit.hpp`. Format version {}. Privileged "
        "records may "
        "use the reserved space when the\ndisk is full; ordinary ones wait.\n\n| event | class | meaning "
        "|\n|---|---|---|\n",
        audit_format_version);
    for (const auto& row : event_table)
        page +=
            fmt::format("| `{}` | {} | {} |\n", row.name,
                        row.event_class == EventClass::privileged ? "privileged" : "ordinary", row.meaning);
    return page;
}

}  // namespace sekisho::telemetry
