// Replays a fuzz target's corpus: every file of the folders given, each prefix length of small ones too.
// Exit 0 when no input trapped; 2 when a folder holds no input, since a test that runs nothing proves
// nothing.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
    std::size_t inputs = 0;
    for (int i = 1; i < argc; ++i) {
        if (!std::filesystem::is_directory(argv[i])) continue;
        for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
            std::ifstream file(entry.path(), std::ios::binary);
            const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
            const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
            const std::size_t step = bytes.size() <= 4096 ? 1 : bytes.size() / 64;
            for (std::size_t n = 0; n <= bytes.size(); n += step) LLVMFuzzerTestOneInput(data, n);
            LLVMFuzzerTestOneInput(data, bytes.size());
            ++inputs;
        }
    }
    std::printf("%zu inputs replayed\n", inputs);
    return inputs == 0 ? 2 : 0;
}
