#pragma once
// StoreWitness remembers, in a second place, how far the store had come (R9): a store whose head is below it
// is an old copy, and whatever was revoked or used up since that copy was made is valid in it again.
//
// The file holds one line and is replaced whole. It is never ahead of the disk: only a head that a durable
// transaction left is noted.
#include "base/result.hpp"

#include <cstdint>
#include <mutex>
#include <string>

namespace sekisho::auth {

class StoreWitness {
public:
    // An empty path: no witness is kept, and every store is believed.
    explicit StoreWitness(std::string path) : path_(std::move(path)) {}

    // last is the newest head noted; 0 when none was yet.
    // Errors: Errc::malformed when the file holds something else, Errc::unavailable when it cannot be read.
    Result<std::int64_t> last() const;
    // note writes a head that is newer than the last one. Thread: any.
    Result<> note(std::int64_t head);

private:
    const std::string path_;
    std::mutex mutex_;
    std::int64_t noted_ = -1;
};

}  // namespace sekisho::auth
