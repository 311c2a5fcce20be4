// Reading secrets, with a look at who else could.
#include "config/secrets.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

extern char** environ;

namespace sekisho::config {
namespace {

constexpr std::size_t secret_bytes_max = 64u << 10;
constexpr std::string_view prefix = "SEKISHO_";

class Descriptor {
public:
    // O_NONBLOCK: a FIFO must not hold up the start.
    explicit Descriptor(const std::string& path) noexcept
        : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)), error_(errno) {}
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int number() const noexcept { return number_; }
    bool open() const noexcept { return number_ >= 0; }
    int error() const noexcept { return error_; }

private:
    int number_;
    int error_;
};

SecretFault judge(const Descriptor& file) noexcept {
    if (!file.open())
        return file.error() == ENOENT || file.error() == ENOTDIR ? SecretFault::missing
                                                                 : SecretFault::unreadable;
    struct stat facts {};
    if (::fstat(file.number(), &facts) != 0) return SecretFault::unreadable;
    if (!S_ISREG(facts.st_mode)) return SecretFault::not_regular;
    if ((facts.st_mode & (S_IROTH | S_IWOTH)) != 0) return SecretFault::world;
    if ((facts.st_mode & S_IWGRP) != 0) return SecretFault::group;
    if (facts.st_uid != 0 && facts.st_uid != ::geteuid() && ::geteuid() != 0) return SecretFault::stranger;
    if (facts.st_size == 0) return SecretFault::empty;
    if (static_cast<std::uint64_t>(facts.st_size) > secret_bytes_max) return SecretFault::too_large;
    return SecretFault::none;
}

Error error_of(SecretFault fault, const std::string& path) {
    switch (fault) {
        case SecretFault::missing:
            return {Errc::not_found, "there is no file " + path};
        case SecretFault::too_large:
            return {Errc::too_large, path + " is larger than 64KiB"};
        case SecretFault::empty:
            return {Errc::malformed, path + " is empty"};
        case SecretFault::not_regular:
            return {Errc::denied, path + " is not a regular file"};
        case SecretFault::world:
            return {Errc::denied, "others can read or change " + path};
        case SecretFault::group:
            return {Errc::denied, "its group can change " + path};
        case SecretFault::stranger:
            return {Errc::denied, path + " belongs to another user"};
        default:
            return {Errc::denied, path + " cannot be read"};
    }
}

}  // namespace

SecretFault inspect_secret_file(const std::string& path) noexcept { return judge(Descriptor(path)); }

Result<Secret> read_secret_file(const std::string& path) {
    const Descriptor file(path);
    const auto fault = judge(file);
    if (fault != SecretFault::none) return error_of(fault, path);
    std::array<std::uint8_t, secret_bytes_max + 1> buffer{};
    std::size_t size = 0;
    while (size < buffer.size()) {
        const auto got = ::read(file.number(), buffer.data() + size, buffer.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return error_of(SecretFault::unreadable, path);
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    std::size_t kept = size;
    if (kept > 0 && buffer[kept - 1] == '\n') --kept;
    if (kept > 0 && buffer[kept - 1] == '\r' && kept < size) --kept;
    auto secret = Secret(ByteView(buffer).first(kept));
    ::explicit_bzero(buffer.data(), size);
    if (size > secret_bytes_max) return error_of(SecretFault::too_large, path);
    if (kept == 0) return error_of(SecretFault::empty, path);
    return secret;
}

Environment Environment::capture() {
    Environment taken;
    std::vector<std::string> names;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto equals = text.find('=');
        if (text.substr(0, prefix.size()) != prefix || equals == std::string_view::npos) continue;
        std::string name(text.substr(0, equals));
        taken.put(name, Secret(as_bytes(text.substr(equals + 1))));
        ::explicit_bzero(*entry + equals + 1, text.size() - equals - 1);
        names.push_back(std::move(name));
    }
    for (const auto& name : names) ::unsetenv(name.c_str());
    return taken;
}

const Secret* Environment::find(std::string_view name) const noexcept {
    const auto found = values_.find(name);
    return found == values_.end() ? nullptr : &found->second;
}

void Environment::put(std::string name, Secret value) {
    values_.insert_or_assign(std::move(name), std::move(value));
}

}  // namespace sekisho::config
