#pragma once
// Resolver turns host names into addresses: literals and localhost at once, others by c-ares on a thread of
// its own.
//
// Answers live as long as their TTL says (within bounds); while an expired one is asked again, and while the
// servers don't answer, the last good one is used. Forbidden addresses (R33) are left out.
// Thread: every member may be called from any thread.
#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/result.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sekisho::gateway {

class Reactor;

struct ResolverOptions {
    std::string servers;  // "192.0.2.1:53,192.0.2.2"; empty = /etc/resolv.conf
    Seconds ttl_min{1}, ttl_max{300};
    Millis query_timeout{2'000};
    std::size_t names_max = 4096;  // remembered at once; more answer Errc::too_large
    Clock const* clock = nullptr;  // null = the system's
};

class Resolver {
public:
    using Answer = Result<std::vector<IpAddress>>;

    static Result<std::unique_ptr<Resolver>> create(ResolverOptions options = {});
    ~Resolver();  // open questions are dropped without an answer

    // peek answers without waiting, or not at all. An answer past its TTL is given once more and asked again
    // meanwhile.
    std::optional<std::vector<IpAddress>> peek(std::string_view host);

    // resolve calls `done` on the reactor's thread, in a later turn. The reactor must outlive the question.
    // Errors: Errc::not_found (no such name or no address), timed_out, unavailable, denied (only forbidden
    // addresses).
    void resolve(Reactor& reactor, const std::string& host, std::function<void(Answer)> done);

private:
    struct Impl;
    explicit Resolver(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sekisho::gateway
