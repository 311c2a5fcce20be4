#include "gateway/net/waiter_io.hpp"

#include "gateway/net/reactor_io.hpp"

namespace sekisho::gateway {

Waiter::Waiter(Reactor& reactor) noexcept : reactor_(&reactor) {
    MemberLink::insert_before(reactor.members_);
    if (reactor.cancelling_) {
        cancelled_ = true;
        wake(Wake::cancel);
    }
}

Waiter::~Waiter() {
    if (id_ != 0) reactor_->tickets_.erase(id_);
}

void Waiter::wake(Wake reason) noexcept {
    pending_ |= static_cast<std::uint8_t>(reason);
    if (handle_ && !ReadyLink::linked()) ReadyLink::insert_before(reactor_->ready_);
}

WaiterTicket Waiter::ticket() {
    if (id_ == 0) {
        id_ = ++reactor_->last_ticket_;
        reactor_->tickets_.emplace(id_, this);
    }
    return {id_};
}

void Waiter::sleep(std::coroutine_handle<> handle, SteadyTime deadline) noexcept {
    handle_ = handle;
    if (pending_ == 0 && deadline <= reactor_->now()) pending_ = static_cast<std::uint8_t>(Wake::timer);
    if (pending_ == 0) return reactor_->arm(*this, deadline);
    deadline_ = SteadyTime::max();
    ReadyLink::insert_before(reactor_->ready_);
}

}  // namespace sekisho::gateway
