#pragma once
// HashPool is a bounded pool of threads for work that costs tens of milliseconds, so that a morning of
// sign-ins queues here and nowhere else.
#include "base/clock.hpp"
#include "base/result.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace sekisho::auth {

struct HashPoolStats {
    std::size_t threads = 0, busy = 0, queued = 0;
    std::uint64_t done = 0, refused = 0, expired = 0;
    std::chrono::nanoseconds busy_time{0};  // of all threads; its growth over time x threads is utilisation
};

// Thread: every member from any thread.
class HashPool {
public:
    // threads 0: one less than the machine has cores, at least one.
    explicit HashPool(std::size_t threads = 0, std::size_t queue_max = 128, Millis deadline = Millis{5000});
    ~HashPool();  // finishes what runs; what waits fails
    HashPool(const HashPool&) = delete;
    HashPool& operator=(const HashPool&) = delete;

    // run blocks until the job has run; on a thread of this pool it runs at once.
    // Errors: Errc::unavailable when the queue is full, Errc::timed_out when no thread took it in time.
    Result<> run(const std::function<void()>& job);

    // post runs the job later. `failed` runs instead when it could not begin before the deadline.
    // Errors: Errc::unavailable when the queue is full; then neither runs.
    Result<> post(std::function<void()> job, std::function<void()> failed);

    HashPoolStats stats() const;

private:
    struct Job {
        std::function<void()> work, failed;
        SteadyTime deadline;
    };
    void work_loop();

    const std::size_t queue_max_;
    const Millis deadline_;
    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<Job> queue_;
    bool stopping_ = false;
    HashPoolStats stats_;
    std::vector<std::thread> threads_;
};

}  // namespace sekisho::auth
