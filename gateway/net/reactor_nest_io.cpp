// The Reactor inside an Asio loop: the epoll descriptor is itself something to wait on.
#include "gateway/net/reactor_io.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace sekisho::gateway {

struct Reactor::Nest {
    Nest(Reactor& owner, boost::asio::io_context& loop, int epoll)
        : reactor(owner), descriptor(loop, epoll), timer(loop) {}
    // The descriptor is the reactor's to close.
    ~Nest() { descriptor.release(); }

    void wait() {
        descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                              [this](boost::system::error_code error) {
                                  if (!error) drain();
                              });
    }
    void drain() {
        turns();
        if (!stopped()) wait();
    }
    void turns() {
        // At most so many turns at a stretch, so that the loop's other work is not starved.
        for (int turn = 0; turn < 64 && !stopped(); ++turn)
            if (!reactor.turn()) break;
        if (stopped()) return end();
        if (reactor.work_waits()) {
            boost::asio::post(descriptor.get_executor(), [this] { turns(); });
        } else if (const auto due = reactor.next_due(); due && *due != timer_due) {
            timer_due = *due;
            timer.expires_at(std::chrono::steady_clock::time_point(due->time_since_epoch()));
            timer.async_wait([this](boost::system::error_code error) {
                if (error) return;  // set anew, or all is over: touch nothing
                timer_due = SteadyTime::max();
                turns();
            });
        }
    }
    bool stopped() const {
        return reactor.stopping_.load(std::memory_order_acquire) ||
               (reactor.stop_when_idle_ && reactor.live_flows_ == 0);
    }
    void end() {
        descriptor.cancel();
        timer.cancel();
    }

    Reactor& reactor;
    boost::asio::posix::stream_descriptor descriptor;
    boost::asio::steady_timer timer;
    SteadyTime timer_due = SteadyTime::max();
};

void Reactor::NestDeleter::operator()(Nest* nest) const noexcept { delete nest; }

void Reactor::nest_in(boost::asio::io_context& loop) {
    nest_.reset(new Nest(*this, loop, epoll_.get()));
    boost::asio::post(loop, [nest = nest_.get()] { nest->drain(); });
}

}  // namespace sekisho::gateway
