#pragma once
// Listener accepts connections on one worker; SO_REUSEPORT lets each worker have its own socket on one port.
#include "base/result.hpp"
#include "config/model.hpp"
#include "gateway/net/connection_limits.hpp"
#include "gateway/net/descriptor_io.hpp"
#include "gateway/net/flow_io.hpp"

#include <functional>

namespace sekisho::gateway {

struct AcceptedSocket {
    UniqueFd fd;            // non-blocking, TCP_NODELAY
    Descriptor descriptor;  // in place of it, when the reactor knows the socket already
    IpAddress peer;         // the client, as the socket or a balancer's PROXY header says
    std::uint16_t peer_port = 0;
    ConnectionLease lease;
};

// open_listeners binds `count` sockets to one endpoint; with port 0 the kernel chooses once and all share it.
// Builds with SEKISHO_TEST_HOOKS refuse addresses that are not loopback.
// Errors: Errc::unavailable with the address and the reason ("address already in use").
Result<std::vector<UniqueFd>> open_listeners(const config::Endpoint& endpoint, std::uint32_t count);

// bound_endpoint: where a socket really listens.
config::Endpoint bound_endpoint(const UniqueFd& socket);

struct ListenerCounts {
    std::uint64_t accepted = 0, out_of_descriptors = 0, failed = 0;
    std::array<std::uint64_t, refusal_count> refused{};  // by Refusal
    std::uint64_t of(Refusal why) const noexcept { return refused[static_cast<std::size_t>(why)]; }
};

// What a listener asks of connections.
struct ListenerRules {
    std::shared_ptr<ConnectionLimits> limits;
    // Peers that must begin with a PROXY header (R33); for every other one such a header is noise. Empty =
    // none.
    std::function<bool(const IpAddress& peer)> is_balancer;
};

class Listener final : public ReadyHook {
public:
    using Handler = std::function<void(AcceptedSocket)>;
    // The handler runs on the reactor's thread; usually it starts a Flow.
    Listener(Reactor& reactor, UniqueFd socket, ListenerRules rules, Handler handler);

    config::Endpoint local() const noexcept { return local_; }
    // stop accepts what the kernel already holds, then closes: for drain.
    void stop() noexcept;
    const ListenerCounts& counts() const noexcept { return counts_; }

    // How long a balancer may take for its header, and how many may be at it on one listener.
    static constexpr Millis proxy_header_within{3000};
    static constexpr std::size_t proxy_headers_awaited_max = 1024;

private:
    enum class Accepted : std::uint8_t { one, none, failed };
    void ready() noexcept override;
    Accepted accept_one() noexcept;
    Accepted shed() noexcept;
    void hand_over(AcceptedSocket socket);
    void refuse(Refusal why) noexcept { ++counts_.refused[static_cast<std::size_t>(why)]; }
    Flow hear_balancer(Reactor& reactor, AcceptedSocket socket);
    bool heard(AcceptedSocket& socket, bool& waits);

    Reactor& reactor_;
    Descriptor socket_;
    ListenerRules rules_;
    Handler handler_;
    config::Endpoint local_;
    UniqueFd spare_;  // given up to accept and close a connection when descriptors run out
    ListenerCounts counts_;
    std::size_t headers_awaited_ = 0;
};

}  // namespace sekisho::gateway
