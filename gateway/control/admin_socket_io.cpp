#include "gateway/control/admin_socket_io.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <istream>
#include <optional>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace sekisho::gateway {
namespace {

namespace asio = boost::asio;
using Local = asio::local::stream_protocol;

constexpr std::size_t request_bytes_max = 1u << 20;
constexpr std::size_t answer_bytes_max = 64u << 20;
constexpr int visits_max = 32;
constexpr const char* busy = "{\"ok\":false,\"error\":\"busy\"}\n";

std::optional<uid_t> user_of(int socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
    return peer.uid;
}

// May ask a name service: never on the loop.
std::string actor_of(std::optional<uid_t> user) {
    if (!user) return "unknown";
    char buffer[1024];
    passwd entry{};
    passwd* found = nullptr;
    const bool named = ::getpwuid_r(*user, &entry, buffer, sizeof buffer, &found) == 0 && found;
    return fmt::format("uid {} ({})", *user, named ? found->pw_name : "?");
}

bool somebody_listens(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return false;
    std::memcpy(address.sun_path, path.data(), path.size());
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool yes =
        probe >= 0 && ::connect(probe, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    if (probe >= 0) ::close(probe);
    return yes;
}

}  // namespace

struct AdminSocket::Impl : std::enable_shared_from_this<Impl> {
    Impl(asio::io_context& io, BlockingPool& quick, BlockingPool& jobs, Handler how)
        : loop(io), acceptor(io), first(quick), pool(jobs), handler(std::move(how)) {}

    struct Visit : std::enable_shared_from_this<Visit> {
        Visit(Local::socket peer, std::shared_ptr<Impl> owner)
            : socket(std::move(peer)), buffer(request_bytes_max), impl(std::move(owner)) {
            ++impl->visits;
        }
        ~Visit() { --impl->visits; }
        void begin() {
            asio::async_read_until(
                socket, buffer, '\n',
                [self = shared_from_this()](boost::system::error_code failed, std::size_t) {
                    if (!failed) self->work();
                });
        }
        void work() {
            std::string request;
            std::istream input(&buffer);
            std::getline(input, request);
            auto begin = [self = shared_from_this(), request = std::move(request),
                          user = user_of(socket.native_handle())] {
                auto rest = [self, user, answer = self->impl->handler(request)] {
                    self->reply(answer(actor_of(user)) + "\n");
                };
                if (!self->impl->pool.submit(std::move(rest))) self->reply(busy);
            };
            if (!impl->first.submit(std::move(begin))) answer(busy);
        }
        void reply(std::string text) {
            asio::post(impl->loop, [self = shared_from_this(), text = std::move(text)]() mutable {
                self->answer(std::move(text));
            });
        }
        void answer(std::string reply) {
            out = std::move(reply);
            asio::async_write(socket, asio::buffer(out),
                              [self = shared_from_this()](boost::system::error_code, std::size_t) {});
        }
        Local::socket socket;
        asio::streambuf buffer;
        std::string out;
        std::shared_ptr<Impl> impl;
    };

    void accept() {
        acceptor.async_accept(
            [self = shared_from_this()](boost::system::error_code failed, Local::socket socket) {
                if (failed == asio::error::operation_aborted || !self->acceptor.is_open()) return;
                if (!failed && self->visits < visits_max)
                    std::make_shared<Visit>(std::move(socket), self)->begin();
                self->accept();
            });
    }

    asio::io_context& loop;
    Local::acceptor acceptor;
    BlockingPool& first;
    BlockingPool& pool;
    Handler handler;
    std::string path;
    std::atomic<int> visits{0};
};

AdminSocket::AdminSocket(std::shared_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
AdminSocket::~AdminSocket() { stop(); }

void AdminSocket::stop() {
    boost::system::error_code ignored;
    if (!impl_->acceptor.is_open()) return;
    impl_->acceptor.close(ignored);
    ::unlink(impl_->path.c_str());
}

Result<std::unique_ptr<AdminSocket>> AdminSocket::open(asio::io_context& loop, std::string path,
                                                       BlockingPool& first, BlockingPool& pool,
                                                       Handler handler) {
    if (path.size() >= sizeof(sockaddr_un::sun_path))
        return Error(Errc::too_large, fmt::format("{}: the path of a socket has at most {} characters", path,
                                                  sizeof(sockaddr_un::sun_path) - 1));
    if (somebody_listens(path))
        return Error(Errc::exists, fmt::format("{}: a gateway is running already", path));
    ::unlink(path.c_str());
    auto impl = std::make_shared<Impl>(loop, first, pool, std::move(handler));
    impl->path = path;
    boost::system::error_code failed;
    impl->acceptor.open(Local(), failed);
    const auto mask = ::umask(0177);  // the file is 0600 from its first moment
    if (!failed) impl->acceptor.bind(Local::endpoint(path), failed);
    ::umask(mask);
    if (!failed) impl->acceptor.listen(16, failed);
    if (failed) return Error(Errc::unavailable, fmt::format("{}: cannot listen: {}", path, failed.message()));
    impl->accept();
    return std::unique_ptr<AdminSocket>(new AdminSocket(std::move(impl)));
}

Result<std::string> admin_call(const std::string& path, const std::string& request, int timeout_seconds) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return Error(Errc::too_large, fmt::format("{}: too long for a socket", path));
    std::memcpy(address.sun_path, path.data(), path.size());
    struct Handle {
        int fd;
        ~Handle() {
            if (fd >= 0) ::close(fd);
        }
    } const handle{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const timeval patience{timeout_seconds, 0};
    ::setsockopt(handle.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (::connect(handle.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        return Error(Errc::unavailable, fmt::format("{}: {}", path, std::strerror(errno)));
    const std::string line = request + "\n";
    for (std::size_t sent = 0; sent < line.size();) {
        const auto n = ::send(handle.fd, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
        if (n <= 0) return Error(Errc::closed, fmt::format("{}: the gateway hung up", path));
        sent += static_cast<std::size_t>(n);
    }
    std::string answer;
    char chunk[65536];
    while (answer.find('\n') == std::string::npos) {
        const auto n = ::recv(handle.fd, chunk, sizeof chunk, 0);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return Error(Errc::timed_out, fmt::format("{}: no answer", path));
        if (n <= 0 || answer.size() > answer_bytes_max)
            return Error(Errc::malformed, fmt::format("{}: the answer broke off", path));
        answer.append(chunk, static_cast<std::size_t>(n));
    }
    answer.resize(answer.find('\n'));
    return answer;
}

}  // namespace sekisho::gateway
