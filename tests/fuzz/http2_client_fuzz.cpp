// Any bytes from a server leave the client role with a stream that got a whole response, or was told that it
// did not.
#include "gateway/http/http2_codec.hpp"

namespace {

using namespace sekisho;
using namespace sekisho::gateway;

void require(bool holds) {
    if (!holds) __builtin_trap();
}

struct Stream final : Http2Stream {
    Http2Codec* codec = nullptr;
    ResponseHead head;
    std::uint64_t bytes = 0;
    bool final = false, ended = false, was_closed = false;
    void head_came(Http2Fields& fields, bool ends) override {
        require(!ended && !was_closed && !final);
        if (fields.response(ends, {}, head) != HeadFault::none) {
            codec->drop(*this, Http2Code::protocol_error);
            was_closed = true;
        } else if (!head.is_interim()) {
            final = true;
            codec->expect_body(*this, head);
        }
    }
    void body_came(ByteView piece) override {
        require(final && !ended && !was_closed);
        bytes += piece.size();
        codec->consumed(*this, piece.size());
    }
    void end_came(std::span<const Field>) override {
        require(final && !ended && !was_closed);
        require(head.framing != Framing::length || bytes == head.content_length);
        ended = true;
    }
    void closed(Http2Code) override {
        require(!ended && !was_closed);
        was_closed = true;
    }
    void may_write() override {}
};

struct Nobody final : Http2Owner {
    void stream_opened(std::int32_t, std::unique_ptr<Http2Fields>, bool) override { require(false); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    BufferPool pool;
    FlatBuffer out(pool);
    Nobody nobody;
    Http2Settings settings;
    settings.head = {2048, 24, 512};
    Http2Codec codec(Http2Codec::Role::client, settings, nobody, out);
    Stream stream;
    stream.codec = &codec;
    require(codec.open(stream, {"GET", "https", "wiki.test", "/"}, {}, true));
    codec.receive({data, size}, SteadyTime{Seconds{10}});
    require(out.size_bytes() < (1U << 20U));
    codec.drop(stream, Http2Code::cancel);
    require(codec.streams() == 0);
    return 0;
}
