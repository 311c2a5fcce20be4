#pragma once
// RouteTable says which app a host and a canonical path belong to. Immutable; look-ups allocate nothing.
#include "base/ids.hpp"
#include "base/result.hpp"
#include "config/model.hpp"
#include "gateway/http/canonical_path.hpp"

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace sekisho::gateway {

// split_host gives name and port of a valid Host value; the name keeps its brackets.
struct HostParts {
    std::string_view name, port;
    bool has_port = false;
};
HostParts split_host(std::string_view host) noexcept;

enum class RouteKind : std::uint8_t {
    portal,       // our own pages
    app,          // `app` says which
    served,       // a name we hold a certificate for, or an app's host outside its paths: no app here
    misdirected,  // not ours: 421 (R25)
};

struct Route {
    RouteKind kind = RouteKind::misdirected;
    AppId app{};
};

// HostRoutes is what one host serves.
class HostRoutes {
public:
    // rules says how strictly this host's paths are judged: before the app is known, so per host.
    PathRules rules() const noexcept { return rules_; }
    // app_of finds the app with the longest prefix of `path` on segment borders, in time linear in the path.
    Route app_of(std::string_view path) const noexcept;

private:
    friend class RouteTable;
    struct Owned {
        std::string prefix;  // canonical, no slash at its end; empty = the whole host
        std::uint64_t folded_hash = 0;
        AppId app{};
        config::PathCase path_case = config::PathCase::sensitive;
    };
    const Owned* match(std::uint64_t hash, std::string_view prefix) const noexcept;
    RouteKind kind_ = RouteKind::served;
    PathRules rules_ = PathRules::plain;
    std::size_t longest_ = 0;
    std::vector<Owned> owned_;  // sorted by folded_hash
};

class RouteTable {
public:
    // create builds the table of a checked model. `served_names` are the names of the certificates, exact or
    // "*.name". Errors: Errc::malformed for a prefix that has no canonical form, Errc::exists for two apps
    // on one host with one prefix.
    static Result<RouteTable> create(const config::Model& model, std::span<const std::string> served_names);

    // find_host takes a Host value ("name", "name:port", "[v6]:port"); null = misdirected: unknown name, a
    // dot at its end, or a port that is not ours.
    const HostRoutes* find_host(std::string_view host) const noexcept;
    // find is find_host and app_of together.
    Route find(std::string_view host, std::string_view path) const noexcept;

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };
    bool is_our_port(const HostParts& parts) const noexcept;
    Result<> add_app(const config::App& app, AppId id);
    Result<> finish();
    void take_ports(const config::Model& model);

    std::unordered_map<std::string, HostRoutes, Hash, std::equal_to<>> hosts_;
    std::unordered_set<std::string, Hash, std::equal_to<>> wildcards_;  // "corp.example" for "*.corp.example"
    HostRoutes served_only_;
    std::vector<std::uint16_t> ports_;  // empty = any (the kernel chose)
};

// same_host compares a Host value's name with a server name (SNI), ignoring case (R25: SNI = Host).
bool same_host(std::string_view host, std::string_view server_name) noexcept;

}  // namespace sekisho::gateway
