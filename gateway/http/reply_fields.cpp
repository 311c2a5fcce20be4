#include "gateway/http/reply_fields.hpp"

#include <fmt/format.h>

#include <iterator>

namespace sekisho::gateway {

void append_reply_fields(std::string& lines, const LocalReply& reply, const ReplyFacts& facts) {
    const auto out = std::back_inserter(lines);
    fmt::format_to(out, "Date: {}\r\n", facts.date);
    for (const auto& [name, value] : reply.fields) fmt::format_to(out, "{}: {}\r\n", name, value);
    if (facts.hsts) lines += "Strict-Transport-Security: max-age=31536000\r\n";
    if (!facts.request_id.empty()) fmt::format_to(out, "Sekisho-Request-Id: {}\r\n", facts.request_id);
    if (reply.status != 204 && reply.status != 304)
        fmt::format_to(out, "Content-Length: {}\r\n", reply.body.size());
}

}  // namespace sekisho::gateway
