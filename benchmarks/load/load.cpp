// The bench's load client: what wrk and h2load cannot do. One thread, epoll, OpenSSL on non-blocking sockets.
//
//   load app PORT                       the app (app.cpp); runs until it is ended
//   load close|resume OPTIONS           a new connection for each request, with or without a session ticket
//   load rate OPTIONS --rate N          requests at fixed times; latency counts from the time each was due
//   load websocket OPTIONS --size N     one message at a time on each connection, echoed
//   load hold OPTIONS                   opens the connections, one request each, says "held", waits for its
//   input's end
//
// OPTIONS: --port N --host NAME --path P --cookie TEXT --origin URL --connections N --seconds N
// Prints one line of JSON: requests, errors, seconds, p50_us, p99_us, max_us.
#include "sockets.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <csignal>
#include <deque>
#include <memory>
#include <vector>

namespace load {
namespace {

constexpr std::size_t connections_max = 20'000, size_max = 1u << 20, latencies_max = 4'000'000;

struct Options {
    std::string mode, host = "localhost", path = "/1k", cookie, origin;
    std::uint16_t port = 0;
    std::size_t connections = 64, size = 64;
    double rate = 1000;
    int seconds = 3;
};

struct Totals {
    std::uint64_t requests = 0, errors = 0;
    std::vector<std::uint32_t> latencies_us;
    void done(std::int64_t began_ns, std::int64_t now) {
        ++requests;
        if (latencies_us.size() < latencies_max)
            latencies_us.push_back(
                static_cast<std::uint32_t>(std::max<std::int64_t>(now - began_ns, 0) / 1000));
    }
};

class Client;

// One TLS connection. What it does next is the client's to say.
struct Connection {
    enum class Phase { connecting, handshake, idle, waiting, upgrading, closed };
    Client* client = nullptr;
    int fd = -1;
    SSL* tls = nullptr;
    Phase phase = Phase::closed;
    std::int64_t began_ns = 0;
    std::string out, in;
    std::int64_t body_left = -1;  // of the answer; -1: its head is not there yet
};

class Client {
public:
    explicit Client(const Options& options) : options_(options), epoll_(::epoll_create1(0)) {
        context_ = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_min_proto_version(context_, TLS1_3_VERSION);
        SSL_CTX_set_verify(context_, SSL_VERIFY_NONE,
                           nullptr);  // the bench made the certificate a moment ago
        SSL_CTX_set_mode(context_, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        if (resumes()) {
            SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
            SSL_CTX_set_app_data(context_, this);
            SSL_CTX_sess_set_new_cb(context_, [](SSL* tls, SSL_SESSION* session) {
                return static_cast<Client*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(tls)))->keep(session);
            });
        }
        request_ = "GET " + options.path + " HTTP/1.1\r\nHost: " + options.host + ":" +
                   std::to_string(options.port) + "\r\nUser-Agent: load\r\n" +
                   (options.cookie.empty() ? "" : "Cookie: " + options.cookie + "\r\n");
        if (options.mode == "websocket") {
            request_ +=
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
            if (!options.origin.empty()) request_ += "Origin: " + options.origin + "\r\n";
        } else if (once()) {
            request_ += "Connection: close\r\n";
        }
        request_ += "\r\n";
        make_frame();
        connections_.resize(options.connections);
        for (auto& connection : connections_) connection.client = this;
    }

    int run() {
        const bool measured = options_.mode != "hold";
        for (auto& connection : connections_) {
            open(connection);
            if (!once()) settle(connection);
        }
        if (!measured) return hold();
        const std::int64_t begin = now_ns(), end = begin + options_.seconds * 1'000'000'000ll;
        totals_ = {};
        next_due_ns_ = begin;
        started_ = true;
        if (options_.mode == "websocket")
            for (auto& connection : connections_) send_frame(connection);
        epoll_event events[256];
        while (now_ns() < end) {
            const int count = ::epoll_wait(epoll_, events, 256, timeout_ms());
            for (int i = 0; i < count; ++i) step(*static_cast<Connection*>(events[i].data.ptr));
            if (options_.mode == "rate") send_due(now_ns());
        }
        report(static_cast<double>(now_ns() - begin) / 1e9);
        return 0;
    }

private:
    bool resumes() const { return options_.mode == "resume"; }
    bool once() const { return options_.mode == "close" || resumes(); }

    int keep(SSL_SESSION* session) {
        if (sessions_.size() >= options_.connections * 4) return 0;
        sessions_.push_back(session);
        return 1;
    }

    void make_frame() {
        frame_ = "\x82";
        if (options_.size < 126) {
            frame_ += static_cast<char>(0x80 | options_.size);
        } else if (options_.size < 65536) {
            frame_ += static_cast<char>(0x80 | 126);
            frame_ += {static_cast<char>(options_.size >> 8), static_cast<char>(options_.size & 255)};
        } else {
            frame_ += static_cast<char>(0x80 | 127);
            for (int i = 7; i >= 0; --i) frame_ += static_cast<char>(options_.size >> (8 * i) & 255);
        }
        frame_ += std::string(4, '\0') + std::string(options_.size, 'm');
        echoed_bytes_ = frame_.size() - 4;
    }

    // Several source addresses, so that ports do not run out and per-address limits are not what is measured.
    void open(Connection& connection) {
        connection.began_ns = now_ns();
        connection.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (connection.fd < 0) stop("socket");
        send_at_once(connection.fd);
        const int late = 1;
        ::setsockopt(connection.fd, IPPROTO_IP, 24 /* IP_BIND_ADDRESS_NO_PORT */, &late, sizeof late);
        const auto from = loopback(0, INADDR_LOOPBACK + 256 + opened_++ % 64);
        if (::bind(connection.fd, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) stop("bind");
        const auto to = loopback(options_.port);
        if (::connect(connection.fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 &&
            errno != EINPROGRESS)
            stop("connect");
        connection.tls = SSL_new(context_);
        SSL_set_fd(connection.tls, connection.fd);
        SSL_set_tlsext_host_name(connection.tls, options_.host.c_str());
        if (!sessions_.empty()) {
            SSL_set_session(connection.tls, sessions_.front());
            SSL_SESSION_free(sessions_.front());
            sessions_.pop_front();
        }
        connection.phase = Connection::Phase::handshake;
        connection.in.clear();
        connection.out.clear();
        connection.body_left = -1;
        watch(epoll_, connection.fd, &connection);
    }

    void close(Connection& connection) {
        SSL_set_shutdown(connection.tls, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        SSL_free(connection.tls);
        ::close(connection.fd);
        connection.tls = nullptr;
        connection.phase = Connection::Phase::closed;
    }

    void fail(Connection& connection) {
        ++totals_.errors;
        close(connection);
        if (totals_.errors > 1000) {
            std::fprintf(stderr, "load: over 1000 errors\n");
            std::exit(3);
        }
        open(connection);
    }

    // settle runs the loop until this connection is ready for measuring: its first answer came.
    void settle(Connection& connection) {
        const auto deadline = now_ns() + 20'000'000'000ll;
        epoll_event events[64];
        while (connection.phase != Connection::Phase::idle) {
            if (now_ns() > deadline) {
                std::fprintf(stderr, "load: a connection was not ready within 20 s\n");
                std::exit(3);
            }
            const int count = ::epoll_wait(epoll_, events, 64, 100);
            for (int i = 0; i < count; ++i) step(*static_cast<Connection*>(events[i].data.ptr));
        }
    }

    int hold() {
        std::puts("held");
        std::fflush(stdout);
        char byte;
        while (::read(0, &byte, 1) > 0) {
        }
        return 0;
    }

    void step(Connection& connection) {
        using Phase = Connection::Phase;
        if (connection.phase == Phase::handshake) {
            const int done = SSL_connect(connection.tls);
            if (done != 1) {
                const int why = SSL_get_error(connection.tls, done);
                ERR_clear_error();
                if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) fail(connection);
                return;
            }
            connection.out = request_;
            connection.phase = options_.mode == "websocket" ? Phase::upgrading : Phase::waiting;
        }
        if (connection.phase == Phase::closed || !push(connection)) return;
        pull(connection);
    }

    bool push(Connection& connection) {
        while (!connection.out.empty()) {
            const int sent =
                SSL_write(connection.tls, connection.out.data(), static_cast<int>(connection.out.size()));
            if (sent <= 0) {
                const int why = SSL_get_error(connection.tls, sent);
                ERR_clear_error();
                if (why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ) return true;
                fail(connection);
                return false;
            }
            connection.out.erase(0, static_cast<std::size_t>(sent));
        }
        return true;
    }

    void pull(Connection& connection) {
        static char buffer[64 << 10];
        for (;;) {
            const int got = SSL_read(connection.tls, buffer, sizeof buffer);
            if (got <= 0) {
                const int why = SSL_get_error(connection.tls, got);
                ERR_clear_error();
                if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return;
                return fail(connection);
            }
            if (!take(connection, {buffer, static_cast<std::size_t>(got)})) return;
        }
    }

    // False when the connection was closed by what the bytes said.
    bool take(Connection& connection, std::string_view bytes) {
        using Phase = Connection::Phase;
        connection.in += bytes;
        if (connection.phase == Phase::upgrading) return take_upgrade(connection);
        if (options_.mode == "websocket") {
            if (connection.in.size() < echoed_bytes_) return true;
            connection.in.erase(0, echoed_bytes_);
            totals_.done(connection.began_ns, now_ns());
            connection.phase = Phase::idle;
            if (started_) send_frame(connection);
            return true;
        }
        return take_answer(connection);
    }

    bool take_upgrade(Connection& connection) {
        const auto end = connection.in.find("\r\n\r\n");
        if (end == std::string::npos) return true;
        refuse_unless(connection, "HTTP/1.1 101");
        connection.in.erase(0, end + 4);
        connection.phase = Connection::Phase::idle;
        return true;
    }

    bool take_answer(Connection& connection) {
        if (connection.body_left < 0) {
            const auto end = connection.in.find("\r\n\r\n");
            if (end == std::string::npos) return true;
            refuse_unless(connection, "HTTP/1.1 200");
            connection.body_left =
                header_number(std::string_view(connection.in).substr(0, end + 2), "content-length");
            if (connection.body_left < 0) {
                std::fprintf(stderr, "load: an answer without Content-Length\n");
                std::exit(3);
            }
            connection.in.erase(0, end + 4);
        }
        connection.body_left -= static_cast<std::int64_t>(connection.in.size());
        connection.in.clear();
        if (connection.body_left > 0) return true;
        connection.body_left = -1;
        totals_.done(connection.began_ns, now_ns());
        if (once()) {
            close(connection);
            open(connection);
            return false;
        }
        connection.phase = Connection::Phase::idle;
        if (options_.mode == "rate") free_.push_back(&connection);
        return true;
    }

    void refuse_unless(const Connection& connection, std::string_view begins) {
        if (std::string_view(connection.in).starts_with(begins)) return;
        std::fprintf(stderr, "load: unexpected answer: %.*s\n",
                     static_cast<int>(std::min<std::size_t>(connection.in.find("\r\n"), 200)),
                     connection.in.c_str());
        std::exit(3);
    }

    void send_frame(Connection& connection) {
        connection.began_ns = now_ns();
        connection.out += frame_;
        connection.phase = Connection::Phase::waiting;
        push(connection);
    }

    // Requests that are due go out on whatever connection is free; with none free they wait, and the wait
    // counts.
    void send_due(std::int64_t now) {
        while (next_due_ns_ <= now && !free_.empty()) {
            auto& connection = *free_.front();
            free_.pop_front();
            connection.began_ns = next_due_ns_;
            next_due_ns_ += static_cast<std::int64_t>(1e9 / options_.rate);
            connection.out = request_;
            connection.phase = Connection::Phase::waiting;
            push(connection);
        }
    }

    int timeout_ms() const {
        if (options_.mode != "rate") return 100;
        if (free_.empty()) return 10;
        const auto left = next_due_ns_ - now_ns();
        return left <= 1'000'000 ? 0 : static_cast<int>(left / 1'000'000);
    }

    void report(double seconds) {
        auto& all = totals_.latencies_us;
        std::sort(all.begin(), all.end());
        const auto at = [&](double part) {
            return all.empty()
                       ? 0u
                       : all[std::min(all.size() - 1,
                                      static_cast<std::size_t>(part * static_cast<double>(all.size())))];
        };
        std::printf(
            R"({"requests": %llu, "errors": %llu, "seconds": %.3f, "p50_us": %u, "p99_us": %u, "max_us": %u})"
            "\n",
            static_cast<unsigned long long>(totals_.requests),
            static_cast<unsigned long long>(totals_.errors), seconds, at(0.5), at(0.99),
            all.empty() ? 0u : all.back());
    }

    const Options options_;
    const int epoll_;
    SSL_CTX* context_ = nullptr;
    std::string request_, frame_;
    std::size_t echoed_bytes_ = 0;
    std::uint32_t opened_ = 0;
    std::vector<Connection> connections_;
    std::deque<Connection*> free_;
    std::deque<SSL_SESSION*> sessions_;
    std::int64_t next_due_ns_ = 0;
    Totals totals_;
    bool started_ = false;
};

std::uint64_t number(const char* text, std::uint64_t most) {
    char* end = nullptr;
    const auto value = std::strtoull(text, &end, 10);
    if (end == text || *end != '\0' || value == 0 || value > most) {
        std::fprintf(stderr, "load: '%s' is not a number from 1 to %llu\n", text,
                     static_cast<unsigned long long>(most));
        std::exit(2);
    }
    return value;
}

Options read_options(int argc, char** argv) {
    Options options;
    options.mode = argv[1];
    for (int i = 2; i + 1 < argc; i += 2) {
        const std::string_view name = argv[i];
        const char* value = argv[i + 1];
        if (name == "--port")
            options.port = static_cast<std::uint16_t>(number(value, 65535));
        else if (name == "--host")
            options.host = value;
        else if (name == "--path")
            options.path = value;
        else if (name == "--cookie")
            options.cookie = value;
        else if (name == "--origin")
            options.origin = value;
        else if (name == "--connections")
            options.connections = number(value, connections_max);
        else if (name == "--seconds")
            options.seconds = static_cast<int>(number(value, 600));
        else if (name == "--size")
            options.size = number(value, size_max);
        else if (name == "--rate")
            options.rate = static_cast<double>(number(value, 1'000'000));
        else {
            std::fprintf(stderr, "load: unknown option %s\n", argv[i]);
            std::exit(2);
        }
    }
    return options;
}

}  // namespace
}  // namespace load

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    const std::string_view mode = argc > 2 ? argv[1] : "";
    if (mode == "app") return load::run_app(static_cast<std::uint16_t>(load::number(argv[2], 65535)));
    for (const std::string_view known : {"close", "resume", "rate", "websocket", "hold"})
        if (mode == known) return load::Client(load::read_options(argc, argv)).run();
    std::fprintf(stderr, "usage: load app|close|resume|rate|websocket|hold ...; see the head of load.cpp\n");
    return 2;
}
