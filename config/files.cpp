// Reading configuration text from memory, and the path arithmetic both kinds of Files share.
#include "config/files.hpp"

namespace sekisho::config {

bool glob_matches(std::string_view pattern, std::string_view name) noexcept {
    if (!name.empty() && name[0] == '.' && (pattern.empty() || pattern[0] != '.')) return false;
    // The usual two-pointer match: on a mismatch let the last star take one character more.
    std::size_t p = 0, n = 0, star = std::string_view::npos, resume = 0;
    while (n < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = n;
        } else if (p < pattern.size() && name[n] != '/' && (pattern[p] == '?' || pattern[p] == name[n])) {
            ++p;
            ++n;
        } else if (star != std::string_view::npos && name[resume] != '/') {
            p = star + 1;
            n = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

std::string folder_of(std::string_view path) {
    const auto slash = path.rfind('/');
    if (slash == std::string_view::npos) return {};
    return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

std::string resolve_path(std::string_view folder, std::string_view path) {
    while (path.substr(0, 2) == "./") path.remove_prefix(2);
    if (folder.empty() || path.empty() || path[0] == '/') return std::string(path);
    return std::string(folder) + (folder.back() == '/' ? "" : "/") + std::string(path);
}

bool has_end_marker(std::string_view text) noexcept {
    while (!text.empty()) {
        if (text.back() == '\n') text.remove_suffix(1);
        const auto begin = text.rfind('\n') == std::string_view::npos ? 0 : text.rfind('\n') + 1;
        auto line = text.substr(begin);
        while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r'))
            line.remove_suffix(1);
        if (line == "...") return true;
        const auto first = line.find_first_not_of(" \t");
        if (first != std::string_view::npos && line[first] != '#') return false;
        text = text.substr(0, begin);
    }
    return false;
}

MemoryFiles& MemoryFiles::put(std::string path, std::string text) {
    texts_[std::move(path)] = std::move(text);
    return *this;
}

Result<std::string> MemoryFiles::read(const std::string& path, std::size_t bytes_max) const {
    const auto found = texts_.find(path);
    if (found == texts_.end()) return Error(Errc::not_found, path);
    if (found->second.size() > bytes_max) return Error(Errc::too_large, path);
    return found->second;
}

std::vector<std::string> MemoryFiles::glob(const std::string& pattern) const {
    const auto folder = folder_of(pattern);
    const auto last = std::string_view(pattern).substr(pattern.rfind('/') + 1);
    std::vector<std::string> found;
    for (const auto& [path, text] : texts_)
        if (folder_of(path) == folder &&
            glob_matches(last, std::string_view(path).substr(path.rfind('/') + 1)))
            found.push_back(path);
    return found;
}

}  // namespace sekisho::config
