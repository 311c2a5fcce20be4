#pragma once
// LocalReply is an answer of our own: a page, a redirect, a problem document.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sekisho::gateway {

struct LocalReply {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> fields;  // Content-Length is added when it is sent
    std::string body;
    bool close = false;  // end the connection after it

    LocalReply& with(std::string_view name, std::string_view value) {
        fields.emplace_back(name, value);
        return *this;
    }
};

// reason_phrase: the phrase of RFC 9110 section 15 for a status we send, else "".
std::string_view reason_phrase(int status) noexcept;

}  // namespace sekisho::gateway
