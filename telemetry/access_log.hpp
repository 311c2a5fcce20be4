#pragma once
// AccessLog writes one JSON line for each exchange. Each worker owns one; all share a LineWriter.
#include "telemetry/exchange_record.hpp"
#include "telemetry/line_writer_io.hpp"
#include "telemetry/metrics.hpp"

namespace sekisho::telemetry {

// append_line appends the line of a record, newline included. Allocates only when `out` must grow.
void append_line(std::string& out, const ExchangeRecord& record);

// Thread: one; the shard is that thread's.
class AccessLog {
public:
    AccessLog(LineWriter& writer, Shard& shard) : writer_(writer), shard_(shard) {
        buffer_.reserve(buffer_bytes);
    }
    ~AccessLog() { flush(); }
    AccessLog(const AccessLog&) = delete;
    AccessLog& operator=(const AccessLog&) = delete;

    // write never blocks and never fails: lines that find no room are dropped and counted.
    void write(const ExchangeRecord& record);
    // flush hands the buffer over. A worker calls it on its 100 ms tick, so that no line waits longer.
    void flush();

private:
    static constexpr std::size_t buffer_bytes = 64u << 10;
    LineWriter& writer_;
    Shard& shard_;
    std::string buffer_;
    std::uint64_t lines_ = 0;
};

}  // namespace sekisho::telemetry
