// Any bytes give one head or none: the same in one piece and in two, never more than was given, and what is
// rewritten from an accepted head is again one accepted head with the same framing and none of our cookies.
#include "gateway/forward/rewrite.hpp"
#include "gateway/http/canonical_path.hpp"
#include "gateway/http/cookies.hpp"
#include "gateway/http/fetch_metadata.hpp"
#include "gateway/http/http1_codec.hpp"

#include <string>

namespace {

using namespace sekisho::gateway;

void require(bool holds) {
    if (!holds) __builtin_trap();
}

void forward(const RequestHead& head) {
    std::string scratch;
    const CanonicalPath path = canonicalise_path(head.path, PathRules::plain, scratch);
    if (!path) return;
    UpstreamFacts facts;
    facts.path = path.path;
    facts.client_address = "192.0.2.1";
    std::string buffer(upstream_head_bound(head, facts), '\0');
    const auto bytes = write_upstream_head(head, facts, buffer);
    require(bytes.has_value());
    const std::string_view text = std::string_view(buffer).substr(0, *bytes);
    HeadScan scan;
    HeadScratch again_scratch;
    RequestHead again;
    const HeadLimits wide{1U << 24U, 1000, 1U << 20U};
    const HeadStep step = parse_request_head(text, wide, scan, again_scratch, again);
    if (head.host.empty()) return;  // HTTP/1.0 without Host: the caller answers 421
    require(step.state == HeadStep::State::done && step.head_bytes == text.size());
    require(again.framing == head.framing && again.content_length == head.content_length);
    require(again.method == head.method && again.path == path.path && again.query == head.query);
    require(again.upgrade == head.upgrade);
    const OurCookies ours = find_our_cookies(again);
    for (std::size_t i = 0; i < ours.values.size(); ++i) require(ours.values[i].empty() && !ours.repeated[i]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const HeadLimits limits{4096, 32, 1024};
    HeadScan scan;
    HeadScratch scratch;
    RequestHead head;
    const HeadStep step = parse_request_head(text, limits, scan, scratch, head);
    HeadScan split_scan;
    HeadScratch split_scratch;
    RequestHead split_head;
    HeadStep split =
        parse_request_head(text.substr(0, size / 2), limits, split_scan, split_scratch, split_head);
    if (split.state == HeadStep::State::more)
        split = parse_request_head(text, limits, split_scan, split_scratch, split_head);
    // A fault may show later in pieces, when the head is whole, but never turns into a head.
    require((split.state == HeadStep::State::done) == (step.state == HeadStep::State::done));
    require(split.head_bytes == step.head_bytes);
    if (step.state != HeadStep::State::done) return 0;
    require(step.head_bytes <= size && step.head_bytes <= limits.head_bytes);
    require(head.fields.size() <= limits.fields && head.target.size() <= limits.target_bytes);
    judge_fetch(head, {});
    is_navigation(head);
    forward(head);
    return 0;
}
