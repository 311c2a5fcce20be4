#pragma once
// Http1ClientSide is one HTTP/1 request of a client connection as its exchange sees it.
#include "gateway/forward/rewrite.hpp"
#include "gateway/http/body.hpp"
#include "gateway/http/buffer_pool.hpp"
#include "gateway/http/client_side.hpp"
#include "gateway/net/byte_stream.hpp"

namespace sekisho::gateway {

// BodyIn reads a body of either side out of a buffer that a stream fills: decoded in place, never copied.
class BodyIn {
public:
    BodyIn(ByteStream& stream, FlatBuffer& buffer, BodyDecoder decoder) noexcept
        : stream_(stream), buffer_(buffer), decoder_(std::move(decoder)) {}

    BodyPeek peek();
    void consume(std::size_t bytes) noexcept;
    bool ended() const noexcept { return held_ == 0 && decoder_.state() == BodyDecoder::State::done; }
    const BodyDecoder& decoder() const noexcept { return decoder_; }

private:
    bool feed();
    BodyPeek fill();
    ByteStream& stream_;
    FlatBuffer& buffer_;
    BodyDecoder decoder_;
    std::size_t held_ = 0;   // payload at the front of the buffer
    std::size_t after_ = 0;  // framing bytes right behind it
};

// Pieces of a message that is being sent, and the buffer they wait in. Bodies go straight to the stream when
// nothing waits before them.
class BodyOut {
public:
    BodyOut(ByteStream& stream, FlatBuffer& buffer) noexcept : stream_(stream), buffer_(buffer) {}

    void head(std::string_view text) { buffer_.append(text); }
    std::size_t write(ByteView bytes, Framing framing);
    void finish(Framing framing, std::string_view trailers);
    Flush flush();
    FlatBuffer& buffer() noexcept { return buffer_; }

private:
    std::size_t write_chunk(ByteView bytes);
    ByteStream& stream_;
    FlatBuffer& buffer_;
    bool broken_ = false;  // a body's bytes that went straight to the stream met its end
};

class Http1ClientSide final : public ClientSide {
public:
    // `head` may go away after this; `facts` views must outlive the exchange. body_bytes_max 0 = unlimited.
    Http1ClientSide(ByteStream& stream, FlatBuffer& in, FlatBuffer& out, const RequestHead& head,
                    const ClientFacts& facts, std::uint64_t body_bytes_max, std::string_view date);

    BodyPeek request_body() override;
    void consume_request_body(std::size_t bytes) override { body_in_.consume(bytes); }
    std::string_view request_trailers() const override { return trailers_up_; }
    void interim(const ResponseHead& head) override;
    void start(const ResponseHead& head) override;
    void start_ours(const LocalReply& reply) override;
    std::size_t write_body(ByteView bytes) override { return body_out_.write(bytes, framing_); }
    void finish(std::string_view trailers) override;
    Flush flush() override { return body_out_.flush(); }

    bool keeps_connection() const noexcept override { return keep_alive_; }
    std::uint16_t status() const noexcept override { return status_; }
    BodyFault body_fault() const noexcept override {
        return trailers_refused_ ? BodyFault::trailer_name : body_in_.decoder().fault();
    }

private:
    BodyIn body_in_;
    BodyOut body_out_;
    ClientFacts facts_;
    std::string_view date_;
    std::string trailers_up_;
    Framing framing_ = Framing::none;
    std::uint16_t status_ = 0;
    bool keep_alive_ = false, head_method_ = false, takes_trailers_ = false, trailers_refused_ = false;
};

}  // namespace sekisho::gateway
