// An opening handshake of WebSocket is tunnelled only when a strict reader of RFC 6455 sections 4.1 and 4.2.2
// finds both halves good: what we let through is asked again here, field by field, from the bytes.
//
// The input is the client's head and the upstream's, parted by the first 0xff.
#include "gateway/http/http1_codec.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace {

using namespace sekisho::gateway;

void require(bool holds) {
    if (!holds) __builtin_trap();
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return out;
}

// one gives the value of a field that must stand there once.
std::string one(std::span<const Field> fields, std::string_view name) {
    std::string value;
    int seen = 0;
    for (const auto& field : fields)
        if (lower(field.name) == name) value = field.value, ++seen;
    require(seen == 1);
    return value;
}

bool lists(std::span<const Field> fields, std::string_view name, std::string_view wanted) {
    for (const auto& field : fields) {
        if (lower(field.name) != name) continue;
        std::string rest = lower(field.value) + ",";
        for (auto end = rest.find(','); end != std::string::npos; end = rest.find(',')) {
            auto item = rest.substr(0, end);
            rest.erase(0, end + 1);
            while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.erase(0, 1);
            while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.pop_back();
            if (item == wanted) return true;
        }
    }
    return false;
}

void check_request(const RequestHead& head) {
    require(head.method == "GET" && head.version == HttpVersion::http11 && !head.has_body());
    require(lower(one(head.fields, "upgrade")) == "websocket" && lists(head.fields, "connection", "upgrade"));
    require(one(head.fields, "sec-websocket-version") == "13");
    const auto key = one(head.fields, "sec-websocket-key");
    require(key.size() == 24 && key.ends_with("=="));
    require(one(head.fields, "host") == head.host);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto* mark = static_cast<const std::uint8_t*>(size == 0 ? nullptr : std::memchr(data, 0xff, size));
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    const auto cut = mark ? static_cast<std::size_t>(mark - data) : size;
    const HeadLimits limits{4096, 32, 1024};
    HeadScan scan;
    HeadScratch scratch;
    RequestHead request;
    const auto step = parse_request_head(all.substr(0, cut), limits, scan, scratch, request);
    if (step.state != HeadStep::State::done) return 0;
    if (request.upgrade == Upgrade::websocket) check_request(request);
    const std::string token(request.upgrade_token);
    HeadScan response_scan;
    HeadScratch response_scratch;
    ResponseHead response;
    const auto answer = all.substr(std::min(cut + 1, size));
    const auto answered = parse_response_head(answer, limits, {request.method_id, token, {}}, response_scan,
                                              response_scratch, response);
    if (answered.state != HeadStep::State::done || response.status != 101) return 0;
    require(request.upgrade != Upgrade::none);
    require(lower(one(response.fields, "upgrade")) == lower(token) &&
            lists(response.fields, "connection", "upgrade"));
    if (request.upgrade == Upgrade::websocket)
        require(one(response.fields, "sec-websocket-accept").size() == 28);
    return 0;
}
