#include "gateway/backup/archive.hpp"

#include "base/base64.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace sekisho::gateway {
namespace {

namespace json = boost::json;

constexpr std::string_view first_line = "sekisho backup 1\n", any_first_line = "sekisho backup ";
constexpr std::size_t mac_line_bytes = 4 + 64 + 1;
constexpr std::uint64_t file_bytes_max = 1ull << 40;

// Says under which master key a backup was made, and nothing else about it.
std::string key_mark(const Secret& master) { return hex(derive_key(master, "backup key mark", 8).reveal()); }

std::string mac_of(std::string_view lines, const Secret& master) {
    return hex(hmac_sha256(derive_key(master, "backup").reveal(), as_bytes(lines)));
}

Error damaged(std::string_view what) {
    return Error(Errc::malformed, fmt::format("the backup is damaged: {}", what));
}

bool good_name(std::string_view name) {
    constexpr std::string_view before = "audit/audit-", after = ".jsonl";
    if (name == "store" || name == "checkpoints") return true;
    if (!name.starts_with(before) || !name.ends_with(after) ||
        name.size() != before.size() + 8 + after.size())
        return false;
    const auto digits = name.substr(before.size(), 8);
    return std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string text_of(const json::object& object, std::string_view name) {
    const auto* found = object.if_contains(name);
    const auto* text = found ? found->if_string() : nullptr;
    return text ? std::string(text->data(), text->size()) : std::string();
}

std::optional<std::uint64_t> number_of(const json::object& object, std::string_view name) {
    const auto* found = object.if_contains(name);
    if (found == nullptr || !found->is_int64() || found->get_int64() < 0) return std::nullopt;
    return static_cast<std::uint64_t>(found->get_int64());
}

std::optional<BackupFile> read_file(const json::value& value) {
    const auto* object = value.if_object();
    if (object == nullptr) return std::nullopt;
    BackupFile file;
    file.name = text_of(*object, "name");
    const auto size = number_of(*object, "bytes");
    const auto sum = from_hex(text_of(*object, "sha256"));
    if (!good_name(file.name) || !size || *size > file_bytes_max || !sum || sum->size() != file.sha256.size())
        return std::nullopt;
    file.size_bytes = *size;
    std::copy(sum->begin(), sum->end(), file.sha256.begin());
    return file;
}

// The store first, each name once.
bool in_order(const std::vector<BackupFile>& files) {
    if (files.empty() || files.front().name != "store") return false;
    std::vector<std::string_view> names;
    for (const auto& file : files) names.push_back(file.name);
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) == names.end();
}

Result<BackupManifest> read_manifest(const json::object& object) {
    BackupManifest manifest;
    manifest.program = text_of(object, "program");
    manifest.origin = text_of(object, "origin");
    manifest.made = text_of(object, "made");
    const auto schema = number_of(object, "schema");
    const auto* files = object.if_contains("files");
    if (!schema || *schema > 1'000'000 || files == nullptr || !files->is_array() ||
        files->get_array().size() > backup_files_max)
        return damaged("its manifest lacks something");
    manifest.schema = static_cast<int>(*schema);
    for (const auto& value : files->get_array()) {
        auto file = read_file(value);
        if (!file) return damaged("its manifest names a file wrongly");
        manifest.files.push_back(std::move(*file));
    }
    if (!in_order(manifest.files)) return damaged("its manifest names files out of order");
    return manifest;
}

}  // namespace

std::string write_backup_head(const BackupManifest& manifest, const Secret& master) {
    std::string out(first_line);
    JsonWriter json(out);
    json.begin_object().field("program", manifest.program).field("schema", manifest.schema);
    json.field("origin", manifest.origin).field("made", manifest.made).field("key", key_mark(master));
    json.key("files").begin_array();
    for (const auto& file : manifest.files)
        json.begin_object()
            .field("name", file.name)
            .field("bytes", file.size_bytes)
            .field("sha256", hex(file.sha256))
            .end_object();
    json.end_array().end_object();
    out += '\n';
    return out + backup_mac_line(out, master);
}

std::string backup_mac_line(std::string_view lines, const Secret& master) {
    return "mac " + mac_of(lines, master) + "\n";
}

Result<BackupHead> read_backup_head(std::string_view text, const Secret& master) {
    if (!text.starts_with(any_first_line)) return Error(Errc::malformed, "this is no backup of Sekisho");
    if (!text.starts_with(first_line))
        return Error(Errc::too_large, "a newer program made this backup: restore it with that one");
    const auto end = text.find('\n', first_line.size());
    if (end == std::string_view::npos || text.size() < end + 1 + mac_line_bytes)
        return damaged("its head is cut short");
    const auto lines = text.substr(0, end + 1), mac = text.substr(end + 1, mac_line_bytes);
    boost::system::error_code failed;
    const auto line = lines.substr(first_line.size());
    const auto parsed = json::parse(json::string_view(line.data(), line.size()), failed);
    const auto* object = failed ? nullptr : parsed.if_object();
    if (object == nullptr) return damaged("its manifest cannot be read");
    const bool authentic = mac.starts_with("mac ") && mac.back() == '\n' &&
                           equal_constant_time(as_bytes(mac.substr(4, 64)), as_bytes(mac_of(lines, master)));
    if (!authentic)
        return text_of(*object, "key") == key_mark(master)
                   ? damaged("its manifest was changed")
                   : Error(Errc::denied,
                           "the backup was made under another master key, or its manifest was changed");
    auto manifest = read_manifest(*object);
    if (!manifest) return manifest.error();
    BackupHead head{std::move(*manifest), end + 1 + mac_line_bytes, end + 1 + mac_line_bytes};
    for (const auto& file : head.manifest.files) head.whole_bytes += file.size_bytes;
    return head;
}

}  // namespace sekisho::gateway
