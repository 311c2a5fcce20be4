#include "gateway/ops/ops_listener_io.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <fmt/format.h>

namespace sekisho::gateway {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;

constexpr std::chrono::seconds exchange_timeout{10};
constexpr int connections_max = 64;

asio::ip::address address_of(const IpAddress& address) { return asio::ip::make_address(to_text(address)); }

}  // namespace

struct OpsListener::Impl : std::enable_shared_from_this<Impl> {
    Impl(asio::io_context& loop, Answer how) : acceptor(loop), answer(std::move(how)) {}

    struct Visit : std::enable_shared_from_this<Visit> {
        Visit(Tcp::socket socket, std::shared_ptr<Impl> owner)
            : stream(std::move(socket)), impl(std::move(owner)) {
            ++impl->open;
        }
        ~Visit() { --impl->open; }
        beast::tcp_stream stream;
        beast::flat_buffer buffer{16 * 1024};
        http::request<http::empty_body> request;
        http::response<http::string_body> response;
        std::shared_ptr<Impl> impl;

        void begin() {
            stream.expires_after(exchange_timeout);
            request = {};
            http::async_read(stream, buffer, request,
                             [self = shared_from_this()](beast::error_code failed, std::size_t) {
                                 if (!failed) self->reply();
                             });
        }
        void reply() {
            const auto made = impl->judge(request);
            response = {};
            response.version(11);
            response.result(static_cast<unsigned>(made.status));
            response.set(http::field::content_type, made.content_type);
            response.set(http::field::cache_control, "no-store");
            response.set("X-Content-Type-Options", "nosniff");
            response.keep_alive(request.keep_alive());
            response.body() = made.body;
            response.prepare_payload();
            http::async_write(stream, response,
                              [self = shared_from_this()](beast::error_code failed, std::size_t) {
                                  if (!failed && self->request.keep_alive()) return self->begin();
                                  beast::error_code ignored;
                                  self->stream.socket().shutdown(Tcp::socket::shutdown_send, ignored);
                              });
        }
    };

    OpsReply judge(const http::request<http::empty_body>& request) const {
        const auto host = request[http::field::host];
        bool known = false;
        for (const auto& name : hosts) known = known || name == std::string_view(host.data(), host.size());
        if (!known) return {421, "text/plain; charset=utf-8", "unknown Host\n"};
        if (request.count(http::field::origin) != 0)
            return {403, "text/plain; charset=utf-8", "not for browsers\n"};
        if (request.method() != http::verb::get) return {405, "text/plain; charset=utf-8", "GET only\n"};
        return answer({request.target().data(), request.target().size()});
    }

    void accept() {
        acceptor.async_accept([self = shared_from_this()](beast::error_code failed, Tcp::socket socket) {
            if (failed == asio::error::operation_aborted || !self->acceptor.is_open()) return;
            if (!failed && self->open < connections_max)
                std::make_shared<Visit>(std::move(socket), self)->begin();
            self->accept();
        });
    }

    Tcp::acceptor acceptor;
    Answer answer;
    std::vector<std::string> hosts;
    int open = 0;
};

OpsListener::OpsListener(std::shared_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
OpsListener::~OpsListener() { stop(); }

std::uint16_t OpsListener::port() const noexcept {
    beast::error_code ignored;
    return impl_->acceptor.local_endpoint(ignored).port();
}

void OpsListener::stop() {
    beast::error_code ignored;
    impl_->acceptor.close(ignored);
}

Result<std::unique_ptr<OpsListener>> OpsListener::open(asio::io_context& loop, const config::Ops& ops,
                                                       Answer answer) {
    auto impl = std::make_shared<Impl>(loop, std::move(answer));
    const Tcp::endpoint endpoint(address_of(ops.listen.address), ops.listen.port);
    beast::error_code failed;
    impl->acceptor.open(endpoint.protocol(), failed);
    if (!failed) impl->acceptor.set_option(Tcp::acceptor::reuse_address(true), failed);
    if (!failed) impl->acceptor.bind(endpoint, failed);
    if (!failed) impl->acceptor.listen(asio::socket_base::max_listen_connections, failed);
    if (failed)
        return Error(Errc::unavailable,
                     fmt::format("ops.listen: cannot listen on {}:{}: {}", to_text(ops.listen.address),
                                 ops.listen.port, failed.message()));
    const auto port = impl->acceptor.local_endpoint(failed).port();
    const bool v4 = ops.listen.address.is_v4();
    const auto literal = v4 ? to_text(ops.listen.address) : fmt::format("[{}]", to_text(ops.listen.address));
    for (const auto& name : {literal, std::string("localhost")})
        impl->hosts.push_back(fmt::format("{}:{}", name, port));
    for (const auto& name : ops.allowed_hosts) {
        impl->hosts.push_back(name);
        impl->hosts.push_back(fmt::format("{}:{}", name, port));
    }
    impl->accept();
    return std::unique_ptr<OpsListener>(new OpsListener(std::move(impl)));
}

}  // namespace sekisho::gateway
