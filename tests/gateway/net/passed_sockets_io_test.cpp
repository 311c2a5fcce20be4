// Goal: sockets that were passed are taken once, for the endpoint they are bound to, shared by all workers;
// unfit ones are named. Method: real sockets at descriptors from 3 on, in a child that sees them as a service
// manager gives them.
#include "gateway/net/passed_sockets_io.hpp"

#include "gateway/net/listener_io.hpp"
#include "gateway/net/reactor_io.hpp"
#include "gateway/net/socket_address_io.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sekisho::gateway {
namespace {

config::Endpoint loopback(std::uint16_t port) {
    config::Endpoint endpoint;
    endpoint.address = *parse_ip("127.0.0.1");
    endpoint.port = port;
    return endpoint;
}

UniqueFd bound(int type = SOCK_STREAM, bool listening = true) {
    UniqueFd fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    const auto address = to_socket_address(*parse_ip("127.0.0.1"), 0);
    EXPECT_EQ(::bind(fd.get(), address.raw(), address.size), 0);
    if (listening) {
        EXPECT_EQ(::listen(fd.get(), 16), 0);
    }
    return fd;
}

UniqueFd connected(std::uint16_t port) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto address = to_socket_address(*parse_ip("127.0.0.1"), port);
    EXPECT_EQ(::connect(fd.get(), address.raw(), address.size), 0);
    return fd;
}

TEST(PassedSockets, EachGoesToItsEndpointOnceAndIsSharedByAllWorkers) {
    std::vector<UniqueFd> given;
    given.push_back(bound());
    given.push_back(bound());
    const auto first = bound_endpoint(given[0]), second = bound_endpoint(given[1]);
    PassedSockets passed(std::move(given));
    auto sockets = passed.sockets_for(first, 3).value();
    ASSERT_EQ(sockets.size(), 3u);
    for (const auto& socket : sockets) EXPECT_EQ(bound_endpoint(socket).port, first.port);
    EXPECT_TRUE(passed.sockets_for(first, 3).value().empty());
    EXPECT_TRUE(passed.sockets_for(loopback(1), 3).value().empty());
    const auto left = passed.all_taken();
    ASSERT_FALSE(left);
    EXPECT_THAT(std::string(left.error().detail()),
                testing::HasSubstr("127.0.0.1:" + std::to_string(second.port)));
    EXPECT_EQ(passed.sockets_for(second, 1).value().size(), 1u);
    EXPECT_TRUE(passed.all_taken());
}

TEST(PassedSockets, WorkersOnCopiesOfOneSocketLoseNoConnection) {
    std::vector<UniqueFd> given;
    given.push_back(bound());
    const auto endpoint = bound_endpoint(given[0]);
    ASSERT_EQ(::fcntl(given[0].get(), F_SETFL, O_NONBLOCK), 0);
    PassedSockets passed(std::move(given));
    auto sockets = passed.sockets_for(endpoint, 2).value();
    Reactor one, two;
    std::size_t accepted = 0;
    const auto limits = ListenerRules{ConnectionLimits::create({100, 100}), {}};
    Listener here(one, std::move(sockets[0]), limits, [&](AcceptedSocket) { ++accepted; });
    Listener there(two, std::move(sockets[1]), limits, [&](AcceptedSocket) { ++accepted; });
    std::vector<UniqueFd> clients;
    for (int i = 0; i < 10; ++i) clients.push_back(connected(endpoint.port));
    for (int i = 0; i < 3; ++i) {
        one.turn();
        if (accepted < 10) two.turn();
    }
    EXPECT_EQ(accepted, 10u);
}

// What take() finds in a child whose descriptor 3 is the given one.
std::string taken_in_child(const UniqueFd& fd, const char* count, bool our_pid = true) {
    int pipe[2];
    EXPECT_EQ(::pipe(pipe), 0);
    const auto child = ::fork();
    if (child == 0) {
        const int out = ::fcntl(pipe[1], F_DUPFD, 50);
        ::dup2(fd.get(), 3);
        ::setenv("LISTEN_PID", std::to_string(our_pid ? ::getpid() : ::getpid() + 1).c_str(), 1);
        ::setenv("LISTEN_FDS", count, 1);
        auto passed = PassedSockets::take();
        std::string said = passed ? "taken" : std::string(passed.error().detail());
        if (passed && passed->all_taken()) said = "nothing";
        if (::getenv("LISTEN_FDS") != nullptr) said += " but the variable is still there";
        if (passed && said == "taken" && (::fcntl(3, F_GETFD) & FD_CLOEXEC) == 0)
            said += " but survives exec";
        (void)!::write(out, said.data(), said.size());
        ::_exit(0);
    }
    ::close(pipe[1]);
    char text[512];
    const auto size = ::read(pipe[0], text, sizeof text);
    ::close(pipe[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    return {text, size > 0 ? static_cast<std::size_t>(size) : 0};
}

TEST(PassedSockets, TakesWhatFitsAndNamesWhatDoesNot) {
    struct Case {
        UniqueFd fd;
        const char* count;
        bool our_pid;
        std::string expected;
    };
    std::vector<Case> cases;
    cases.push_back({bound(), "1", true, "taken"});
    cases.push_back({bound(), "0", true, "nothing"});
    cases.push_back({bound(), "one", true, "nothing"});
    cases.push_back({bound(), "1", false, "nothing"});
    cases.push_back({bound(), "65", true, "at most 64"});
    cases.push_back({bound(SOCK_STREAM, false), "1", true, "does not listen"});
    cases.push_back({bound(SOCK_DGRAM, false), "1", true, "does not listen"});
    cases.push_back({UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)), "1", true, "is no TCP socket"});
    for (const auto& one : cases)
        EXPECT_THAT(
            taken_in_child(one.fd, one.count, one.our_pid),
            testing::AllOf(testing::HasSubstr(one.expected), testing::Not(testing::HasSubstr("but"))));
}

TEST(PassedSockets, IPv6ThatTakesIPv4TooIsRefused) {
    UniqueFd both(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int off = 0;
    const auto address = to_socket_address(*parse_ip("::"), 0);  // bound to one address it takes IPv6 only
    ::setsockopt(both.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (!both || ::bind(both.get(), address.raw(), address.size) != 0) return;  // a machine without IPv6
    ASSERT_EQ(::listen(both.get(), 1), 0);
    EXPECT_THAT(taken_in_child(both, "1"), testing::HasSubstr("BindIPv6Only=ipv6-only"));
}

}  // namespace
}  // namespace sekisho::gateway
