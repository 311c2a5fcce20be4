// Looking up keys, and the words for what each type takes.
#include "config/schema.hpp"

#include "base/check.hpp"
#include "base/text.hpp"

#include <unordered_map>

namespace sekisho::config {
namespace {

struct TypeWords {
    Type type;
    std::string_view en, ja;
};

constexpr TypeWords words[] = {
    {Type::record, "keys with values", "キーと値の組"},
    {Type::boolean, "true or false", "true か false"},
    {Type::count, "a whole number", "整数"},
    {Type::bytes, "a size such as 64KiB", "64KiB のような大きさ"},
    {Type::duration, "a time such as 30s", "30s のような時間"},
    {Type::text, "text", "文字列"},
    {Type::local_text, "text, or {ja: ..., en: ...}", "文字列、または {ja: ..., en: ...}"},
    {Type::name, "a name of a-z, 0-9, '.', '_' and '-'", "a-z、0-9、.、_、- からなる名前"},
    {Type::account, "an account name of a-z, 0-9, '.', '_', '@' and '-'",
     "a-z、0-9、.、_、@、- からなるアカウント名"},
    {Type::host, "a host name or an address", "ホスト名かアドレス"},
    {Type::authority, "a host name or an address, with :port where needed",
     "ホスト名かアドレス（必要なら :ポート）"},
    {Type::path, "a file path", "ファイルのパス"},
    {Type::url, "a URL such as https://host:8443, without a path",
     "https://host:8443 のような URL（パスなし）"},
    {Type::origin, "an origin such as https://host", "https://host のようなオリジン"},
    {Type::url_path, "a path that begins with /", "/ で始まるパス"},
    {Type::method, "an HTTP method such as GET", "GET のような HTTP メソッド"},
    {Type::endpoint, "an address and a port such as 127.0.0.1:8443",
     "127.0.0.1:8443 のようなアドレスとポート"},
    {Type::network, "a network such as 10.0.0.0/8", "10.0.0.0/8 のようなネットワーク"},
    {Type::date, "a date such as 2026-04-01", "2026-04-01 のような日付"},
    {Type::minute, "a time of day in quotes such as \"08:00\"", "\"08:00\" のように引用符で囲んだ時刻"},
    {Type::days, "days such as mon-fri", "mon-fri のような曜日"},
    {Type::timezone, "a time zone such as Asia/Tokyo", "Asia/Tokyo のような時間帯名"},
    {Type::person_kind, "staff, contractor or ops", "staff、contractor、ops のいずれか"},
    {Type::factor, "password, recovery or otp", "password、recovery、otp のいずれか"},
    {Type::language, "ja or en", "ja か en"},
    {Type::path_case, "sensitive or insensitive", "sensitive か insensitive"},
    {Type::upstream_protocol, "http1 or http2", "http1 か http2"},
    {Type::client_certificate, "request or require", "request か require"},
    {Type::audit_failure, "refuse or serve_and_count", "refuse か serve_and_count"},
    {Type::calendar_base, "none, japan or japan_bank", "none、japan、japan_bank のいずれか"},
    {Type::rule_mode, "enforce or shadow", "enforce か shadow"},
    {Type::calendar_days, "business_days, closed_days, holidays, half_days or maintenance",
     "business_days、closed_days、holidays、half_days、maintenance のいずれか"},
    {Type::who, "any, or user:, group:, org: or kind: with a name, joined with &",
     "any、または user:、group:、org:、kind: と名前（& でつなぐ）"},
    {Type::secret, "{file: path} or {env: NAME}", "{file: パス} か {env: 変数名}"},
    {Type::network_term, "the name of a network", "ネットワークの名前"},
    {Type::pattern, "a file pattern such as conf.d/*.yaml", "conf.d/*.yaml のようなファイルの形"},
};

std::string bound_text(const Key& key, std::uint64_t bound) {
    switch (key.type) {
        case Type::bytes:
            return size_text(bound);
        case Type::duration:
            return duration_text(Millis(bound));
        default:
            return std::to_string(bound);
    }
}

const std::unordered_map<std::string_view, const Key*>& index() {
    static const auto by_path = [] {
        std::unordered_map<std::string_view, const Key*> map;
        for (const auto& key : keys())
            check(map.emplace(key.path, &key).second, "a key stands twice in the table");
        return map;
    }();
    return by_path;
}

}  // namespace

const Key* find_key(std::string_view path) noexcept {
    const auto found = index().find(path);
    return found == index().end() ? nullptr : found->second;
}

std::vector<const Key*> child_keys(std::string_view path) {
    std::vector<const Key*> children;
    for (const auto& key : keys()) {
        const auto dot = key.path.rfind('.');
        const auto parent = dot == std::string_view::npos ? std::string_view() : key.path.substr(0, dot);
        if (parent == path) children.push_back(&key);
    }
    return children;
}

Argument type_words(Type type) {
    for (const auto& row : words)
        if (row.type == type) return {row.en, row.ja};
    return {"a value", "値"};
}

Argument expected(const Key& key) {
    auto say = type_words(key.type);
    if (key.shape == Shape::list) {
        say.en = "a list: " + say.en;
        say.ja = "リスト（" + say.ja + "）";
    }
    const bool ranged = key.type == Type::count || key.type == Type::bytes || key.type == Type::duration;
    if (ranged && key.max != 0) {
        const auto low = bound_text(key, key.min), high = bound_text(key, key.max);
        say.en += ", from " + low + " to " + high;
        say.ja += "（" + low + " から " + high + " まで）";
    }
    return say;
}

}  // namespace sekisho::config
