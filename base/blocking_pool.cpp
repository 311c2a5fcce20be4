#include "base/blocking_pool.hpp"

#include <chrono>
#include <pthread.h>

namespace sekisho {

BlockingPool::BlockingPool(std::string name, unsigned threads, std::size_t queue_max)
    : name_(std::move(name)), queue_max_(queue_max) {
    threads_.reserve(threads);
    for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

BlockingPool::~BlockingPool() { finish(Rest::runs); }

void BlockingPool::finish(Rest rest) {
    std::deque<Job> dropped;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        if (rest == Rest::drops) dropped.swap(queue_);
    }
    wake_.notify_all();
    for (auto& thread : threads_)
        if (thread.joinable()) thread.join();
}

bool BlockingPool::submit(Job job) {
    {
        const std::lock_guard lock(mutex_);
        if (stopping_ || queue_.size() >= queue_max_) {
            refused_.fetch_add(1, std::memory_order_relaxed);
            return false;
        }
        queue_.push_back(std::move(job));
    }
    wake_.notify_one();
    return true;
}

std::size_t BlockingPool::queued() const {
    const std::lock_guard lock(mutex_);
    return queue_.size();
}

void BlockingPool::run() {
    ::pthread_setname_np(::pthread_self(), name_.substr(0, 15).c_str());
    for (;;) {
        Job job;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
            if (queue_.empty()) return;
            job = std::move(queue_.front());
            queue_.pop_front();
        }
        busy_.fetch_add(1, std::memory_order_relaxed);
        const auto began = std::chrono::steady_clock::now();
        job();
        const auto spent = std::chrono::steady_clock::now() - began;
        busy_nanos_.fetch_add(static_cast<std::uint64_t>(std::chrono::nanoseconds(spent).count()),
                              std::memory_order_relaxed);
        busy_.fetch_sub(1, std::memory_order_relaxed);
    }
}

}  // namespace sekisho
