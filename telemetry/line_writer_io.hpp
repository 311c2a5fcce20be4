#pragma once
// LineWriter moves finished log lines to a sink from a thread of its own, so that a slow reader of the log
// never slows a worker.
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace sekisho::telemetry {

// A sink takes whole lines; false when they could not be written. Called on the writer's thread, may block.
using LineSink = std::function<bool(std::string_view lines)>;

// descriptor_sink writes to a descriptor it does not own (1 is standard output), all of the lines or an
// error.
LineSink descriptor_sink(int descriptor);

// Thread: submit() from any thread; the destructor writes what is queued, then joins.
class LineWriter {
public:
    explicit LineWriter(LineSink sink, std::size_t queued_bytes_max = 16u << 20);
    ~LineWriter();
    LineWriter(const LineWriter&) = delete;
    LineWriter& operator=(const LineWriter&) = delete;

    // submit takes the text (whole lines, `lines` of them) and leaves an empty string, a recycled one if
    // there is one. False when the queue is full: the text is dropped, and counted here and by the caller.
    bool submit(std::string& text, std::uint64_t lines);
    // flush returns when all that was submitted before has been given to the sink.
    void flush();
    // Lines lost for lack of room or because the sink failed.
    std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }
    std::size_t queued_bytes() const;

private:
    struct Piece {
        std::string text;
        std::uint64_t lines;
    };
    void run();

    LineSink sink_;
    const std::size_t queued_bytes_max_;
    mutable std::mutex mutex_;
    std::condition_variable more_, idle_;
    std::deque<Piece> queue_;
    std::deque<std::string> spare_;
    std::size_t queued_bytes_ = 0;
    bool writing_ = false, stopping_ = false;
    std::atomic<std::uint64_t> dropped_{0};
    std::thread thread_;
};

}  // namespace sekisho::telemetry
