#pragma once
// The head of an answer of our own, as field lines, whatever wire it leaves on.
#include "gateway/http/local_reply.hpp"

namespace sekisho::gateway {

struct ReplyFacts {
    std::string_view date, request_id;  // request_id may be empty
    bool hsts = false;
};

// append_reply_fields appends the field lines of an answer, each with its CRLF, Content-Length among them.
void append_reply_fields(std::string& lines, const LocalReply& reply, const ReplyFacts& facts);

}  // namespace sekisho::gateway
