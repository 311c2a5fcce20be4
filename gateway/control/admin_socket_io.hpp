#pragma once
// AdminSocket is the daemon's end of the command line: a Unix socket of mode 0600 that takes one
// JSON object a line and answers with one. The peer's credentials become the actor (R17).
#include "base/blocking_pool.hpp"
#include "base/result.hpp"

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

namespace sekisho::gateway {

class AdminSocket {
public:
    // Answer runs on `pool` and may block. `actor` is "uid 1000 (name)". Returns one JSON object without a
    // newline.
    using Answer = std::function<std::string(const std::string& actor)>;
    // Handler runs on `first`, where nothing waits for a disk: what ends access takes effect there, whatever
    // the pool is held up by. Returns what is left to do.
    using Handler = std::function<Answer(const std::string& request)>;

    // Replaces a socket file nobody listens on.
    // Errors: Errc::unavailable when the path cannot be bound, Errc::exists when a gateway listens there.
    static Result<std::unique_ptr<AdminSocket>> open(boost::asio::io_context& loop, std::string path,
                                                     BlockingPool& first, BlockingPool& pool,
                                                     Handler handler);
    ~AdminSocket();
    void stop();

private:
    struct Impl;
    explicit AdminSocket(std::shared_ptr<Impl> impl) noexcept;
    std::shared_ptr<Impl> impl_;
};

// admin_call sends one request and waits for the answer.
// Errors: Errc::unavailable when no gateway listens there, Errc::timed_out, Errc::malformed.
Result<std::string> admin_call(const std::string& path, const std::string& request, int timeout_seconds = 30);

}  // namespace sekisho::gateway
