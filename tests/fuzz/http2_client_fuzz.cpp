// Any bytes from a server leave the client role with streams that each got a whole response, or were told
// that they did not, and with no more of them open than the server takes.
#include "gateway/http/http2_codec.hpp"

#include <array>

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
        require(!was_closed && (!ended || !sent_end()));
        was_closed = true;
    }
    void may_write() override {}
};

struct Nobody final : Http2Owner {
    void stream_opened(std::int32_t, std::unique_ptr<Http2Fields>, bool) override { require(false); }
};

constexpr std::array<std::uint8_t, 9> kSettings = {0, 0, 0, 4, 0, 0, 0, 0, 0};

}  // namespace

// The first byte says where the rest is cut in two: streams are opened before it, and between.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const ByteView input(data + 1, size - 1);
    const auto cut = input.size() * data[0] / 256;
    BufferPool pool;
    FlatBuffer out(pool);
    Nobody nobody;
    Http2Settings settings;
    settings.head = {2048, 24, 512};
    Http2Codec codec(Http2Codec::Role::client, settings, nobody, out);
    codec.receive(kSettings, SteadyTime{Seconds{10}});
    std::array<Stream, 3> streams;
    bool first = true;
    for (auto& stream : streams) {
        stream.codec = &codec;
        const auto before = codec.streams();
        const bool opened =
            codec.open(stream, {first ? "GET" : "POST", "https", "wiki.test", "/"}, {}, first);
        if (opened) require(before < codec.streams_max() && stream.attached());
        if (first) codec.receive(input.first(cut), SteadyTime{Seconds{10}});
        if (opened && !first) codec.end_body(stream, "x-sum: 1\r\n");
        first = false;
    }
    codec.receive(input.subspan(cut), SteadyTime{Seconds{11}});
    require(out.size_bytes() < (1U << 20U));
    for (auto& stream : streams) codec.drop(stream, Http2Code::cancel);
    require(codec.streams() == 0);
    return 0;
}
