#include "gateway/http/route_table.hpp"

#include "gateway/http/byte_class.hpp"
#include "gateway/http/head_rules.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace sekisho::gateway {
namespace {

constexpr std::size_t kNameBytesMax = 255;

constexpr char folded(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// FNV-1a over case-folded bytes, one byte at a time, so that a path is hashed once for all its prefixes.
constexpr std::uint64_t kHashStart = 0xcbf29ce484222325U;
constexpr std::uint64_t hash_more(std::uint64_t hash, char c) noexcept {
    return (hash ^ static_cast<unsigned char>(folded(c))) * 0x100000001b3U;
}
std::uint64_t hash_of(std::string_view text) noexcept {
    std::uint64_t hash = kHashStart;
    for (const char c : text) hash = hash_more(hash, c);
    return hash;
}

// FoldedName is a host name in lower case on the stack.
class FoldedName {
public:
    explicit FoldedName(std::string_view name) noexcept : size_(std::min(name.size(), kNameBytesMax)) {
        for (std::size_t i = 0; i < size_; ++i) text_[i] = folded(name[i]);
    }
    std::string_view text() const noexcept { return {text_.data(), size_}; }

private:
    std::array<char, kNameBytesMax> text_;
    std::size_t size_;
};

std::string lower(std::string_view name) { return std::string(FoldedName(name).text()); }

std::optional<std::uint16_t> port_number(std::string_view text) noexcept {
    std::uint32_t value = 0;
    for (const char c : text) {
        if (!is_digit(c) || value > 65535) return std::nullopt;
        value = value * 10 + static_cast<std::uint32_t>(c - '0');
    }
    if (text.empty() || value == 0 || value > 65535) return std::nullopt;
    return static_cast<std::uint16_t>(value);
}

// PathRuled knows the apps that some rule judges by path.
struct PathRuled {
    bool all = false;
    std::unordered_set<std::string_view> names;
    explicit PathRuled(const config::Model& model) {
        for (const config::Rule& rule : model.rules) {
            if (rule.paths.empty()) continue;
            all = all || rule.apps.empty();
            names.insert(rule.apps.begin(), rule.apps.end());
        }
    }
    bool has(const std::string& app) const { return all || names.contains(app); }
};

}  // namespace

HostParts split_host(std::string_view host) noexcept {
    const std::size_t bracket = host.find(']');
    const std::size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
    if (colon == std::string_view::npos) return {host, {}, false};
    return {host.substr(0, colon), host.substr(colon + 1), true};
}

bool same_host(std::string_view host, std::string_view server_name) noexcept {
    return equal_ignoring_case(split_host(host).name, server_name);
}

const HostRoutes::Owned* HostRoutes::match(std::uint64_t hash, std::string_view prefix) const noexcept {
    const auto first =
        std::lower_bound(owned_.begin(), owned_.end(), hash,
                         [](const Owned& owned, std::uint64_t wanted) { return owned.folded_hash < wanted; });
    const Owned* found = nullptr;
    for (auto it = first; it != owned_.end() && it->folded_hash == hash; ++it) {
        if (it->prefix == prefix) return &*it;
        if (it->path_case == config::PathCase::insensitive && equal_ignoring_case(it->prefix, prefix))
            found = &*it;
    }
    return found;
}

Route HostRoutes::app_of(std::string_view path) const noexcept {
    if (kind_ == RouteKind::portal) return {RouteKind::portal, {}};
    const Owned* best = nullptr;
    std::uint64_t hash = kHashStart;
    for (std::size_t i = 0; i <= std::min(path.size(), longest_); ++i) {
        const bool border = i == path.size() || path[i] == '/';
        if (border)
            if (const Owned* owned = match(hash, path.substr(0, i)); owned != nullptr) best = owned;
        if (i < path.size()) hash = hash_more(hash, path[i]);
    }
    return best == nullptr ? Route{RouteKind::served, {}} : Route{RouteKind::app, best->app};
}

Result<> RouteTable::add_app(const config::App& app, AppId id) {
    HostRoutes& host = hosts_[lower(app.host)];
    if (host.kind_ == RouteKind::portal)
        return Error(Errc::exists, "app " + app.name + " has the portal's host");
    for (const std::string& path : app.paths) {
        std::string scratch;
        const CanonicalPath canonical = canonicalise_path(path, PathRules::plain, scratch);
        if (!canonical)
            return Error(Errc::malformed, "app " + app.name + " has a path that no request can have");
        std::string_view prefix = canonical.path;
        if (prefix.back() == '/') prefix.remove_suffix(1);
        host.owned_.push_back({std::string(prefix), hash_of(prefix), id, app.path_case});
        host.longest_ = std::max(host.longest_, prefix.size());
    }
    return {};
}

Result<> RouteTable::finish() {
    for (auto& [name, host] : hosts_) {
        const auto less = [](const HostRoutes::Owned& a, const HostRoutes::Owned& b) {
            return a.folded_hash != b.folded_hash ? a.folded_hash < b.folded_hash : a.prefix < b.prefix;
        };
        const auto same = [](const HostRoutes::Owned& a, const HostRoutes::Owned& b) {
            return a.folded_hash == b.folded_hash && a.prefix == b.prefix;
        };
        std::sort(host.owned_.begin(), host.owned_.end(), less);
        if (std::adjacent_find(host.owned_.begin(), host.owned_.end(), same) != host.owned_.end())
            return Error(Errc::exists, "two apps have one path on the host " + name);
        // Paths decide something as soon as an app owns less than its host, or several share it.
        if (host.owned_.size() > 1 || host.longest_ > 0) host.rules_ = PathRules::strict;
    }
    return {};
}

void RouteTable::take_ports(const config::Model& model) {
    ports_.push_back(model.portal.port);
    for (const config::Endpoint& endpoint : model.listen.https) ports_.push_back(endpoint.port);
    if (std::find(ports_.begin(), ports_.end(), 0) != ports_.end()) ports_.clear();
}

Result<RouteTable> RouteTable::create(const config::Model& model, std::span<const std::string> served_names) {
    RouteTable table;
    for (const std::string& name : served_names) {
        if (name.starts_with("*."))
            table.wildcards_.insert(lower(std::string_view(name).substr(2)));
        else
            table.hosts_[lower(name)];
    }
    if (!model.portal.host.empty()) {
        HostRoutes& portal = table.hosts_[lower(model.portal.host)];
        portal.kind_ = RouteKind::portal;
        portal.rules_ = PathRules::strict;
    }
    const PathRuled ruled(model);
    for (std::uint32_t i = 0; i < model.apps.size(); ++i) {
        const config::App& app = model.apps[i];
        if (Result<> added = table.add_app(app, AppId{i}); !added) return added.error();
        if (ruled.has(app.name)) table.hosts_[lower(app.host)].rules_ = PathRules::strict;
    }
    table.take_ports(model);
    if (Result<> finished = table.finish(); !finished) return finished.error();
    return table;
}

bool RouteTable::is_our_port(const HostParts& parts) const noexcept {
    if (ports_.empty()) return true;
    const std::optional<std::uint16_t> port = parts.has_port ? port_number(parts.port) : 443;
    return port && std::find(ports_.begin(), ports_.end(), *port) != ports_.end();
}

const HostRoutes* RouteTable::find_host(std::string_view host) const noexcept {
    const HostParts parts = split_host(host);
    if (parts.name.empty() || parts.name.size() > kNameBytesMax || !is_our_port(parts)) return nullptr;
    const FoldedName name(parts.name);
    if (const auto found = hosts_.find(name.text()); found != hosts_.end()) return &found->second;
    const std::size_t dot = name.text().find('.');
    if (dot == 0 || dot == std::string_view::npos) return nullptr;
    return wildcards_.contains(name.text().substr(dot + 1)) ? &served_only_ : nullptr;
}

Route RouteTable::find(std::string_view host, std::string_view path) const noexcept {
    const HostRoutes* routes = find_host(host);
    return routes == nullptr ? Route{} : routes->app_of(path);
}

}  // namespace sekisho::gateway
