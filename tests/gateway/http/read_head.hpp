#pragma once
// GoodRequest and GoodResponse read a head that a test takes for granted, and keep what its views point at.
#include "gateway/http/http1_codec.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sekisho::gateway {

class GoodRequest {
public:
    explicit GoodRequest(std::string text) : text_(std::move(text)) {
        HeadScan scan;
        const HeadStep step = parse_request_head(text_, {}, scan, scratch_, head);
        EXPECT_EQ(step.state, HeadStep::State::done) << to_text(step.fault) << " in " << text_;
    }
    static GoodRequest get(const std::string& fields, const std::string& target = "/") {
        return GoodRequest("GET " + target + " HTTP/1.1\r\nHost: app.corp.example\r\n" + fields + "\r\n");
    }
    GoodRequest(const GoodRequest&) = delete;
    GoodRequest& operator=(const GoodRequest&) = delete;

private:
    std::string text_;
    HeadScratch scratch_;

public:
    RequestHead head;
};

class GoodResponse {
public:
    explicit GoodResponse(std::string text, AskedFor asked = {}) : text_(std::move(text)) {
        HeadScan scan;
        const HeadStep step = parse_response_head(text_, {}, asked, scan, scratch_, head);
        EXPECT_EQ(step.state, HeadStep::State::done) << to_text(step.fault) << " in " << text_;
    }
    static GoodResponse ok(const std::string& fields) {
        return GoodResponse("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n" + fields + "\r\n");
    }
    GoodResponse(const GoodResponse&) = delete;
    GoodResponse& operator=(const GoodResponse&) = delete;

private:
    std::string text_;
    HeadScratch scratch_;

public:
    ResponseHead head;
};

}  // namespace sekisho::gateway
