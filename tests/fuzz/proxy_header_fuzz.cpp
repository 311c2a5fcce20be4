// Any input gives an answer; a header never claims more bytes than it was given nor than the bound, reads the
// same with anything behind it, and every prefix of it asks for more.
#include "gateway/net/proxy_header.hpp"

namespace {

void require(bool holds) {
    if (!holds) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sekisho::gateway;
    const sekisho::ByteView input(data, size);
    const auto header = read_proxy_header(input);
    if (!header || !*header) return 0;
    const auto bytes = (*header)->size_bytes;
    require(bytes <= size && bytes <= proxy_header_bytes_max);
    for (std::size_t n = 0; n < bytes; ++n) {
        const auto part = read_proxy_header(input.first(n));
        require(part && !*part);
    }
    const auto alone = read_proxy_header(input.first(bytes));
    require(alone && *alone && (*alone)->source == (*header)->source &&
            (*alone)->source_port == (*header)->source_port);
    return 0;
}
