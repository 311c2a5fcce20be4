// Goal: client data is read as JSON says and no other way; what is ambiguous is refused.
// Method: good objects with unknown members and escapes; then duplicates, cut, nested, not UTF-8.
#include "auth/client_data.hpp"

#include <gtest/gtest.h>

namespace sekisho::auth {
namespace {

std::optional<ClientData> read(std::string_view json) { return parse_client_data(as_bytes(json)); }

constexpr std::string_view good =
    R"({"type":"webauthn.get","challenge":"AAEC","origin":"https://portal.test"})";

std::string with(std::string_view more) {
    std::string out(good.substr(0, good.size() - 1));
    return out.append(",").append(more).append("}");
}

TEST(ClientData, ReadsWhatBrowsersWrite) {
    const auto plain = read(good);
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->type, "webauthn.get");
    EXPECT_EQ(plain->challenge, "AAEC");
    EXPECT_EQ(plain->origin, "https://portal.test");
    EXPECT_FALSE(plain->cross_origin);
    EXPECT_FALSE(plain->top_origin);
    const auto more =
        read(with(R"("crossOrigin":true,"topOrigin":"https://other.test","x":[1,-0.5e+3,{"a":null}])"));
    ASSERT_TRUE(more);
    EXPECT_TRUE(more->cross_origin);
    EXPECT_EQ(more->top_origin, "https://other.test");
    const auto spaced =
        read(" { \"type\" :\t\"a\" ,\r\n\"challenge\":\"b\",\"origin\":\"\\u0063\\ud83d\\ude00\\/\" } ");
    ASSERT_TRUE(spaced);
    EXPECT_EQ(spaced->origin, "c\xf0\x9f\x98\x80/");
}

TEST(ClientData, RefusesWhatIsNotOneObject) {
    for (const std::string& bad : {std::string{},
                                   std::string("{}"),
                                   std::string("[]"),
                                   std::string(good) + "x",
                                   std::string(good) + "{}",
                                   std::string("\xef\xbb\xbf") + std::string(good),
                                   std::string(good.substr(0, good.size() - 1)),
                                   std::string(R"({"type":"a","challenge":"b"})"),
                                   std::string(R"({"type":1,"challenge":"b","origin":"c"})"),
                                   std::string(R"({"type":"a","challenge":null,"origin":"c"})"),
                                   with(""),
                                   with(R"("x")"),
                                   with(R"("x":)"),
                                   with(R"("x":01)"),
                                   with(R"("x":+1)"),
                                   with(R"("x":.5)"),
                                   with(R"("x":1.)"),
                                   with(R"("x":1e)"),
                                   with(R"("x":tru)"),
                                   with(R"("x":'a')"),
                                   with(R"("x":"\x")"),
                                   with(R"("x":"\u12g4")"),
                                   with(R"("x":"\ud800")"),
                                   with(R"("x":"\udc00\ud800")"),
                                   with("\"x\":\"\x01\""),
                                   with("\"x\":\"\xff\""),
                                   with(R"("x":[1,])"),
                                   with(R"("x":[[[[[1]]]]])"),
                                   with(R"("crossOrigin":"true")"),
                                   with(R"("crossOrigin":1)"),
                                   with(R"("topOrigin":null)")})
        EXPECT_FALSE(read(bad)) << bad;
}

TEST(ClientData, RefusesANameThatStandsTwice) {
    EXPECT_FALSE(read(with(R"("origin":"https://portal.test")")));
    EXPECT_FALSE(read(with(R"("\u006frigin":"https://evil.test")")));
    EXPECT_FALSE(read(with(R"("x":1,"x":1)")));
    EXPECT_FALSE(read(with(R"("x":{"a":1,"\u0061":1})")));
    EXPECT_FALSE(read(with(R"("crossOrigin":false,"crossOrigin":false)")));
}

TEST(ClientData, KeepsItsBounds) {
    EXPECT_TRUE(read(with("\"x\":\"" + std::string(client_data_bytes_max - good.size() - 7, 'a') + "\"")));
    EXPECT_FALSE(read(with("\"x\":\"" + std::string(client_data_bytes_max - good.size() - 6, 'a') + "\"")));
    std::string many;
    for (std::size_t i = 0; i < client_data_members_max; ++i)
        many += (many.empty() ? "\"" : ",\"") + std::to_string(i) + "\":0";
    EXPECT_FALSE(read(with(many)));
}

}  // namespace
}  // namespace sekisho::auth
