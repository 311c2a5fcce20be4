// Goal: connections reach the handler with the facts, limits hold, and running out of descriptors is
// survived. Method: real loopback sockets, ports given by the kernel.
#include "gateway/net/listener_io.hpp"

#include "gateway/net/reactor_io.hpp"
#include "gateway/net/socket_address_io.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace sekisho::gateway {
namespace {

config::Endpoint loopback(std::uint16_t port = 0) {
    config::Endpoint endpoint;
    endpoint.address = *parse_ip("127.0.0.1");
    endpoint.port = port;
    return endpoint;
}

UniqueFd fresh_socket() { return UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

bool connect_to(const UniqueFd& fd, std::uint16_t port) {
    const auto address = to_socket_address(*parse_ip("127.0.0.1"), port);
    return ::connect(fd.get(), address.raw(), address.size) == 0;
}

UniqueFd connected(std::uint16_t port) {
    UniqueFd fd = fresh_socket();
    EXPECT_TRUE(connect_to(fd, port));
    return fd;
}

class Listening : public testing::Test {
protected:
    explicit Listening(std::uint32_t total = 100, std::uint32_t each = 100)
        : limits_(ConnectionLimits::create({total, each})) {
        auto sockets = open_listeners(loopback(), 1).value();
        const ListenerRules rules{limits_, [this](const IpAddress&) { return behind_balancer_; }};
        listener_.emplace(reactor_, std::move(sockets.front()), rules,
                          [this](AcceptedSocket socket) { accepted_.push_back(std::move(socket)); });
        port_ = listener_->local().port;
    }
    Reactor reactor_;
    std::shared_ptr<ConnectionLimits> limits_;
    std::vector<AcceptedSocket> accepted_;
    bool behind_balancer_ = false;
    std::optional<Listener> listener_;
    std::uint16_t port_ = 0;
};

TEST_F(Listening, HandsOverSocketsWithPeerAndNoDelay) {
    std::vector<UniqueFd> clients;
    for (int i = 0; i < 5; ++i) clients.push_back(connected(port_));
    reactor_.turn();
    ASSERT_EQ(accepted_.size(), 5u);
    for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_EQ(accepted_[i].peer, *parse_ip("127.0.0.1"));
        EXPECT_EQ(accepted_[i].peer_port, bound_endpoint(clients[i]).port);
        int on = 0;
        socklen_t size = sizeof on;
        ::getsockopt(accepted_[i].fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, &size);
        EXPECT_EQ(on, 1);
        EXPECT_NE(::fcntl(accepted_[i].fd.get(), F_GETFL) & O_NONBLOCK, 0);
    }
    EXPECT_EQ(limits_->open(), 5u);
    accepted_.clear();
    EXPECT_EQ(limits_->open(), 0u);
}

TEST_F(Listening, ClosesConnectionsPastTheLimit) {
    limits_->change({100, 2});
    std::vector<UniqueFd> clients;
    for (int i = 0; i < 4; ++i) clients.push_back(connected(port_));
    reactor_.turn();
    EXPECT_EQ(accepted_.size(), 2u);
    EXPECT_EQ(listener_->counts().of(Refusal::per_address), 2u);
    char byte = 0;
    EXPECT_LE(::recv(clients[3].get(), &byte, 1, 0), 0) << "the refused one is closed at once";
    limits_->change({2, 100});
    clients.push_back(connected(port_));
    reactor_.turn();
    EXPECT_EQ(listener_->counts().of(Refusal::total), 1u);
}

TEST_F(Listening, SurvivesRunningOutOfDescriptors) {
    const UniqueFd client = fresh_socket();
    ASSERT_TRUE(connect_to(client, port_));
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit tight = before;
    tight.rlim_cur = 64;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
    std::vector<UniqueFd> eaten;
    for (;;) {
        UniqueFd one(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        if (!one) break;
        eaten.push_back(std::move(one));
    }
    reactor_.turn();
    ::setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_TRUE(accepted_.empty());
    EXPECT_EQ(listener_->counts().out_of_descriptors, 2u) << "one shed, then the empty queue asked again";
    char byte = 0;
    EXPECT_LE(::recv(client.get(), &byte, 1, 0), 0) << "the client learns at once";
    eaten.clear();
    const auto next = connected(port_);
    reactor_.turn();
    EXPECT_EQ(accepted_.size(), 1u);
}

TEST_F(Listening, KeepsTheLastDescriptorsForItself) {
    reactor_.end_descriptors_at(3);
    const auto client = connected(port_);
    reactor_.turn();
    EXPECT_TRUE(accepted_.empty());
    EXPECT_EQ(listener_->counts().of(Refusal::descriptors), 1u);
    char byte = 0;
    EXPECT_LE(::recv(client.get(), &byte, 1, 0), 0) << "closed at once";
}

void send_text(const UniqueFd& fd, std::string_view text) {
    ASSERT_EQ(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
}

TEST_F(Listening, TakesTheClientsAddressFromABalancer) {
    behind_balancer_ = true;
    limits_->change({100, 1});
    const auto client = connected(port_);
    send_text(client, "PROXY TCP4 192.0.2.7 198.51.100.1 56324 44");
    reactor_.turn();
    reactor_.turn();
    EXPECT_TRUE(accepted_.empty()) << "not before the header is whole";
    send_text(client, "3\r\nhello");
    for (int i = 0; i < 10 && accepted_.empty(); ++i) reactor_.turn(Millis{50});
    ASSERT_EQ(accepted_.size(), 1u);
    EXPECT_EQ(accepted_[0].peer, *parse_ip("192.0.2.7"));
    EXPECT_EQ(accepted_[0].peer_port, 56324);
    std::uint8_t rest[16];
    EXPECT_EQ(accepted_[0].descriptor.read(rest).bytes, 5u) << "the client's own bytes are still there";
    const auto second = connected(port_);
    send_text(second, "PROXY TCP4 192.0.2.7 198.51.100.1 56325 443\r\n");
    for (int i = 0; i < 10 && listener_->counts().of(Refusal::per_address) == 0; ++i)
        reactor_.turn(Millis{50});
    EXPECT_EQ(listener_->counts().of(Refusal::per_address), 1u) << "counted as the client's";
    accepted_.clear();
}

TEST_F(Listening, RefusesABalancerThatSaysNothingOrNoise) {
    behind_balancer_ = true;
    const auto noise = connected(port_), gone = connected(port_);
    send_text(noise, "GET / HTTP/1.1\r\n");
    ::shutdown(gone.get(), SHUT_WR);
    for (int i = 0; i < 10 && listener_->counts().of(Refusal::proxy_header) < 2; ++i)
        reactor_.turn(Millis{50});
    EXPECT_EQ(listener_->counts().of(Refusal::proxy_header), 2u);
    EXPECT_TRUE(accepted_.empty());
    const auto silent = connected(port_);
    const auto began = reactor_.now();
    for (int i = 0; i < 100 && listener_->counts().of(Refusal::proxy_header) < 3; ++i)
        reactor_.turn(Millis{50});
    EXPECT_EQ(listener_->counts().of(Refusal::proxy_header), 3u);
    EXPECT_GE(reactor_.now() - began, Listener::proxy_header_within);
    EXPECT_EQ(reactor_.live_flows(), 0u);
}

TEST_F(Listening, StopTakesWhatTheKernelHoldsThenRefuses) {
    const auto waiting = connected(port_);
    listener_->stop();
    EXPECT_EQ(accepted_.size(), 1u);
    EXPECT_FALSE(connect_to(fresh_socket(), port_));
    listener_->stop();
}

TEST(OpenListeners, WorkersShareOnePort) {
    auto sockets = open_listeners(loopback(), 3).value();
    ASSERT_EQ(sockets.size(), 3u);
    const auto port = bound_endpoint(sockets[0]).port;
    EXPECT_NE(port, 0);
    for (const auto& socket : sockets) EXPECT_EQ(bound_endpoint(socket).port, port);
    Reactor reactor;
    std::size_t accepted = 0;
    const auto limits = ConnectionLimits::create({100, 100});
    std::vector<std::unique_ptr<Listener>> listeners;
    for (auto& socket : sockets)
        listeners.push_back(std::make_unique<Listener>(reactor, std::move(socket), ListenerRules{limits, {}},
                                                       [&](AcceptedSocket) { ++accepted; }));
    std::vector<UniqueFd> clients;
    for (int i = 0; i < 30; ++i) clients.push_back(connected(port));
    for (int i = 0; i < 5; ++i) reactor.turn();
    EXPECT_EQ(accepted, 30u);
}

TEST(OpenListeners, RefusesATakenPortByName) {
    const auto first = open_listeners(loopback(), 1).value();
    const auto port = bound_endpoint(first[0]).port;
    const auto second = open_listeners(loopback(port), 2);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), Errc::unavailable);
    EXPECT_EQ(std::string(second.error().detail()),
              "127.0.0.1:" + std::to_string(port) + ": address already in use");
}

TEST(OpenListeners, Ipv6StandsBesideIpv4OnOnePort) {
    const auto v4 = open_listeners(loopback(), 1).value();
    config::Endpoint six;
    six.address = *parse_ip("::1");
    six.port = bound_endpoint(v4[0]).port;
    const auto v6 = open_listeners(six, 2);
    if (v6) {
        EXPECT_EQ(bound_endpoint(v6->front()).port, six.port);
        EXPECT_EQ(bound_endpoint(v6->front()).address, six.address);
    } else {  // a machine without IPv6
        EXPECT_THAT(std::string(v6.error().detail()), testing::StartsWith("[::1]:"));
    }
}

#ifdef SEKISHO_TEST_HOOKS
TEST(OpenListeners, BuildWithTestHooksStaysOnLoopback) {
    auto everywhere = loopback();
    everywhere.address = *parse_ip("0.0.0.0");
    EXPECT_FALSE(open_listeners(everywhere, 1));
}
#endif

}  // namespace
}  // namespace sekisho::gateway
