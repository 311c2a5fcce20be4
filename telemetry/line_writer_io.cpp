#include "telemetry/line_writer_io.hpp"

#include <cerrno>
#include <poll.h>
#include <unistd.h>

namespace sekisho::telemetry {
namespace {

// Recycled buffers: enough for each worker to have one in the queue and one in hand.
constexpr std::size_t spare_max = 16;

bool wait_writable(int descriptor) {
    pollfd waiting{descriptor, POLLOUT, 0};
    return ::poll(&waiting, 1, 1000) >= 0;
}

bool write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(descriptor, text.data(), text.size());
        if (written > 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (written < 0 && errno == EAGAIN) {
            if (!wait_writable(descriptor)) return false;
        } else if (written < 0 && errno != EINTR) {
            return false;
        }
    }
    return true;
}

}  // namespace

LineSink descriptor_sink(int descriptor) {
    return [descriptor](std::string_view lines) { return write_all(descriptor, lines); };
}

LineWriter::LineWriter(LineSink sink, std::size_t queued_bytes_max)
    : sink_(std::move(sink)), queued_bytes_max_(queued_bytes_max), thread_([this] { run(); }) {}

LineWriter::~LineWriter() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    more_.notify_all();
    thread_.join();
}

bool LineWriter::submit(std::string& text, std::uint64_t lines) {
    if (text.empty()) return true;
    const std::unique_lock lock(mutex_);
    if (stopping_ || queued_bytes_ + text.size() > queued_bytes_max_) {
        dropped_.fetch_add(lines, std::memory_order_relaxed);
        text.clear();
        return false;
    }
    queued_bytes_ += text.size();
    queue_.push_back({std::move(text), lines});
    text.clear();
    if (!spare_.empty()) {
        text = std::move(spare_.back());
        spare_.pop_back();
    }
    more_.notify_one();
    return true;
}

void LineWriter::flush() {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [this] { return queue_.empty() && !writing_; });
}

std::size_t LineWriter::queued_bytes() const {
    const std::scoped_lock lock(mutex_);
    return queued_bytes_;
}

void LineWriter::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        more_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
        if (queue_.empty()) return;
        Piece piece = std::move(queue_.front());
        queue_.pop_front();
        writing_ = true;
        lock.unlock();
        if (!sink_(piece.text)) dropped_.fetch_add(piece.lines, std::memory_order_relaxed);
        lock.lock();
        writing_ = false;
        queued_bytes_ -= piece.text.size();
        piece.text.clear();
        if (spare_.size() < spare_max) spare_.push_back(std::move(piece.text));
        if (queue_.empty()) idle_.notify_all();
    }
}

}  // namespace sekisho::telemetry
