#include "gateway/portal/assets.hpp"

#include "base/base64.hpp"
#include "base/check.hpp"
#include "base/crypto.hpp"

#include <vector>

extern "C" {
extern const char sekisho_asset_tokens_css[], sekisho_asset_tokens_css_end[];
extern const char sekisho_asset_base_css[], sekisho_asset_base_css_end[];
extern const char sekisho_asset_passkey_js[], sekisho_asset_passkey_js_end[];
extern const char sekisho_asset_mark_svg[], sekisho_asset_mark_svg_end[];
extern const char sekisho_asset_mark_dark_svg[], sekisho_asset_mark_dark_svg_end[];
}

namespace sekisho::gateway {
namespace {

Asset make(std::string_view name, std::string_view type, const char* begin, const char* end) {
    const std::string_view bytes(begin, static_cast<std::size_t>(end - begin));
    const std::string digest = hex(sha256(as_bytes(bytes)));
    const auto dot = name.rfind('.');
    std::string path = "/.sekisho/assets/";
    path.append(name.substr(0, dot)).append(".").append(digest, 0, 16).append(name.substr(dot));
    return {name, type, bytes, std::move(path), '"' + digest + '"'};
}

std::vector<Asset> make_all() {
    constexpr std::string_view css = "text/css; charset=utf-8";
    constexpr std::string_view svg = "image/svg+xml";
    return {make("tokens.css", css, sekisho_asset_tokens_css, sekisho_asset_tokens_css_end),
            make("base.css", css, sekisho_asset_base_css, sekisho_asset_base_css_end),
            make("passkey.js", "text/javascript; charset=utf-8", sekisho_asset_passkey_js,
                 sekisho_asset_passkey_js_end),
            make("mark.svg", svg, sekisho_asset_mark_svg, sekisho_asset_mark_svg_end),
            make("mark-dark.svg", svg, sekisho_asset_mark_dark_svg, sekisho_asset_mark_dark_svg_end)};
}

}  // namespace

std::span<const Asset> all_assets() {
    static const std::vector<Asset> assets = make_all();
    return assets;
}

const Asset* find_asset(std::string_view path) {
    for (const Asset& asset : all_assets())
        if (asset.path == path) return &asset;
    return nullptr;
}

Url asset_url(std::string_view name) {
    for (const Asset& asset : all_assets())
        if (asset.name == name) return Url::local(asset.path).value();
    check(false, "an asset with this name");
    return LocalPath("/");
}

}  // namespace sekisho::gateway
