// Goal: the answer to a WebSocket's key is the one of the standard. Method: its own example.
#include "gateway/http/websocket_key.hpp"

#include <gtest/gtest.h>

namespace sekisho::gateway {
namespace {

TEST(WebSocketKey, AnswersAsTheStandardSays) {  // RFC 6455 section 1.3
    EXPECT_EQ(accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

}  // namespace
}  // namespace sekisho::gateway
