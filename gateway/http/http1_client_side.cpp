#include "gateway/http/http1_client_side.hpp"

#include "base/check.hpp"
#include "gateway/http/reply_fields.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sekisho::gateway {
namespace {

constexpr std::size_t small_block = static_cast<std::size_t>(BlockSize::small);
constexpr std::size_t large_block = static_cast<std::size_t>(BlockSize::large);
constexpr std::size_t chunk_bytes_max = 32u << 10;
constexpr std::size_t chunked_waiting_max = 64u << 10;
constexpr std::uint64_t bulk_after_bytes = 32u << 10;  // a body past this is read in large pieces

}  // namespace

BodyPeek BodyIn::peek() {
    for (;;) {
        if (held_ != 0) return {BodyPeek::State::data, std::as_const(buffer_).readable().first(held_)};
        if (decoder_.state() == BodyDecoder::State::done) return {BodyPeek::State::end, {}};
        if (decoder_.state() == BodyDecoder::State::fault) return {BodyPeek::State::failed, {}};
        if (feed()) continue;
        const auto filled = fill();
        if (filled.state != BodyPeek::State::data) return filled;
    }
}

// True when the decoder moved on.
bool BodyIn::feed() {
    if (buffer_.empty()) return false;
    const auto input = buffer_.text();
    const auto step = decoder_.feed(input);
    if (step.consumed == 0 && step.state == BodyDecoder::State::more) return false;
    if (step.payload.empty()) {
        buffer_.consume(step.consumed);
        return true;
    }
    const auto before = static_cast<std::size_t>(step.payload.data() - input.data());
    buffer_.consume(before);
    held_ = step.payload.size();
    after_ = step.consumed - before - held_;
    return true;
}

// `data` here means only that there is more to feed.
BodyPeek BodyIn::fill() {
    std::size_t block = small_block;
    if (decoder_.payload_bytes() > bulk_after_bytes || decoder_.wants() > bulk_after_bytes) {
        block = large_block;
        if (buffer_.empty()) buffer_.release();
    }
    const auto got = stream_.read(buffer_.room(1, block));
    if (got.state == IoState::done) {
        buffer_.commit(got.bytes);
        return {BodyPeek::State::data, {}};
    }
    if (got.state == IoState::would_block) {
        if (buffer_.empty()) buffer_.release();
        return {BodyPeek::State::wait, {}};
    }
    const bool clean = got.state == IoState::closed && decoder_.finish() == BodyDecoder::State::done;
    return {clean ? BodyPeek::State::end : BodyPeek::State::failed, {}};
}

void BodyIn::consume(std::size_t bytes) noexcept {
    buffer_.consume(bytes);
    held_ -= bytes;
    if (held_ == 0 && after_ != 0) {
        buffer_.consume(after_);
        after_ = 0;
    }
}

std::size_t BodyOut::write(ByteView bytes, Framing framing) {
    if (framing == Framing::none) return bytes.size();  // a body nobody may see: HEAD, 204, 304
    if (framing == Framing::chunked) return write_chunk(bytes);
    if (!buffer_.empty()) {
        // The head and the first bytes leave together, in one record.
        if (buffer_.size_bytes() >= small_block) return 0;
        const auto taken = std::min(bytes.size(), small_block - buffer_.size_bytes());
        buffer_.append(bytes.first(taken));
        if (buffer_.size_bytes() >= small_block) flush();
        return taken;
    }
    const auto wrote = stream_.write(bytes);
    broken_ = wrote.state == IoState::failed || wrote.state == IoState::closed;
    return wrote.state == IoState::done ? wrote.bytes : 0;
}

std::size_t BodyOut::write_chunk(ByteView bytes) {
    if (buffer_.size_bytes() >= chunked_waiting_max) return 0;
    const auto taken = std::min(bytes.size(), chunk_bytes_max);
    buffer_.append(ChunkHead(taken).text());
    buffer_.append(bytes.first(taken));
    buffer_.append(kChunkEnd);
    if (buffer_.size_bytes() >= chunk_bytes_max) flush();
    return taken;
}

void BodyOut::finish(Framing framing, std::string_view trailers) {
    if (framing != Framing::chunked) return;
    if (trailers.empty()) return buffer_.append(kLastChunk);
    buffer_.append(kLastChunkHead);
    buffer_.append(trailers);  // ends with the empty line
}

Flush BodyOut::flush() {
    if (broken_) return Flush::failed;
    while (!buffer_.empty()) {
        const auto wrote = stream_.write(std::as_const(buffer_).readable());
        if (wrote.state == IoState::would_block) return Flush::wait;
        if (wrote.state != IoState::done) return Flush::failed;
        buffer_.consume(wrote.bytes);
    }
    buffer_.release();  // what waits from here on, for an event or for the next request, holds no memory
    if (!stream_.holds_output()) return Flush::done;
    const auto state = stream_.flush();
    if (state == IoState::would_block) return Flush::wait;
    return state == IoState::done ? Flush::done : Flush::failed;
}

Http1ClientSide::Http1ClientSide(ByteStream& stream, FlatBuffer& in, FlatBuffer& out, const RequestHead& head,
                                 const ClientFacts& facts, std::uint64_t body_bytes_max,
                                 std::string_view date)
    : body_in_(stream, in, BodyDecoder::of(head, body_bytes_max)),
      body_out_(stream, out),
      facts_(facts),
      date_(date),
      head_method_(head.method_id == Method::head),
      takes_trailers_(head.te_trailers) {}

BodyPeek Http1ClientSide::request_body() {
    const auto piece = body_in_.peek();
    if (piece.state != BodyPeek::State::end || body_in_.decoder().trailers().empty() || !trailers_up_.empty())
        return piece;
    trailers_up_.resize(kTrailerBytesMax + 4 * kTrailerFieldsMax + 4);
    const auto written = write_trailers(body_in_.decoder().trailers(), Direction::to_upstream, trailers_up_);
    trailers_refused_ = !written;
    trailers_up_.resize(written.value_or(0));
    return trailers_refused_ ? BodyPeek{BodyPeek::State::failed, {}} : piece;
}

void Http1ClientSide::interim(const ResponseHead& head) {
    if (facts_.version == HttpVersion::http10) return;
    auto& out = body_out_.buffer();
    const auto space = out.room(client_head_bound(head, facts_));
    const auto written =
        write_client_head(head, facts_, {reinterpret_cast<char*>(space.data()), space.size()});
    if (written) out.commit(written->bytes);
}

void Http1ClientSide::start(const ResponseHead& head) {
    // An answer that comes before the request's end leaves bytes on the wire that nobody will read.
    facts_.keep_alive = facts_.keep_alive && body_in_.ended();
    auto& out = body_out_.buffer();
    const auto space = out.room(client_head_bound(head, facts_));
    const auto written =
        write_client_head(head, facts_, {reinterpret_cast<char*>(space.data()), space.size()});
    check(written.has_value(), "a response head is larger than its bound");
    out.commit(written->bytes);
    framing_ = written->framing;
    keep_alive_ = written->keep_alive;
    status_ = head.status;
}

void Http1ClientSide::start_ours(const LocalReply& reply) {
    keep_alive_ = facts_.keep_alive && body_in_.ended() && !reply.close;
    framing_ = head_method_ ? Framing::none : Framing::length;
    status_ = static_cast<std::uint16_t>(reply.status);
    std::string text = fmt::format("HTTP/1.1 {} {}\r\n", reply.status, reason_phrase(reply.status));
    append_reply_fields(text, reply, {date_, facts_.request_id, facts_.hsts});
    text += keep_alive_ ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
    body_out_.head(text);
}

void Http1ClientSide::finish(std::string_view trailers) {
    body_out_.finish(framing_, takes_trailers_ ? trailers : std::string_view{});
}

}  // namespace sekisho::gateway
