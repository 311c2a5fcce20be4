#pragma once
// Listener accepts connections on one worker; SO_REUSEPORT lets each worker have its own socket on one port.
#include "base/result.hpp"
#include "config/model.hpp"
#include "gateway/net/connection_limits.hpp"
#include "gateway/net/descriptor_io.hpp"

#include <functional>

namespace sekisho::gateway {

struct AcceptedSocket {
    UniqueFd fd;  // non-blocking, TCP_NODELAY
    IpAddress peer;
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
    std::uint64_t accepted = 0, refused_total = 0, refused_address = 0, out_of_descriptors = 0, failed = 0;
};

class Listener final : public ReadyHook {
public:
    using Handler = std::function<void(AcceptedSocket)>;
    // The handler runs on the reactor's thread; usually it starts a Flow.
    Listener(Reactor& reactor, UniqueFd socket, std::shared_ptr<ConnectionLimits> limits, Handler handler);

    config::Endpoint local() const noexcept { return local_; }
    // stop accepts what the kernel already holds, then closes: for drain.
    void stop() noexcept;
    const ListenerCounts& counts() const noexcept { return counts_; }

private:
    enum class Accepted : std::uint8_t { one, none, failed };
    void ready() noexcept override;
    Accepted accept_one() noexcept;
    Accepted shed() noexcept;

    Descriptor socket_;
    std::shared_ptr<ConnectionLimits> limits_;
    Handler handler_;
    config::Endpoint local_;
    UniqueFd spare_;  // given up to accept and close a connection when descriptors run out
    ListenerCounts counts_;
};

}  // namespace sekisho::gateway
