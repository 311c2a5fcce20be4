#pragma once
// LocalUpstream is the upstream side that is us: it gathers a small request body, has the answer
// made, perhaps on another thread, and gives it out as a response.
#include "gateway/http/local_reply.hpp"
#include "gateway/http/upstream_side.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace sekisho::gateway {

// PendingReply is where an answer made elsewhere arrives. Only the worker's thread touches it.
struct PendingReply {
    std::optional<LocalReply> reply;
};

class LocalUpstream final : public UpstreamSide {
public:
    // Make is called once, with the whole body, on the worker. It either sets the reply at once or has it set
    // later (on the worker's thread again) and the connection woken.
    using Make = std::function<void(std::string body, const std::shared_ptr<PendingReply>&)>;

    LocalUpstream(Make make, std::size_t body_bytes_max, bool head_only);
    // A reply that is there already; the request body is not wanted.
    LocalUpstream(LocalReply reply, bool head_only);

    std::size_t write_body(ByteView bytes) override;
    void finish_body(std::string_view trailers) override;
    Flush flush() override { return Flush::done; }
    ResponsePeek response() override;
    BodyPeek response_body() override;
    void consume_response_body(std::size_t bytes) override { given_ += bytes; }
    std::string_view response_trailers() const override { return {}; }
    UpstreamFault fault() const override { return UpstreamFault::none; }
    SteadyTime deadline() const override { return SteadyTime::max(); }
    void expire(SteadyTime) override {}

    bool body_too_large() const noexcept { return too_large_; }

private:
    Make make_;
    std::shared_ptr<PendingReply> pending_;
    std::string body_;
    std::size_t body_bytes_max_ = 0, given_ = 0;
    bool head_only_ = false, too_large_ = false;
};

}  // namespace sekisho::gateway
