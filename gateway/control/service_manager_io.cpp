#include "gateway/control/service_manager_io.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace sekisho::gateway {
namespace {

std::string take_variable(const char* name) {
    const char* value = std::getenv(name);
    std::string text = value != nullptr ? value : "";
    ::unsetenv(name);
    return text;
}

}  // namespace

ServiceManager ServiceManager::take() {
    ServiceManager manager;
    manager.address_ = take_variable("NOTIFY_SOCKET");
    const auto pid = take_variable("WATCHDOG_PID");
    manager.watched_ =
        !take_variable("WATCHDOG_USEC").empty() && (pid.empty() || pid == std::to_string(::getpid()));
    return manager;
}

void ServiceManager::ready(std::string_view status) const noexcept {
    tell(fmt::format("READY=1\nSTATUS={}", status));
}

void ServiceManager::stopping(Millis drain) const noexcept {
    const auto needed = std::chrono::microseconds(drain + Seconds{10}).count();
    tell(fmt::format("STOPPING=1\nEXTEND_TIMEOUT_USEC={}", needed));
}

void ServiceManager::alive() const noexcept {
    if (watched_) tell("WATCHDOG=1");
}

void ServiceManager::tell(std::string_view lines) const noexcept {
    sockaddr_un to{};
    if (address_.empty() || address_.size() >= sizeof to.sun_path) return;
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, address_.data(), address_.size());
    if (address_.front() == '@') to.sun_path[0] = 0;
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return;
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
    (void)::sendto(fd, lines.data(), lines.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to),
                   size);
    ::close(fd);
}

}  // namespace sekisho::gateway
