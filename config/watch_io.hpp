#pragma once
// Watch notices when the files of a configuration were replaced or closed after writing, and stays quiet
// until they have been stable for a second, differ from what was loaded, and each ends with "..." (R14).
//
// Thread: the control thread only.
#include "base/clock.hpp"
#include "base/crypto.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace sekisho::config {

enum class ChangeReason : std::uint8_t {
    ready,       // every file is whole and something differs: reload
    incomplete,  // stable, but a file lacks its end line "...": say so, do nothing
    unreadable,  // stable, but a file cannot be read
};

class Watch {
public:
    static constexpr Millis stable_for{1000};
    using Handler = std::function<void(ChangeReason)>;
    // Errors are not thrown: where the kernel gives no inotify descriptor, working() is false and SIGHUP is
    // the way.
    Watch(boost::asio::io_context& context, const Clock& clock, Handler handler);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    // follow replaces the set of files; `patterns` are the include globs, so that a new file in a watched
    // folder is noticed. What they hold now is taken as loaded.
    void follow(std::vector<std::string> files, std::vector<std::string> patterns = {});
    bool working() const noexcept;

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

// digest_of_files: SHA-256 over names and contents in order; nothing when one cannot be read.
std::optional<Digest> digest_of_files(const std::vector<std::string>& files);

}  // namespace sekisho::config
