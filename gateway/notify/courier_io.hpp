#pragma once
// Courier carries one conversation at a time to its end: looks the host up, connects, speaks TLS with the
// certificate verified, moves bytes. Addresses are judged after they were resolved (R33).
// Thread: one; every call blocks it. Not a worker's.
#include "gateway/net/reactor_io.hpp"
#include "gateway/net/resolver_io.hpp"
#include "gateway/net/tls_context.hpp"
#include "gateway/notify/conversation.hpp"

namespace sekisho::gateway {

struct Destination {
    std::string host;
    std::uint16_t port = 0;
    std::string ca_path;             // empty = the system's roots
    bool tls_from_the_start = true;  // else the conversation says when
    TlsClientContext::Application application = TlsClientContext::Application::http1;
};

class Courier {
public:
    static constexpr Millis connect_timeout{10'000}, timeout{60'000};  // of one address; of a delivery

    Courier(Resolver& resolver, const Clock& clock) : reactor_(clock), resolver_(resolver) {}

    // carry: Errors: Errc::denied when this will never be taken (or goes to an address R33 forbids); anything
    // else may pass.
    Result<> carry(const Destination& destination, Conversation& conversation);
    // give_up ends what is being carried, and everything after. Thread: any.
    void give_up() noexcept;

private:
    struct Trip;
    Flow travel(Reactor& reactor, Trip* trip);
    Reactor reactor_;
    Resolver& resolver_;
};

}  // namespace sekisho::gateway
