// Any text is refused with a line of its own, or gives events that are whole and bounded.
#include "base/bytes.hpp"
#include "base/icalendar.hpp"
#include "base/text.hpp"

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sekisho;
    const auto text = as_text({data, size});
    const auto read = parse_icalendar(text, Zone::utc());
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
    if (read.fault && (!read.events.empty() || read.fault->line == 0 || read.fault->line > lines))
        __builtin_trap();
    if (!read.fault && !is_whole_icalendar(text)) {
        // Empty lines may follow the end; nothing else may.
        const auto end = text.rfind(':');
        if (end == std::string_view::npos) __builtin_trap();
    }
    if (read.events.size() > icalendar_events_max) __builtin_trap();
    for (const auto& event : read.events) {
        if (event.all_day ? event.last < event.first : event.end <= event.begin) __builtin_trap();
        if (printable(event.summary) != event.summary) __builtin_trap();
    }
    return 0;
}
