// Any bytes from a client leave an HTTP/2 connection that goes on or one that is over, the same in one piece
// and in two; no stream is left attached, no credit is given for what was not taken, and the output stays
// small.
#include "gateway/http/http2_codec.hpp"

#include <map>

namespace {

using namespace sekisho;
using namespace sekisho::gateway;

void require(bool holds) {
    if (!holds) __builtin_trap();
}

struct Stream final : Http2Stream {
    std::size_t held = 0;
    bool ended = false, was_closed = false;
    void head_came(Http2Fields&, bool) override { require(false); }
    void body_came(ByteView bytes) override {
        require(!ended && !was_closed);
        held += bytes.size();
    }
    void end_came(std::span<const Field>) override {
        require(!ended && !was_closed);
        ended = true;
    }
    void closed(Http2Code) override {
        require(!was_closed);
        was_closed = true;
    }
    void may_write() override {}
};

struct Server final : Http2Owner {
    BufferPool pool;
    FlatBuffer out{pool};
    Http2Settings settings;
    std::unique_ptr<Http2Codec> codec;
    std::map<std::int32_t, std::unique_ptr<Stream>> streams;
    std::string seen;

    Server() {
        settings.streams = 8;
        settings.head = {2048, 24, 512};
        codec = std::make_unique<Http2Codec>(Http2Codec::Role::server, settings, *this, out);
    }
    void stream_opened(std::int32_t id, std::unique_ptr<Http2Fields> fields, bool ends) override {
        RequestHead head;
        const auto fault = fields->request(ends, settings.head, head);
        auto& stream = streams[id] = std::make_unique<Stream>();
        codec->accept(id, *stream, head, ends);
        seen += std::string(to_text(fault)) + " ";
        if (fault == HeadFault::none) {
            require(!head.host.empty() && head.path.size() <= settings.head.target_bytes);
            for (const auto& field : head.fields)
                require(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
            seen += std::string(head.method) + " " + std::string(head.path) + " ";
        }
        std::string lines = "Content-Type: text/plain\r\n";
        codec->respond(*stream, 200, lines, false);
        codec->send_body(*stream, as_bytes(std::string_view("some bytes of an answer")), false);
        codec->give_back(std::move(fields));
    }
    void take(ByteView bytes) { codec->receive(bytes, SteadyTime{Seconds{10}}); }
    std::string finish() {
        for (auto& [id, stream] : streams) {
            if (stream->held != 0) codec->consumed(*stream, stream->held);
            if (stream->ended) codec->end_body(*stream, "x-end: 1\r\n");
        }
        codec->collect();
        for (auto& [id, stream] : streams) codec->drop(*stream, Http2Code::cancel);
        require(codec->streams() == 0 && out.size_bytes() < (1U << 20U));
        return seen;
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    Server whole, halves;
    for (auto* server : {&whole, &halves}) server->codec->receive(as_bytes(preface), SteadyTime{Seconds{10}});
    const ByteView bytes(data, size);
    whole.take(bytes);
    halves.take(bytes.first(size / 3));
    halves.take(bytes.subspan(size / 3));
    require(whole.codec->state() == halves.codec->state());
    require(whole.finish() == halves.finish());
    return 0;
}
