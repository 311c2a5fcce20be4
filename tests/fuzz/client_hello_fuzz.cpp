// A server name is the whole of its extension or nothing, and holds no byte outside a host name.
#include "gateway/net/client_hello.hpp"

#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto name = sekisho::gateway::host_name_of({data, size});
    if (name.empty()) return 0;
    if (name.size() + 5 != size) __builtin_trap();
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    if (name.find_first_not_of(plain) != std::string::npos) __builtin_trap();
    return 0;
}
