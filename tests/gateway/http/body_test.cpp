// Goal: a body ends exactly where its framing says, a damaged one is refused, a cut one is seen to be cut.
// Method: good bodies in pieces of every size, one damage per byte, limits below, at and above.
#include "gateway/http/body.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sekisho::gateway {
namespace {

using State = BodyDecoder::State;

struct Outcome {
    std::string payload;
    std::size_t consumed = 0;
    State state = State::more;
};

// run feeds `text` in pieces of `piece` bytes, until the decoder stops or the text ends.
Outcome run(BodyDecoder& decoder, std::string_view text, std::size_t piece) {
    Outcome outcome;
    outcome.state = decoder.state();
    std::size_t given = 0;
    while (outcome.state == State::more && outcome.consumed < text.size()) {
        given = std::min(text.size(), std::max(given, outcome.consumed + piece));
        const auto step = decoder.feed(text.substr(outcome.consumed, given - outcome.consumed));
        outcome.payload += step.payload;
        outcome.consumed += step.consumed;
        outcome.state = step.state;
        if (step.consumed == 0 && step.state == State::more) break;
    }
    return outcome;
}

Outcome run_chunked(std::string_view text, std::uint64_t bytes_max = 0) {
    BodyDecoder decoder(Framing::chunked, 0, bytes_max);
    return run(decoder, text, text.size());
}

constexpr std::string_view kChunked = "5\r\nhello\r\n00A\r\n, worldly!\r\n0\r\n\r\n";
constexpr std::string_view kWithTrailers = "3\r\nabc\r\n0\r\nETag: \"x\"\r\nServer-Timing: a\r\n\r\n";

TEST(Chunked, GivesThePayloadWhateverPiecesItComesIn) {
    for (std::size_t piece = 1; piece <= kChunked.size(); ++piece) {
        BodyDecoder decoder(Framing::chunked, 0, 0);
        const auto outcome = run(decoder, std::string(kChunked) + "GET", piece);
        EXPECT_EQ(outcome.payload, "hello, worldly!") << piece;
        EXPECT_EQ(outcome.consumed, kChunked.size()) << piece;
        EXPECT_EQ(outcome.state, State::done) << piece;
    }
}

TEST(Chunked, EveryProperPrefixIsSeenToBeTruncated) {
    for (std::size_t n = 0; n < kChunked.size(); ++n) {
        BodyDecoder decoder(Framing::chunked, 0, 0);
        EXPECT_EQ(run(decoder, kChunked.substr(0, n), 100).state, State::more) << n;
        EXPECT_EQ(decoder.finish(), State::fault) << n;
        EXPECT_EQ(decoder.fault(), BodyFault::truncated) << n;
    }
}

TEST(Chunked, GivesTrailers) {
    for (std::size_t piece = 1; piece <= kWithTrailers.size(); ++piece) {
        BodyDecoder decoder(Framing::chunked, 0, 0);
        const auto outcome = run(decoder, kWithTrailers, piece);
        ASSERT_EQ(outcome.state, State::done) << piece;
        ASSERT_EQ(decoder.trailers().size(), 2U);
        EXPECT_EQ(decoder.trailers()[0].id, FieldId::etag);
        EXPECT_EQ(decoder.trailers()[1].value, "a");
    }
}

TEST(Chunked, RefusesEveryOtherSpelling) {
    struct Row {
        std::string_view text;
        BodyFault fault;
    };
    const Row rows[] = {
        {"\r\n", BodyFault::chunk_size},
        {"x\r\n", BodyFault::chunk_size},
        {"0x5\r\nhello\r\n", BodyFault::chunk_size},
        {"+5\r\nhello\r\n", BodyFault::chunk_size},
        {"-5\r\nhello\r\n", BodyFault::chunk_size},
        {" 5\r\nhello\r\n", BodyFault::chunk_size},
        {"5 \r\nhello\r\n", BodyFault::chunk_ext},
        {"5;a=b\r\nhello\r\n", BodyFault::chunk_ext},
        {"5;\r\nhello\r\n", BodyFault::chunk_ext},
        {"5\t\r\nhello\r\n", BodyFault::chunk_ext},
        {"5\nhello\r\n", BodyFault::chunk_end},
        {"5\r\r\nhello\r\n", BodyFault::chunk_end},
        {"5\rXhello\r\n", BodyFault::chunk_end},
        {"5\r\nhello\n0\r\n\r\n", BodyFault::chunk_end},
        {"5\r\nhelloX\r\n", BodyFault::chunk_end},
        {"5\r\nhello\rX", BodyFault::chunk_end},
        {"00000000000000005\r\nhello", BodyFault::chunk_size},
        {"FFFFFFFFFFFFFFFF\r\n", BodyFault::chunk_size},
        {"4000000000000001\r\n", BodyFault::chunk_size},
        {"0\r\n\n", BodyFault::trailer},
        {"0\r\n\rX", BodyFault::chunk_end},
        {"0\r\nX: y\n\r\n", BodyFault::trailer},
        {"0\r\nX : y\r\n\r\n", BodyFault::trailer},
        {"0\r\n X: y\r\n\r\n", BodyFault::trailer},
        {"0\r\nX: y\r\n z\r\n\r\n", BodyFault::trailer},
        {std::string_view("0\r\nX: \0\r\n\r\n", 11), BodyFault::trailer},
        {"0\r\nContent-Length: 5\r\n\r\n", BodyFault::trailer_name},
        {"0\r\nTransfer-Encoding: chunked\r\n\r\n", BodyFault::trailer_name},
        {"0\r\ntransfer_encoding: chunked\r\n\r\n", BodyFault::trailer_name},
        {"0\r\nHost: a\r\n\r\n", BodyFault::trailer_name},
        {"0\r\nConnection: close\r\n\r\n", BodyFault::trailer_name},
        {"0\r\nX_Forwarded_For: 1\r\n\r\n", BodyFault::trailer_name},
        {"0\r\nSekisho-Assertion: x\r\n\r\n", BodyFault::trailer_name},
        {"0\r\nremote.user: x\r\n\r\n", BodyFault::trailer_name},
    };
    for (const Row& row : rows) {
        BodyDecoder decoder(Framing::chunked, 0, 0);
        const auto outcome = run(decoder, row.text, 1);
        EXPECT_EQ(outcome.state, State::fault) << row.text;
        EXPECT_EQ(to_text(decoder.fault()), to_text(row.fault)) << row.text;
        EXPECT_EQ(decoder.feed("more").consumed, 0U);
    }
}

TEST(Chunked, OneDamagedFramingByteNeverPassesSilently) {
    const std::string whole(kChunked);
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (const char byte : {'\0', '\n', '\r', ' ', 'g', ';'}) {
            std::string text = whole;
            if (text[at] == byte) continue;
            text[at] = byte;
            const auto outcome = run_chunked(text);
            const bool in_payload = (at >= 3 && at < 8) || (at >= 15 && at < 25);
            EXPECT_EQ(outcome.state == State::done, in_payload) << at << ' ' << int{byte};
        }
    }
}

TEST(Chunked, TheLimitHoldsBelowAtAndAbove) {
    EXPECT_EQ(run_chunked(kChunked, 14).state, State::fault);
    EXPECT_EQ(run_chunked(kChunked, 15).state, State::done);
    EXPECT_EQ(run_chunked(kChunked, 16).state, State::done);
}

TEST(Chunked, TrailersAreBounded) {
    const auto with = [](std::size_t bytes, std::size_t count) {
        std::string text = "0\r\n";
        for (std::size_t i = 0; i < count; ++i) text += "X: " + std::string(bytes, 'x') + "\r\n";
        return run_chunked(text + "\r\n").state;
    };
    EXPECT_EQ(with(1, kTrailerFieldsMax), State::done);
    EXPECT_EQ(with(1, kTrailerFieldsMax + 1), State::fault);
    EXPECT_EQ(with(kTrailerBytesMax - 7, 1), State::done);
    EXPECT_EQ(with(kTrailerBytesMax - 6, 1), State::fault);
}

TEST(Length, EndsAtItsLastByteAndLeavesTheNextMessage) {
    for (std::size_t piece = 1; piece < 20; ++piece) {
        BodyDecoder decoder(Framing::length, 5, 0);
        const auto outcome = run(decoder, "helloGET / HTTP/1.1", piece);
        EXPECT_EQ(outcome.payload, "hello");
        EXPECT_EQ(outcome.consumed, 5U);
        EXPECT_EQ(outcome.state, State::done);
    }
    EXPECT_EQ(BodyDecoder(Framing::length, 0, 0).state(), State::done);
    BodyDecoder cut(Framing::length, 5, 0);
    run(cut, "hell", 4);
    EXPECT_EQ(cut.finish(), State::fault);
    EXPECT_EQ(cut.fault(), BodyFault::truncated);
}

TEST(Length, ADeclaredLengthBeyondTheLimitFaultsAtOnce) {
    EXPECT_EQ(BodyDecoder(Framing::length, 10, 10).state(), State::more);
    EXPECT_EQ(BodyDecoder(Framing::length, 11, 10).fault(), BodyFault::too_large);
}

TEST(UntilClose, EndsWithTheConnection) {
    BodyDecoder decoder(Framing::until_close, 0, 6);
    EXPECT_EQ(run(decoder, "hello", 2).payload, "hello");
    EXPECT_EQ(decoder.finish(), State::done);
    BodyDecoder limited(Framing::until_close, 0, 4);
    EXPECT_EQ(run(limited, "hello", 5).state, State::fault);
}

TEST(NoBody, IsDoneAtOnce) {
    BodyDecoder decoder;
    EXPECT_EQ(decoder.state(), State::done);
    EXPECT_EQ(decoder.feed("GET").consumed, 0U);
}

TEST(ChunkHead, IsReadBackByTheDecoder) {
    for (const std::uint64_t bytes : {1ULL, 9ULL, 10ULL, 255ULL, 16384ULL, 1ULL << 20}) {
        const std::string body(bytes, 'x');
        const auto outcome = run_chunked(std::string(ChunkHead(bytes).text()) + body +
                                         std::string(kChunkEnd) + std::string(kLastChunk));
        EXPECT_EQ(outcome.payload, body);
        EXPECT_EQ(outcome.state, State::done);
    }
    EXPECT_EQ(ChunkHead(~std::uint64_t{0}).text(), "ffffffffffffffff\r\n");
}

}  // namespace
}  // namespace sekisho::gateway
