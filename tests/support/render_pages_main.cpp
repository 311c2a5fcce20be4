// render_pages FOLDER: writes every page in both languages, and the style sheets beside them, so that a
// browser can be pointed at them. Addresses are made relative to the folder.
#include "gateway/portal/assets.hpp"
#include "tests/gateway/portal/sample_pages.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace {

void write(const std::filesystem::path& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string with_relative_assets(std::string html) {
    const std::string folder = "/.sekisho/assets/";
    for (auto at = html.find(folder); at != std::string::npos; at = html.find(folder, at))
        html.replace(at, folder.size(), "assets/");
    return html;
}

}  // namespace

int main(int argc, char** argv) {
    using namespace sekisho;
    if (argc != 2) return std::fputs("usage: render_pages FOLDER\n", stderr), 2;
    const std::filesystem::path folder = argv[1];
    std::filesystem::create_directories(folder / "assets");
    for (const auto& asset : gateway::all_assets())
        write(folder / std::filesystem::path(asset.path).relative_path().lexically_relative(".sekisho"),
              asset.bytes);
    for (const auto language : {Language::en, Language::ja}) {
        for (const auto& page : gateway::testing::Samples(language).all()) {
            const auto name = page.name + "." + std::string(to_text(language)) + ".html";
            write(folder / name, with_relative_assets(page.html));
            std::printf("%6zu  %s\n", page.html.size(), name.c_str());
        }
    }
    return 0;
}
