#include "gateway/http/local_upstream.hpp"

namespace sekisho::gateway {

LocalUpstream::LocalUpstream(Make make, std::size_t body_bytes_max, bool head_only)
    : make_(std::move(make)),
      pending_(std::make_shared<PendingReply>()),
      body_bytes_max_(body_bytes_max),
      head_only_(head_only) {}

LocalUpstream::LocalUpstream(LocalReply reply, bool head_only)
    : pending_(std::make_shared<PendingReply>()), head_only_(head_only) {
    pending_->reply = std::move(reply);
}

std::size_t LocalUpstream::write_body(ByteView bytes) {
    if (!make_ || too_large_) return bytes.size();  // answered already: what still comes is let go
    if (body_.size() + bytes.size() > body_bytes_max_) {
        too_large_ = true;
        body_.clear();
        pending_->reply = LocalReply{413, {}, {}, true};
        return bytes.size();
    }
    body_.append(as_text(bytes));
    return bytes.size();
}

void LocalUpstream::finish_body(std::string_view) {
    if (!make_ || too_large_) return;
    const auto make = std::exchange(make_, nullptr);
    make(std::move(body_), pending_);
}

ResponsePeek LocalUpstream::response() {
    if (!pending_->reply) return {};
    return {ResponsePeek::State::final, nullptr, &*pending_->reply};
}

BodyPeek LocalUpstream::response_body() {
    const std::string_view body = head_only_ ? std::string_view{} : pending_->reply->body;
    if (given_ >= body.size()) return {BodyPeek::State::end, {}};
    return {BodyPeek::State::data, as_bytes(body.substr(given_))};
}

}  // namespace sekisho::gateway
