#pragma once
// UpstreamStates remembers, for every worker together, whether the last attempt to connect to an upstream
// worked. Thread: any.
#include <map>
#include <mutex>
#include <string>

namespace sekisho::gateway {

class UpstreamStates {
public:
    void set(const std::string& upstream, bool up) {
        const std::lock_guard lock(mutex_);
        up_[upstream] = up;
    }
    // An upstream nobody connected to yet counts as up.
    bool up(const std::string& upstream) const {
        const std::lock_guard lock(mutex_);
        const auto found = up_.find(upstream);
        return found == up_.end() || found->second;
    }

private:
    mutable std::mutex mutex_;
    std::map<std::string, bool> up_;
};

}  // namespace sekisho::gateway
