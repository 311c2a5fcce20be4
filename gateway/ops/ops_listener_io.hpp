#pragma once
// OpsListener answers livez, readyz and metrics on a listener of its own and nothing else (R18):
// GET only, Host from a list, requests with an Origin refused.
#include "base/result.hpp"
#include "config/model.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sekisho::gateway {

struct OpsReply {
    int status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;
};

class OpsListener {
public:
    using Answer = std::function<OpsReply(std::string_view path)>;

    // Errors: Errc::unavailable when the address cannot be bound.
    // Thread: everything runs on the io_context's thread; `answer` must not block for long.
    static Result<std::unique_ptr<OpsListener>> open(boost::asio::io_context& loop, const config::Ops& ops,
                                                     Answer answer);
    ~OpsListener();
    std::uint16_t port() const noexcept;
    void stop();

private:
    struct Impl;
    explicit OpsListener(std::shared_ptr<Impl> impl) noexcept;
    std::shared_ptr<Impl> impl_;
};

}  // namespace sekisho::gateway
