#pragma once
// Watch notices when the files of a configuration were replaced or closed after writing, and stays quiet
// until they have been stable for a second, differ from what was loaded, and each ends with "..." (R14).
//
// Thread: the control thread only.
#include "base/clock.hpp"
#include "config/model.hpp"

#include <functional>
#include <memory>

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
    // Elsewhere runs a job on a thread that may wait for a disk: files are read and compared there, and what
    // came of it is told on the control thread. false: it has no room now, and is asked again.
    using Elsewhere = std::function<bool(std::function<void()> job)>;
    // Errors are not thrown: where the kernel gives no inotify descriptor, working() is false and SIGHUP is
    // the way.
    Watch(boost::asio::io_context& context, const Clock& clock, Elsewhere elsewhere, Handler handler);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    // follow watches the files this model was read from, and the folders its includes name, so that a new
    // file is noticed too. What the model was read from counts as loaded.
    void follow(const Model& model);
    bool working() const noexcept;

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace sekisho::config
