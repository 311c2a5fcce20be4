// Goal: a token addressed to us is found in both places, and nobody else's credentials are taken for one.
// Method: a table of fields.
#include "gateway/http/service_token_field.hpp"

#include "read_head.hpp"

namespace sekisho::gateway {
namespace {

using Kind = PresentedToken::Kind;

TEST(ServiceTokenField, IsFoundInEitherPlace) {
    struct Row {
        const char* fields;
        Kind kind;
        std::string_view value;
    };
    constexpr Row kRows[] = {
        {"", Kind::none, ""},
        {"Authorization: Bearer abc\r\n", Kind::none, ""},
        {"Authorization: Bearer SKT_abc\r\n", Kind::none, ""},
        {"Authorization: Bearerskt_abc\r\n", Kind::none, ""},
        {"Authorization: Basic skt_abc\r\n", Kind::none, ""},
        {"Authorization: skt_abc\r\n", Kind::none, ""},
        {"Authorization: Bearer\r\n", Kind::none, ""},
        {"Authorization:\r\n", Kind::none, ""},
        {"Sekisho_Token: skt_abc\r\n", Kind::none, ""},
        {"X-Sekisho-Token: skt_abc\r\n", Kind::none, ""},
        {"Cookie: Sekisho-Token=skt_abc\r\n", Kind::none, ""},
        {"Sekisho-Token: skt_abc\r\n", Kind::one, "skt_abc"},
        {"sekisho-TOKEN:\tskt_abc \r\n", Kind::one, "skt_abc"},
        {"Sekisho-Token: anything\r\n", Kind::one, "anything"},
        {"Sekisho-Token:\r\n", Kind::one, ""},
        {"Authorization: Bearer skt_abc\r\n", Kind::one, "skt_abc"},
        {"authorization: bearer \t skt_abc\r\n", Kind::one, "skt_abc"},
        {"Authorization: BEARER\tskt_abc\r\n", Kind::one, "skt_abc"},
        {"Authorization: Bearer abc\r\nSekisho-Token: skt_abc\r\n", Kind::one, "skt_abc"},
        {"Authorization: Bearer skt_abc\r\nSekisho-Token: skt_abc\r\n", Kind::several, ""},
        {"Sekisho-Token:\r\nAuthorization: Bearer skt_abc\r\n", Kind::several, ""},
    };
    for (const Row& row : kRows) {
        const GoodRequest request = GoodRequest::get(row.fields);
        const auto found = find_service_token(request.head);
        EXPECT_EQ(found.kind, row.kind) << row.fields;
        EXPECT_EQ(found.value, row.value) << row.fields;
    }
}

// Two of one name are no head at all.
TEST(ServiceTokenField, ASecondOneOfItsNameRefusesTheMessage) {
    for (const char* name : {"Sekisho-Token", "Authorization"}) {
        const auto line = std::string(name) + ": Bearer skt_abc\r\n";
        const std::string text = "GET / HTTP/1.1\r\nHost: a\r\n" + line + line + "\r\n";
        HeadScan scan;
        HeadScratch scratch;
        RequestHead head;
        const auto step = parse_request_head(text, {}, scan, scratch, head);
        EXPECT_EQ(step.state, HeadStep::State::fault);
        EXPECT_EQ(step.fault, HeadFault::field_repeated);
    }
}

}  // namespace
}  // namespace sekisho::gateway
