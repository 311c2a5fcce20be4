// The first 20 bytes say what is looked for, the rest is a list. Whatever the list holds, the search ends,
// and finds nothing that does not stand there.
#include "base/bytes.hpp"
#include "base/password_list.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <cstdlib>

namespace {

using namespace sekisho;

std::string upper(std::string_view text) {
    std::string out(text);
    for (auto& c : out)
        if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 20) return 0;
    std::string entry;
    for (std::size_t i = 0; i < 20; ++i)
        for (const int nibble : {data[i] >> 4, data[i] & 15}) entry += "0123456789ABCDEF"[nibble];
    const std::string list(as_text(ByteView(data + 20, size - 20)));
    int reads = 0;
    const auto read = [&](std::uint64_t offset, std::span<char> into) -> Result<std::size_t> {
        if (++reads > 64 || offset > list.size()) std::abort();
        const auto rest = std::string_view(list).substr(static_cast<std::size_t>(offset), into.size());
        std::copy(rest.begin(), rest.end(), into.begin());
        return rest.size();
    };
    const auto held = list_holds(read, list.size(), entry);
    if (held && *held && upper(list).find(entry) == std::string::npos) std::abort();
    reads = -1000;
    (void)judge_list(read, list.size());
    return 0;
}
