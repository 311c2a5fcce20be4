// Client data that is read stays within its bounds, is UTF-8 in every part, and is not read once cut short.
#include "auth/client_data.hpp"
#include "base/text.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sekisho;
    const ByteView bytes(data, size);
    const auto read = auth::parse_client_data(bytes);
    if (!read) return 0;
    if (size > auth::client_data_bytes_max) std::abort();
    for (const auto& part : {read->type, read->challenge, read->origin, read->top_origin.value_or("")})
        if (!is_utf8(part) || part.size() > size) std::abort();
    const auto text = as_text(bytes);
    const auto end = text.find_last_of('}');
    if (end == std::string_view::npos || auth::parse_client_data(bytes.first(end))) std::abort();
    return 0;
}
