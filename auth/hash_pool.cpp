#include "auth/hash_pool.hpp"

#include <algorithm>

namespace sekisho::auth {
namespace {

// Set on the threads of a pool, so that run() inside a job does not wait for itself.
thread_local const HashPool* pool_of_this_thread = nullptr;

SteadyTime now() noexcept { return system_clock_face().steady(); }

}  // namespace

HashPool::HashPool(std::size_t threads, std::size_t queue_max, Millis deadline)
    : queue_max_(queue_max), deadline_(deadline) {
    const std::size_t cores = std::max(1u, std::thread::hardware_concurrency());
    if (threads == 0) threads = std::max<std::size_t>(1, cores - 1);
    stats_.threads = threads;
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work_loop(); });
}

HashPool::~HashPool() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    ready_.notify_all();
    for (auto& thread : threads_) thread.join();
}

void HashPool::work_loop() {
    pool_of_this_thread = this;
    std::unique_lock lock(mutex_);
    for (;;) {
        ready_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
        if (queue_.empty()) return;  // only when stopping
        Job job = std::move(queue_.front());
        queue_.pop_front();
        const auto began = now();
        const bool late = stopping_ || began >= job.deadline;
        ++(late ? stats_.expired : stats_.done);
        ++stats_.busy;
        lock.unlock();
        (late ? job.failed : job.work)();
        job = {};
        lock.lock();
        --stats_.busy;
        stats_.busy_time += now() - began;
    }
}

Result<> HashPool::post(std::function<void()> job, std::function<void()> failed) {
    {
        const std::lock_guard lock(mutex_);
        if (stopping_ || queue_.size() >= queue_max_) {
            ++stats_.refused;
            return Error(Errc::unavailable, "the hash pool's queue is full");
        }
        queue_.push_back({std::move(job), std::move(failed), now() + deadline_});
    }
    ready_.notify_one();
    return {};
}

Result<> HashPool::run(const std::function<void()>& job) {
    if (pool_of_this_thread == this) {
        job();
        return {};
    }
    // The outcome outlives both sides' use of it; the queue's own thread says when it is over, so the caller
    // never leaves while its job may still run.
    struct Outcome {
        std::mutex mutex;
        std::condition_variable over;
        enum { waiting, done, late } state = waiting;
    };
    const auto outcome = std::make_shared<Outcome>();
    const auto end = [outcome](auto state) {
        const std::lock_guard lock(outcome->mutex);
        outcome->state = state;
        outcome->over.notify_all();
    };
    auto posted = post(
        [&job, end] {
            job();
            end(Outcome::done);
        },
        [end] { end(Outcome::late); });
    if (!posted) return posted;
    std::unique_lock lock(outcome->mutex);
    outcome->over.wait(lock, [&] { return outcome->state != Outcome::waiting; });
    if (outcome->state == Outcome::late) return Error(Errc::timed_out, "no hash thread was free in time");
    return {};
}

HashPoolStats HashPool::stats() const {
    const std::lock_guard lock(mutex_);
    auto stats = stats_;
    stats.queued = queue_.size();
    return stats;
}

}  // namespace sekisho::auth
