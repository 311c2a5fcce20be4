#pragma once
// Secrets come from files only their owner may read, or from the environment, which is wiped after the
// start.
#include "base/result.hpp"
#include "base/secret.hpp"

#include <map>
#include <string>
#include <string_view>

namespace sekisho::config {

// Environment holds every SEKISHO_* variable the process was started with; a later reload still finds them.
class Environment {
public:
    // capture copies the variables into Secrets and overwrites the originals, so that neither
    // /proc/PID/environ nor a child process shows them (R23).
    // Thread: call once, before any other thread exists.
    static Environment capture();
    const Secret* find(std::string_view name) const noexcept;
    void put(std::string name, Secret value);

private:
    std::map<std::string, Secret, std::less<>> values_;
};

// inspect_secret_file says what is wrong with a secret's file without reading it: missing, unreadable, not a
// regular file, empty, larger than 64 KiB, owned by a stranger, readable or writable by others, writable by
// its group.
enum class SecretFault { none, missing, unreadable, not_regular, empty, too_large, stranger, world, group };
SecretFault inspect_secret_file(const std::string& path) noexcept;

// read_secret_file checks the opened file as above and reads it whole; one line end at the end is dropped.
// Errors: Errc::not_found, denied, too_large; the sentence names the path, never content.
Result<Secret> read_secret_file(const std::string& path);

}  // namespace sekisho::config
