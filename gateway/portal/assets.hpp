#pragma once
// Assets are the few files our pages load: style sheets and the mark, embedded when the program is built.
// Their paths hold a hash of their bytes, so a browser may keep them for ever.
#include "gateway/portal/url.hpp"

#include <span>
#include <string>
#include <string_view>

namespace sekisho::gateway {

struct Asset {
    std::string_view name;   // "base.css"
    std::string_view type;   // "text/css; charset=utf-8"
    std::string_view bytes;  // lives as long as the program
    std::string path;        // "/.sekisho/assets/base.0123456789abcdef.css"
    std::string etag;        // with its quotes
};

// all_assets is made once, at first use. Thread: any.
std::span<const Asset> all_assets();
const Asset* find_asset(std::string_view path);
// asset_url: by name; an unknown name is a bug of ours.
Url asset_url(std::string_view name);

}  // namespace sekisho::gateway
