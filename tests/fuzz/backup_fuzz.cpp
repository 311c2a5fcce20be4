// Any bytes give an answer; what is accepted was made under the key, names known files only, and counts its
// bytes.
#include "gateway/backup/archive.hpp"

using namespace sekisho;
using namespace sekisho::gateway;

// The first byte chooses: the input as it is, or as a manifest under a good MAC, which reaches the parser
// behind it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Secret key{Bytes(32, 7)};
    if (size == 0) return 0;
    std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
    if (data[0] % 2 == 1) {
        text = "sekisho backup 1\n" + text.substr(0, text.find('\n')) + "\n";
        text += backup_mac_line(text, key);
    }
    const auto head = read_backup_head(text, key);
    if (!head) return 0;
    std::uint64_t sum = head->head_bytes;
    for (const auto& file : head->manifest.files) {
        if (file.name.find("..") != std::string::npos || file.name.front() == '/') __builtin_trap();
        sum += file.size_bytes;
    }
    if (head->head_bytes > text.size() || sum != head->whole_bytes ||
        head->manifest.files.front().name != "store")
        __builtin_trap();
    return 0;
}
