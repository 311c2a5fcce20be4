#pragma once
// PassedSockets are the listening sockets that whoever started the process had opened for it, so that it
// needs no right to open low ports and a restart refuses nobody: while we are away the kernel queues. Source:
// sd_listen_fds(3): LISTEN_PID, LISTEN_FDS, descriptors from 3 on.
#include "base/result.hpp"
#include "config/model.hpp"
#include "gateway/net/descriptor_io.hpp"

#include <vector>

namespace sekisho::gateway {

class PassedSockets {
public:
    // take reads and removes the variables, and makes the descriptors ours: closed on exec, non-blocking.
    // Nothing when nothing was passed to this process. At most 64.
    // Errors: Errc::malformed when what was passed cannot be listened on: the sentence says which and why.
    // Thread: call once, before any other thread exists.
    static Result<PassedSockets> take();
    PassedSockets() = default;
    explicit PassedSockets(std::vector<UniqueFd> sockets);

    // sockets_for gives the sockets bound to this endpoint, each at most once: those passed, and copies of
    // them until there are `count`, since every worker listens. Empty when none was passed. Errors:
    // Errc::unavailable when a copy cannot be made.
    Result<std::vector<UniqueFd>> sockets_for(const config::Endpoint& endpoint, std::size_t count);
    // all_taken: Errc::malformed names a socket that no endpoint asked for; connections to it would hang.
    Result<> all_taken() const;

private:
    struct Passed {
        UniqueFd socket;
        config::Endpoint endpoint;
    };
    std::vector<Passed> passed_;
};

}  // namespace sekisho::gateway
