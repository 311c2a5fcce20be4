#include "gateway/http/body.hpp"

#include "gateway/http/byte_class.hpp"
#include "gateway/http/field_filter.hpp"
#include "gateway/http/http1_codec.hpp"

#include <algorithm>
#include <charconv>

namespace sekisho::gateway {
namespace {

constexpr std::array<std::string_view, 8> kFaultNames = {
    "none", "chunk_size", "chunk_ext", "chunk_end", "too_large", "trailer", "trailer_name", "truncated"};
constexpr std::uint8_t kSizeDigitsMax = 16;
constexpr std::uint64_t kChunkBytesMax = std::uint64_t{1} << 62U;

}  // namespace

std::string_view to_text(BodyFault fault) noexcept { return kFaultNames[static_cast<std::size_t>(fault)]; }

BodyDecoder::BodyDecoder(Framing framing, std::uint64_t content_length, std::uint64_t bytes_max) noexcept
    : bytes_max_(bytes_max), framing_(framing) {
    switch (framing) {
        case Framing::none:
            break;
        case Framing::length:
            left_ = content_length;
            state_ = content_length > 0 ? State::more : State::done;
            if (bytes_max > 0 && content_length > bytes_max) fail(BodyFault::too_large, 0);
            break;
        case Framing::chunked:
            phase_ = Phase::size_first;
            state_ = State::more;
            break;
        case Framing::until_close:
            state_ = State::more;
            break;
    }
}

BodyDecoder::Step BodyDecoder::fail(BodyFault fault, std::size_t consumed) noexcept {
    fault_ = fault;
    state_ = State::fault;
    return {{}, consumed, state_};
}

BodyDecoder::Step BodyDecoder::feed(std::string_view input) {
    if (state_ != State::more) return {{}, 0, state_};
    if (framing_ == Framing::chunked) return feed_chunked(input);
    return feed_run(input);
}

// feed_run gives payload of the current run: a declared length, a chunk, or everything until the end.
BodyDecoder::Step BodyDecoder::feed_run(std::string_view input) noexcept {
    const bool endless = framing_ == Framing::until_close;
    const std::size_t bytes =
        endless ? input.size() : static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
    if (bytes_max_ > 0 && bytes > bytes_max_ - payload_bytes_) return fail(BodyFault::too_large, 0);
    payload_bytes_ += bytes;
    if (!endless) left_ -= bytes;
    if (framing_ == Framing::length && left_ == 0) state_ = State::done;
    if (framing_ == Framing::chunked && left_ == 0) phase_ = Phase::run_cr;
    return {input.substr(0, bytes), bytes, state_};
}

// feed_chunked takes framing bytes one by one, then at most one run of payload.
BodyDecoder::Step BodyDecoder::feed_chunked(std::string_view input) {
    std::size_t at = 0;
    while (at < input.size() && phase_ != Phase::run && state_ == State::more) {
        const BodyFault fault = take_framing_byte(static_cast<unsigned char>(input[at]));
        if (fault != BodyFault::none) return fail(fault, at);
        ++at;
    }
    if (phase_ != Phase::run || state_ != State::more || at == input.size()) return {{}, at, state_};
    Step step = feed_run(input.substr(at));
    step.consumed += at;
    return step;
}

BodyFault BodyDecoder::take_framing_byte(unsigned char c) {
    switch (phase_) {
        case Phase::size_first:
        case Phase::size:
            return take_size_byte(c);
        case Phase::size_lf:
            return c == '\n' ? end_size() : BodyFault::chunk_end;
        case Phase::run_cr:
            phase_ = Phase::run_lf;
            return c == '\r' ? BodyFault::none : BodyFault::chunk_end;
        case Phase::run_lf:
            phase_ = Phase::size_first;
            return c == '\n' ? BodyFault::none : BodyFault::chunk_end;
        case Phase::tail:
            if (c == '\r') {
                phase_ = Phase::tail_lf;
                return BodyFault::none;
            }
            trailers_ = std::make_unique<TrailerBlock>();
            phase_ = Phase::trailer;
            return take_trailer_byte(c);
        case Phase::tail_lf:
            if (c != '\n') return BodyFault::chunk_end;
            state_ = State::done;
            return BodyFault::none;
        case Phase::trailer:
            return take_trailer_byte(c);
        case Phase::run:
            break;
    }
    return BodyFault::none;
}

// take_size_byte: hex digits and CR; a blank or ';' would begin an extension, which some upstreams read
// otherwise.
BodyFault BodyDecoder::take_size_byte(unsigned char c) noexcept {
    if (phase_ == Phase::size_first) {
        left_ = 0;
        digits_ = 0;
        phase_ = Phase::size;
    }
    const int digit = hex_value(static_cast<char>(c));
    if (digit >= 0) {
        if (++digits_ > kSizeDigitsMax) return BodyFault::chunk_size;
        left_ = left_ << 4U | static_cast<std::uint64_t>(digit);
        return left_ > kChunkBytesMax ? BodyFault::chunk_size : BodyFault::none;
    }
    if (digits_ == 0) return BodyFault::chunk_size;
    if (c == ';' || c == ' ' || c == '\t') return BodyFault::chunk_ext;
    if (c == '\n') return BodyFault::chunk_end;
    if (c != '\r') return BodyFault::chunk_size;
    phase_ = Phase::size_lf;
    return BodyFault::none;
}

BodyFault BodyDecoder::end_size() noexcept {
    if (bytes_max_ > 0 && left_ > bytes_max_ - payload_bytes_) return BodyFault::too_large;
    phase_ = left_ > 0 ? Phase::run : Phase::tail;
    return BodyFault::none;
}

// take_trailer_byte gathers lines until the empty one; the block is parsed once, when it is whole.
BodyFault BodyDecoder::take_trailer_byte(unsigned char c) {
    std::string& text = trailers_->text;
    if (text.size() == kTrailerBytesMax) return BodyFault::trailer;
    if (c == '\n' && (text.empty() || text.back() != '\r')) return BodyFault::trailer;
    text.push_back(static_cast<char>(c));
    return c == '\n' && text.ends_with("\r\n\r\n") ? end_trailers() : BodyFault::none;
}

BodyFault BodyDecoder::end_trailers() {
    const std::string_view lines = std::string_view(trailers_->text).substr(0, trailers_->text.size() - 2);
    if (parse_field_lines(lines, kTrailerFieldsMax, trailers_->fields) != HeadFault::none)
        return BodyFault::trailer;
    for (const Field& field : trailers_->fields)
        if (refuses_message(field)) return BodyFault::trailer_name;
    state_ = State::done;
    return BodyFault::none;
}

BodyDecoder::State BodyDecoder::finish() noexcept {
    if (state_ != State::more) return state_;
    if (framing_ == Framing::until_close)
        state_ = State::done;
    else
        fail(BodyFault::truncated, 0);
    return state_;
}

std::span<const Field> BodyDecoder::trailers() const noexcept {
    if (trailers_ == nullptr || state_ != State::done) return {};
    return trailers_->fields;
}

ChunkHead::ChunkHead(std::uint64_t bytes) noexcept : text_{} {
    const auto end = std::to_chars(text_.data(), text_.data() + 16, bytes, 16).ptr;
    size_ = static_cast<std::uint8_t>(end - text_.data());
    text_[size_++] = '\r';
    text_[size_++] = '\n';
}

}  // namespace sekisho::gateway
