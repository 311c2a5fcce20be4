#pragma once
// Responder makes every answer that is ours: refusals at once, pages on a pool.
#include "gateway/admission/admission.hpp"
#include "gateway/http/local_reply.hpp"
#include "gateway/http/upstream_side.hpp"
#include "gateway/net/reactor_io.hpp"

#include <functional>
#include <string>

namespace sekisho::gateway {

// PageLane says which pool a page runs on: `hashing` for forms that cost a password hash, so that a flood of
// them leaves the other pages alone.
enum class PageLane : std::uint8_t { pages, hashing };

// Asker is what is remembered of a request for an answer that comes when its head is gone.
struct Asker {
    bool navigation = false;
    std::string_view accept_language;
};

class Responder {
public:
    using Done = std::function<void(LocalReply)>;
    virtual ~Responder() = default;

    // What a request may not have. Quick: runs on the worker.
    virtual LocalReply refusal(const SnapshotPtr& snapshot, const RequestHead& head, const Verdict& verdict,
                               const PeerFacts& peer, std::string_view request_id, WallTime now) = 0;
    // What an upstream did not give: 502, 503 or 504.
    virtual LocalReply fault(const SnapshotPtr& snapshot, const Asker& asker, const config::App* app,
                             UpstreamFault fault, std::string_view request_id, WallTime now) = 0;
    // A message that is none, or too large or slow: 400, 408, 413, 414, 417, 431, 501, 505. `body_bytes_max`
    // is what a body may have, for 413.
    virtual LocalReply malformed(const SnapshotPtr& snapshot, const Asker& asker, int status,
                                 std::uint64_t body_bytes_max, std::string_view request_id) = 0;

    // begin_page takes what the page needs out of the request; the result is run once the body is there.
    using Page = std::function<void(std::string body, Done done)>;
    virtual Page begin_page(const SnapshotPtr& snapshot, Reactor& reactor, const RequestHead& head,
                            const Verdict& verdict, const PeerFacts& peer, std::string_view request_id,
                            WallTime now) = 0;
};

}  // namespace sekisho::gateway
