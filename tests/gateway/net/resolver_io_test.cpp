// Goal: answers are cached for their TTL, survive a dead server, and arrive on the worker that asked.
// Method: a DNS server of forty lines on a loopback port; a manual clock for the cache.
#include "gateway/net/resolver_io.hpp"

#include "gateway/net/listener_io.hpp"
#include "gateway/net/reactor_io.hpp"
#include "gateway/net/socket_address_io.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <sys/socket.h>
#include <thread>

namespace sekisho::gateway {
namespace {

using namespace std::chrono_literals;

// FakeDns answers A questions with one address and TTL 60, AAAA with nothing, "missing..." with NXDOMAIN.
class FakeDns {
public:
    FakeDns() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        const auto here = to_socket_address(*parse_ip("127.0.0.1"), 0);
        EXPECT_EQ(::bind(socket_.get(), here.raw(), here.size), 0);
        const timeval wait{0, 20'000};
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
        port_ = bound_endpoint(socket_).port;
        thread_ = std::thread([this] { serve(); });
    }
    ~FakeDns() {
        stopping = true;
        thread_.join();
    }
    std::string where() const { return "127.0.0.1:" + std::to_string(port_); }

    std::atomic<bool> stopping{false}, silent{false};
    std::atomic<std::uint32_t> address{0x0a000001};  // 10.0.0.1
    std::atomic<int> a_questions{0};

private:
    void serve() {
        while (!stopping) {
            std::uint8_t message[1500];
            SocketAddress from;
            const auto got = ::recvfrom(socket_.get(), message, 512, 0, from.raw(), &from.size);
            if (got < 17 || silent) continue;
            const auto size = answer(message, static_cast<std::size_t>(got));
            ::sendto(socket_.get(), message, size, 0, from.raw(), from.size);
        }
    }
    std::size_t answer(std::uint8_t* message, std::size_t size) {
        std::size_t end = 12;
        while (end < size && message[end] != 0) end += message[end] + 1u;
        const bool a = message[end + 2] == 1;
        const bool missing = std::string_view(reinterpret_cast<char*>(message) + 13, 7) == "missing";
        end += 5;  // root label, type, class
        message[2] = 0x81;
        message[3] = missing ? 0x83 : 0x80;
        message[6] = message[8] = message[9] = message[10] = message[11] = 0;
        message[7] = a && !missing ? 1 : 0;
        if (message[7] == 0) return end;
        ++a_questions;
        const std::uint32_t ip = address;
        const std::uint8_t record[] = {0xc0,
                                       12,
                                       0,
                                       1,
                                       0,
                                       1,
                                       0,
                                       0,
                                       0,
                                       60,
                                       0,
                                       4,
                                       static_cast<std::uint8_t>(ip >> 24),
                                       static_cast<std::uint8_t>(ip >> 16),
                                       static_cast<std::uint8_t>(ip >> 8),
                                       static_cast<std::uint8_t>(ip)};
        std::copy(std::begin(record), std::end(record), message + end);
        return end + sizeof record;
    }

    UniqueFd socket_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

// SharedClock: a manual clock that the resolver's thread may read while the test moves it.
class SharedClock final : public Clock {
public:
    WallTime wall() const noexcept override { return WallTime{}; }
    SteadyTime steady() const noexcept override { return SteadyTime(Seconds(seconds.load())); }
    Millis boot() const noexcept override { return Millis{}; }
    std::atomic<std::int64_t> seconds{1000};
};

class Resolving : public testing::Test {
protected:
    Resolving() {
        ResolverOptions options;
        options.servers = dns_.where();
        options.query_timeout = 100ms;
        options.clock = &clock_;
        options.names_max = 8;
        resolver_ = Resolver::create(options).value();
    }
    Resolver::Answer ask(const std::string& host) {
        std::optional<Resolver::Answer> result;
        resolver_->resolve(reactor_, host, [&](Resolver::Answer answer) { result = std::move(answer); });
        EXPECT_FALSE(result) << "answered inside the call";
        for (int i = 0; i < 400 && !result; ++i) reactor_.turn(10ms);
        return result.value_or(Error(Errc::internal, "no answer came"));
    }
    static std::vector<IpAddress> one(std::string_view address) { return {*parse_ip(address)}; }

    FakeDns dns_;
    SharedClock clock_;
    Reactor reactor_;
    std::unique_ptr<Resolver> resolver_;
};

TEST_F(Resolving, LiteralsAndLocalhostNeedNoServer) {
    EXPECT_EQ(ask("192.0.2.7").value(), one("192.0.2.7"));
    EXPECT_EQ(ask("2001:db8::1").value(), one("2001:db8::1"));
    EXPECT_EQ(ask("wiki.localhost").value().front(), *parse_ip("127.0.0.1"));
    EXPECT_EQ(dns_.a_questions, 0);
}

TEST_F(Resolving, AnswersAreKeptForTheirTimeAndAskedAgainAfter) {
    EXPECT_FALSE(resolver_->peek("app.inner.test"));
    EXPECT_EQ(ask("app.inner.test").value(), one("10.0.0.1"));
    EXPECT_EQ(ask("app.inner.test").value(), one("10.0.0.1"));
    EXPECT_EQ(dns_.a_questions, 1);
    dns_.address = 0x0a000002;
    clock_.seconds += 61;
    EXPECT_EQ(resolver_->peek("app.inner.test"), one("10.0.0.1")) << "the last good one, once more";
    for (int i = 0; i < 200 && resolver_->peek("app.inner.test") != one("10.0.0.2"); ++i)
        std::this_thread::sleep_for(10ms);
    EXPECT_EQ(resolver_->peek("app.inner.test"), one("10.0.0.2"));
    EXPECT_EQ(dns_.a_questions, 2);
}

TEST_F(Resolving, LastGoodAnswerOutlivesTheServer) {
    EXPECT_EQ(ask("app.inner.test").value(), one("10.0.0.1"));
    dns_.silent = true;
    for (int i = 0; i < 5; ++i) {
        clock_.seconds += 3600;
        EXPECT_EQ(resolver_->peek("app.inner.test"), one("10.0.0.1"));
        std::this_thread::sleep_for(20ms);
    }
    const auto never_seen = ask("other.inner.test");
    ASSERT_FALSE(never_seen);
    EXPECT_EQ(never_seen.error().code(), Errc::timed_out);
}

TEST_F(Resolving, NamesTheKindOfFailure) {
    EXPECT_EQ(ask("missing.inner.test").error().code(), Errc::not_found);
    dns_.address = 0xa9fea9fe;  // 169.254.169.254
    EXPECT_EQ(ask("metadata.inner.test").error().code(), Errc::denied);
}

TEST_F(Resolving, ManyQuestionsForOneNameAreOneQuery) {
    int answers = 0;
    for (int i = 0; i < 50; ++i)
        resolver_->resolve(reactor_, "app.inner.test",
                           [&](Resolver::Answer answer) { answers += answer ? 1 : 0; });
    for (int i = 0; i < 400 && answers < 50; ++i) reactor_.turn(10ms);
    EXPECT_EQ(answers, 50);
    EXPECT_EQ(dns_.a_questions, 1);
}

TEST_F(Resolving, RemembersABoundedNumberOfNames) {
    for (int i = 0; i < 8; ++i) EXPECT_TRUE(ask("app" + std::to_string(i) + ".inner.test"));
    EXPECT_EQ(ask("app8.inner.test").error().code(), Errc::too_large);
    clock_.seconds += 61;
    EXPECT_TRUE(ask("app8.inner.test")) << "the expired make room";
}

TEST_F(Resolving, QuestionsOpenAtTheEndAreDropped) {
    dns_.silent = true;
    bool answered = false;
    resolver_->resolve(reactor_, "app.inner.test", [&](Resolver::Answer) { answered = true; });
    resolver_.reset();
    reactor_.turn();
    EXPECT_FALSE(answered);
}

}  // namespace
}  // namespace sekisho::gateway
