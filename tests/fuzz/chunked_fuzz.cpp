// A chunked body reads the same whatever pieces it comes in, never beyond its input, and what we write from
// its payload reads back as that payload. The first byte chooses the size of the pieces.
#include "gateway/forward/rewrite.hpp"
#include "gateway/http/body.hpp"

#include <algorithm>
#include <string>

namespace {

using namespace sekisho::gateway;

void require(bool holds) {
    if (!holds) __builtin_trap();
}

struct Outcome {
    std::string payload;
    std::size_t consumed = 0;
    BodyDecoder::State state = BodyDecoder::State::more;
};

Outcome run(BodyDecoder& decoder, std::string_view text, std::size_t piece) {
    Outcome outcome;
    std::size_t given = 0;
    while (given < text.size() && outcome.state == BodyDecoder::State::more) {
        given = std::min(text.size(), given + piece);
        while (outcome.consumed < given && outcome.state == BodyDecoder::State::more) {
            const auto step = decoder.feed(text.substr(outcome.consumed, given - outcome.consumed));
            require(step.consumed <= given - outcome.consumed && step.payload.size() <= step.consumed);
            outcome.payload += step.payload;
            outcome.consumed += step.consumed;
            outcome.state = step.state;
            require(step.consumed > 0 || step.state != BodyDecoder::State::more);
        }
    }
    return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    BodyDecoder whole(Framing::chunked, 0, 1U << 20U);
    const Outcome first = run(whole, text, std::max<std::size_t>(text.size(), 1));
    BodyDecoder pieces(Framing::chunked, 0, 1U << 20U);
    const Outcome second = run(pieces, text, 1U + (data[0] & 15U));
    require(first.payload == second.payload && first.state == second.state &&
            first.consumed == second.consumed);
    require(whole.fault() == pieces.fault());
    if (first.state != BodyDecoder::State::done) return 0;
    std::string trailers(text.size() + 16, '\0');
    const auto trailer_bytes = write_trailers(whole.trailers(), Direction::to_upstream, trailers);
    require(trailer_bytes.has_value());
    std::string again;
    if (!first.payload.empty())
        again = std::string(ChunkHead(first.payload.size()).text()) + first.payload + "\r\n";
    again += std::string(kLastChunkHead) + trailers.substr(0, *trailer_bytes);
    BodyDecoder reader(Framing::chunked, 0, 0);
    const Outcome third = run(reader, again, again.size());
    require(third.state == BodyDecoder::State::done && third.payload == first.payload &&
            third.consumed == again.size());
    return 0;
}
