// Any bytes from an upstream give one answer, and the head written for a client is again one accepted head,
// framed as the writer said, without our cookies and without fields that reach beyond the host.
#include "gateway/forward/rewrite.hpp"
#include "gateway/http/cookies.hpp"
#include "gateway/http/http1_codec.hpp"

#include <string>

namespace {

using namespace sekisho::gateway;

void require(bool holds) {
    if (!holds) __builtin_trap();
}

void answer(const ResponseHead& head, const AskedFor& asked) {
    ClientFacts facts;
    std::string buffer(client_head_bound(head, facts), '\0');
    const auto written = write_client_head(head, facts, buffer);
    require(written.has_value());
    const std::string_view text = std::string_view(buffer).substr(0, written->bytes);
    HeadScan scan;
    HeadScratch scratch;
    ResponseHead again;
    const HeadStep step = parse_response_head(text, {1U << 24U, 1000, 1024}, asked, scan, scratch, again);
    require(step.state == HeadStep::State::done && step.head_bytes == text.size());
    require(again.status == head.status && again.framing == written->framing);
    require(again.framing != Framing::length || again.content_length == head.content_length);
    require(!again.present.has(FieldId::alt_svc) && !again.present.has(FieldId::nel));
    for (const Field& field : again.fields)
        if (field.id == FieldId::set_cookie)
            require(judge_set_cookie(field.value, {}) == SetCookieVerdict::pass);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const AskedFor asked{
        (data[0] & 1U) != 0 ? Method::head : Method::get, (data[0] & 2U) != 0 ? "websocket" : "", {}};
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    HeadScan scan;
    HeadScratch scratch;
    ResponseHead head;
    const HeadStep step = parse_response_head(text, {4096, 32, 1024}, asked, scan, scratch, head);
    if (step.state != HeadStep::State::done) return 0;
    require(step.head_bytes <= text.size());
    answer(head, asked);
    return 0;
}
