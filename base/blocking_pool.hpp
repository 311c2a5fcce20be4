#pragma once
// BlockingPool runs work that may block (hashing, the store, pages) on a few threads of its own
// behind a bounded queue, so that it never runs on a worker.
// Thread: submit and the figures may be called from any thread.
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sekisho {

class BlockingPool {
public:
    using Job = std::function<void()>;

    // `name` shows in thread listings (at most 15 characters).
    BlockingPool(std::string name, unsigned threads, std::size_t queue_max);
    ~BlockingPool();  // as finish(Rest::runs)
    BlockingPool(const BlockingPool&) = delete;
    BlockingPool& operator=(const BlockingPool&) = delete;

    // submit answers false, and drops the job, when the queue is full or the pool is stopping.
    [[nodiscard]] bool submit(Job job);

    // finish takes no more, runs or drops what is queued, and returns when no job runs any more.
    // Thread: one, and none of the pool's own.
    enum class Rest : std::uint8_t { runs, drops };
    void finish(Rest rest);

    std::size_t queued() const;
    unsigned busy() const noexcept { return busy_.load(std::memory_order_relaxed); }
    unsigned threads() const noexcept { return static_cast<unsigned>(threads_.size()); }
    std::uint64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }
    std::uint64_t busy_nanos() const noexcept { return busy_nanos_.load(std::memory_order_relaxed); }

private:
    void run();
    std::string name_;
    std::size_t queue_max_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Job> queue_;
    bool stopping_ = false;
    std::atomic<unsigned> busy_{0};
    std::atomic<std::uint64_t> refused_{0}, busy_nanos_{0};
    std::vector<std::thread> threads_;
};

}  // namespace sekisho
