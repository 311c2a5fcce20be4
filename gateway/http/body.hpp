#pragma once
// Message bodies: one decoder for every framing, and the writer of chunks (RFC 9112 sections 6 and 7).
#include "gateway/http/message.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <optional>

namespace sekisho::gateway {

enum class BodyFault : std::uint8_t {
    none,
    chunk_size,    // not 1 to 16 hex digits, or beyond 2^62
    chunk_ext,     // chunk extensions are refused
    chunk_end,     // anything but CRLF after a size or a chunk
    too_large,     // more than the limit given
    trailer,       // malformed trailer section, or too large
    trailer_name,  // a trailer with a framing, routing or identity name
    truncated,     // the connection ended first
};
std::string_view to_text(BodyFault fault) noexcept;

// BodyDecoder takes a body's bytes as they come and gives its payload in place.
// After `done` or `fault` it takes nothing more; bytes behind a finished body belong to the next message.
class BodyDecoder {
public:
    enum class State : std::uint8_t { more, done, fault };
    struct Step {
        std::string_view payload;  // inside the input; may be empty
        std::size_t consumed = 0;  // of the input, payload included
        State state = State::more;
    };

    BodyDecoder() noexcept = default;  // no body: done at once
    // `bytes_max`: payload bytes allowed, 0 = unlimited. A declared length beyond it faults at once.
    BodyDecoder(Framing framing, std::uint64_t content_length, std::uint64_t bytes_max) noexcept;
    static BodyDecoder of(const Head& head, std::uint64_t bytes_max) noexcept {
        return BodyDecoder(head.framing, head.content_length, bytes_max);
    }

    // feed consumes at most one run of payload; call again with the rest while state is `more` and
    // something was consumed.
    Step feed(std::string_view input);
    // finish says that the peer sent its last byte: `done`, or `fault` truncated.
    State finish() noexcept;

    State state() const noexcept { return state_; }
    BodyFault fault() const noexcept { return fault_; }
    std::uint64_t payload_bytes() const noexcept { return payload_bytes_; }
    // wants is how many payload bytes the current run still holds; 0 when unknown.
    std::uint64_t wants() const noexcept { return phase_ == Phase::run ? left_ : 0; }
    // trailers are what the sender put behind a chunked body, validated, unfiltered; views into this decoder.
    std::span<const Field> trailers() const noexcept;

private:
    enum class Phase : std::uint8_t {
        run,
        size_first,
        size,
        size_lf,
        run_cr,
        run_lf,
        tail,
        tail_lf,
        trailer
    };
    struct TrailerBlock {
        std::string text;
        std::vector<Field> fields;
    };
    Step fail(BodyFault fault, std::size_t consumed) noexcept;
    Step feed_run(std::string_view input) noexcept;
    Step feed_chunked(std::string_view input);
    BodyFault take_framing_byte(unsigned char c);
    BodyFault take_size_byte(unsigned char c) noexcept;
    BodyFault end_size() noexcept;
    BodyFault take_trailer_byte(unsigned char c);
    BodyFault end_trailers();

    std::uint64_t left_ = 0;  // of the run; while reading a size, the size so far
    std::uint64_t payload_bytes_ = 0;
    std::uint64_t bytes_max_ = 0;
    std::unique_ptr<TrailerBlock> trailers_;  // only when there are some
    Framing framing_ = Framing::none;
    Phase phase_ = Phase::run;
    State state_ = State::done;
    BodyFault fault_ = BodyFault::none;
    std::uint8_t digits_ = 0;
};

inline constexpr std::size_t kTrailerBytesMax = 8192;
inline constexpr std::size_t kTrailerFieldsMax = 32;

// Chunks are framed by hand: chunk_head(n), n bytes, kChunkEnd, ..., then kLastChunk, or kLastChunkHead,
// trailers and an empty line.
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunkHead = "0\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

// ChunkHead is "SIZE CRLF" for a chunk of `bytes` > 0.
class ChunkHead {
public:
    explicit ChunkHead(std::uint64_t bytes) noexcept;
    std::string_view text() const noexcept { return {text_.data(), size_}; }

private:
    std::array<char, 18> text_;
    std::uint8_t size_ = 0;
};

}  // namespace sekisho::gateway
