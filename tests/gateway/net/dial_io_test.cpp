// Goal: the first address that answers wins; refusal, silence and forbidden addresses move on to the next.
// Method: loopback listeners, a closed port, and a full accept queue as the silent host.
#include "gateway/net/dial_io.hpp"

#include "gateway/net/listener_io.hpp"
#include "gateway/net/reactor_io.hpp"
#include "gateway/net/socket_address_io.hpp"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace sekisho::gateway {
namespace {

using namespace std::chrono_literals;

struct Dialled {
    IoState state = IoState::would_block;
    Error error;
    IpAddress address;
    Descriptor socket;
};

Flow dial(Reactor& reactor, std::vector<IpAddress> addresses, std::uint16_t port, Millis timeout,
          Dialled& result) {
    Waiter waiter(reactor);
    Dial attempt(reactor, waiter, std::move(addresses), port, timeout);
    while ((result.state = attempt.step()) == IoState::would_block) co_await waiter.wait(attempt.deadline());
    result.error = attempt.error();
    result.address = attempt.address();
    result.socket = attempt.take();
}

// Listens on 127.0.0.1 with no room in its queue: further connections get no answer.
struct SilentHost {
    SilentHost() : listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const auto address = to_socket_address(*parse_ip("127.0.0.1"), 0);
        EXPECT_EQ(::bind(listener.get(), address.raw(), address.size), 0);
        EXPECT_EQ(::listen(listener.get(), 0), 0);
        port = bound_endpoint(listener).port;
        for (int i = 0; i < 4; ++i) {
            fill.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
            const auto target = to_socket_address(*parse_ip("127.0.0.1"), port);
            ::connect(fill.back().get(), target.raw(), target.size);
        }
    }
    UniqueFd listener;
    std::vector<UniqueFd> fill;
    std::uint16_t port = 0;
};

class Dialling : public testing::Test {
protected:
    Dialled run(const std::vector<std::string>& addresses, std::uint16_t port, Millis timeout = 2000ms) {
        std::vector<IpAddress> parsed;
        for (const auto& address : addresses) parsed.push_back(parse_ip(address).value());
        Dialled result;
        dial(reactor_, std::move(parsed), port, timeout, result);
        while (reactor_.live_flows() != 0) reactor_.turn(50ms);
        return result;
    }
    UniqueFd listen() {
        config::Endpoint endpoint;
        endpoint.address = *parse_ip("127.0.0.1");
        auto sockets = open_listeners(endpoint, 1).value();
        return std::move(sockets.front());
    }
    Reactor reactor_;
};

TEST_F(Dialling, ConnectsAndTheSocketWorks) {
    const auto listener = listen();
    auto result = run({"127.0.0.1"}, bound_endpoint(listener).port);
    ASSERT_EQ(result.state, IoState::done);
    EXPECT_EQ(result.socket.write(as_bytes("hello")).bytes, 5u);
}

TEST_F(Dialling, RefusedAndForbiddenAddressesMoveOnToTheNext) {
    const auto listener = listen();
    // Nobody listens on the other loopback addresses.
    auto result =
        run({"169.254.169.254", "127.0.0.2", "127.0.0.3", "127.0.0.1"}, bound_endpoint(listener).port);
    ASSERT_EQ(result.state, IoState::done);
    EXPECT_EQ(to_text(result.address), "127.0.0.1");
}

TEST_F(Dialling, SaysWhyTheLastAddressFailed) {
    std::uint16_t closed = 0;
    { closed = bound_endpoint(listen()).port; }
    const auto refused = run({"127.0.0.1"}, closed);
    EXPECT_EQ(refused.state, IoState::failed);
    EXPECT_EQ(refused.error.code(), Errc::unavailable);
    EXPECT_EQ(std::string(refused.error.detail()),
              "127.0.0.1 port " + std::to_string(closed) + ": connection refused");
    EXPECT_EQ(run({"::ffff:169.254.169.254"}, 80).error.code(), Errc::denied);
    EXPECT_EQ(run({}, 80).error.code(), Errc::not_found);
}

TEST_F(Dialling, SilenceEndsWithTheAttemptsTimeOut) {
    const SilentHost silent;
    const auto before = system_clock_face().steady();
    const auto result = run({"127.0.0.1"}, silent.port, 100ms);
    const auto took = system_clock_face().steady() - before;
    EXPECT_EQ(result.state, IoState::failed);
    EXPECT_EQ(result.error.code(), Errc::timed_out);
    EXPECT_GE(took, 100ms);
    EXPECT_LT(took, 2000ms);
}

}  // namespace
}  // namespace sekisho::gateway
