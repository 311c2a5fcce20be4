#pragma once
// Server composes a running gateway: start order reads downward, stop order upward. It owns the control
// thread's loop: signals, reloads, sweeps, the ops listener and the admin socket.
#include "config/load.hpp"
#include "config/secrets.hpp"
#include "gateway/control/service_manager_io.hpp"
#include "gateway/net/passed_sockets_io.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>

namespace sekisho::gateway {

// What a service manager gave the process to begin with.
struct Inherited {
    PassedSockets sockets;
    ServiceManager manager;
};

class Server {
public:
    // create opens everything and begins to listen; nothing is served before run().
    // Errors: the sentence is for the operator.
    static Result<std::unique_ptr<Server>> create(config::Loaded loaded, std::string config_path,
                                                  const config::Environment& environment,
                                                  Inherited inherited);
    ~Server();
    // run serves until SIGTERM or SIGINT, drains, and returns.
    void run();

private:
    struct Impl;
    explicit Server(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

// harden_process: no core file, no other process may look inside, descriptors up to the hard limit (R23).
void harden_process() noexcept;

}  // namespace sekisho::gateway
