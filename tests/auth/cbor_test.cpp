// Goal: one way to write each thing is read, every other is refused, and no input costs more than its bounds.
// Method: the examples of RFC 8949 appendix A that are canonical, each neighbour that is not; keys by CTAP2's
// order; COSE keys of each kind with each member wrong.
#include "auth/cbor.hpp"

#include "auth/cose.hpp"
#include "auth/webauthn_key.hpp"
#include "base/base64.hpp"
#include "tests/support/authenticator.hpp"

#include <gtest/gtest.h>

namespace sekisho::auth {
namespace {

using test::cbor_bytes;
using test::cbor_head;
using test::cbor_number;
using test::cbor_text;
using test::joined;

bool reads(std::string_view hexadecimal) {
    const auto bytes = from_hex(hexadecimal).value();
    return parse_cbor(bytes).has_value();
}

TEST(Cbor, ReadsTheCanonicalForms) {
    for (const auto* good : {"00",
                             "17",
                             "1818",
                             "18ff",
                             "190100",
                             "1a00010000",
                             "1b0000000100000000",
                             "1bffffffffffffffff",
                             "20",
                             "3818",
                             "390100",
                             "40",
                             "4401020304",
                             "60",
                             "6449455446",
                             "62c3bc",
                             "80",
                             "83010203",
                             "a0",
                             "a201020304",
                             "a26161016162820203",
                             "f4",
                             "f5",
                             "f6",
                             "8261616161"})
        EXPECT_TRUE(reads(good)) << good;
}

TEST(Cbor, RefusesEverySecondWayToWriteIt) {
    for (const auto* bad : {"",
                            "1817",
                            "1900ff",
                            "1a0000ffff",
                            "1b00000000ffffffff",
                            "3817",
                            "3900ff",  // longer than needed
                            "5803010203",
                            "7801"
                            "61",
                            "9801"
                            "00",
                            "b801"
                            "0000",
                            "5f42010243030405ff",
                            "7f657374726561646d696e67ff",
                            "9fff",
                            "bfff",  // no definite length
                            "1c",
                            "1d",
                            "1e",
                            "1f",
                            "ff",
                            "f97c00",
                            "fa47c35000",
                            "fb7ff0000000000000",  // reserved, floats
                            "f7",
                            "f0",
                            "f818",
                            "f814",
                            "e0",  // simple values
                            "c074323031332d30332d32315432303a30343a30305a",
                            "c101",  // tags
                            "0000",
                            "8101ff",
                            "6161"
                            "00",  // left over
                            "61ff",
                            "62c328",
                            "63eda080",  // not UTF-8
                            "42",
                            "4401",
                            "62"
                            "61",
                            "8201",
                            "a1",
                            "a101",  // cut short
                            "a2010102",
                            "a201010102",
                            "a2616101616102",
                            "a2020101"
                            "01",
                            "a2616201616101",  // twice, unsorted
                            "a22001"
                            "0001",
                            "a26161010001",
                            "a161610"
                            "0a0",
                            "a1800"
                            "0",
                            "a1f400",
                            "a1a000"})  // keys that are no numbers, bytes or text
    {
        const auto bytes = from_hex(bad);
        EXPECT_FALSE(bytes && parse_cbor(*bytes)) << bad;
    }
}

TEST(Cbor, SortsKeysByTypeThenLengthThenBytes) {
    // 10, 100, -1, h'ff', "z", "aa": major types first, whatever their bytes.
    EXPECT_TRUE(reads("a60a00186400200041ff00617a0062616100"));
    EXPECT_FALSE(
        reads("a2617a0020"
              "00"));
    EXPECT_FALSE(
        reads("a26261610061"
              "7a00"));
}

TEST(Cbor, KeepsItsBounds) {
    EXPECT_TRUE(reads("8181818100"));
    EXPECT_FALSE(reads("818181818100"));
    EXPECT_FALSE(reads("9bffffffffffffffff"));
    EXPECT_FALSE(reads("5bffffffffffffffff"));
    EXPECT_FALSE(reads("bbffffffffffffffff"));
    const Bytes many = joined({cbor_head(4, cbor_items_max - 1), Bytes(cbor_items_max - 1, 0)});
    EXPECT_TRUE(parse_cbor(many));
    const Bytes more = joined({cbor_head(4, cbor_items_max), Bytes(cbor_items_max, 0)});
    EXPECT_FALSE(parse_cbor(more));
    EXPECT_TRUE(parse_cbor(cbor_bytes(Bytes(cbor_bytes_max - 3))));
    EXPECT_FALSE(parse_cbor(cbor_bytes(Bytes(cbor_bytes_max - 2))));
}

TEST(Cbor, GivesWhatWasWritten) {
    const auto bytes = from_hex("a4010220380063666d74646e6f6e65656f746865728201f5");
    EXPECT_FALSE(bytes && parse_cbor(*bytes));  // -1 written as 38 00
    const auto good = from_hex(
                          "a401022000"
                          "63666d74646e6f6e65"
                          "656f746865728201f5")
                          .value();
    const auto item = parse_cbor(good);
    ASSERT_TRUE(item);
    EXPECT_TRUE(item->at(1)->is_number(2));
    EXPECT_TRUE(item->at(-1)->is_number(0));
    EXPECT_EQ(item->at("fmt")->text(), "none");
    EXPECT_EQ(item->at("other")->items.size(), 2U);
    EXPECT_EQ(item->at("missing"), nullptr);
    EXPECT_EQ(item->at(2), nullptr);
}

TEST(Cbor, TakesOneItemOffTheFront) {
    const Bytes bytes{0x01, 0x02};
    ByteView rest(bytes);
    EXPECT_TRUE(parse_cbor_front(rest)->is_number(1));
    EXPECT_TRUE(parse_cbor_front(rest)->is_number(2));
    EXPECT_FALSE(parse_cbor_front(rest));
}

Bytes member(std::int64_t label, const Bytes& value) { return joined({cbor_number(label), value}); }

TEST(Cose, TakesTheFourKinds) {
    for (const auto algorithm :
         {CoseAlgorithm::es256, CoseAlgorithm::es384, CoseAlgorithm::eddsa, CoseAlgorithm::rs256}) {
        const test::Authenticator key(algorithm);
        const auto read = PasskeyKey::from_cose(key.cose());
        ASSERT_TRUE(read) << to_text(algorithm);
        EXPECT_EQ(read->algorithm(), algorithm);
        const Bytes message{1, 2, 3};
        auto signature = key.sign(message);
        EXPECT_TRUE(read->verifies(message, signature));
        signature.back() ^= 1;
        EXPECT_FALSE(read->verifies(message, signature));
        EXPECT_FALSE(read->verifies(message, {}));
    }
}

Bytes point_key(std::int64_t type, std::int64_t algorithm, std::int64_t curve, const Bytes& x,
                const Bytes& y) {
    return joined({cbor_head(5, 5), member(1, cbor_number(type)), member(3, cbor_number(algorithm)),
                   member(-1, cbor_number(curve)), member(-2, cbor_bytes(x)), member(-3, cbor_bytes(y))});
}

TEST(Cose, RefusesAPointThatIsNotOnTheCurve) {
    const test::Authenticator key;
    const auto item = parse_cbor(key.cose());
    const auto parts = read_cose_key(*item);
    const Bytes x(parts->x.begin(), parts->x.end());
    Bytes y(parts->y.begin(), parts->y.end());
    EXPECT_TRUE(PasskeyKey::from_cose(point_key(2, -7, 1, x, y)));
    EXPECT_FALSE(PasskeyKey::from_cose(point_key(1, -7, 1, x, y)));    // type
    EXPECT_FALSE(PasskeyKey::from_cose(point_key(2, -35, 1, x, y)));   // algorithm of the other curve
    EXPECT_FALSE(PasskeyKey::from_cose(point_key(2, -7, 2, x, y)));    // curve
    EXPECT_FALSE(PasskeyKey::from_cose(point_key(2, -257, 1, x, y)));  // algorithm of another type
    EXPECT_FALSE(PasskeyKey::from_cose(point_key(2, -7, 1, Bytes(32, 0), Bytes(32, 0))));
    EXPECT_FALSE(PasskeyKey::from_cose(point_key(2, -7, 1, Bytes(32, 0xff), y)));
    Bytes longer = x;
    longer.insert(longer.begin(), 0);
    EXPECT_FALSE(PasskeyKey::from_cose(point_key(2, -7, 1, longer, y)));
    y.back() ^= 1;
    EXPECT_FALSE(PasskeyKey::from_cose(point_key(2, -7, 1, x, y)));
}

TEST(Cose, RefusesMembersThatDoNotBelong) {
    const test::Authenticator key;
    auto more = key.cose();
    more[0] = 0xa6;
    more.push_back(0x23);  // -4
    more.push_back(0x00);
    EXPECT_FALSE(PasskeyKey::from_cose(more));
    EXPECT_FALSE(PasskeyKey::from_cose({}));
    EXPECT_FALSE(PasskeyKey::from_cose(Bytes{0xa0}));
    EXPECT_FALSE(PasskeyKey::from_cose(Bytes{0x80}));
}

Bytes rsa_key(const Bytes& n, const Bytes& e) {
    return joined({cbor_head(5, 4), member(1, cbor_number(3)), member(3, cbor_number(-257)),
                   member(-1, cbor_bytes(n)), member(-2, cbor_bytes(e))});
}

TEST(Cose, AsksForAnRsaKeyOfDecentSizeAndAnOddExponent) {
    Bytes n(256, 0xc3);
    const Bytes e{1, 0, 1};
    EXPECT_TRUE(PasskeyKey::from_cose(rsa_key(n, e)));
    EXPECT_FALSE(PasskeyKey::from_cose(rsa_key(n, {})));
    EXPECT_FALSE(PasskeyKey::from_cose(rsa_key(n, {1})));
    EXPECT_FALSE(PasskeyKey::from_cose(rsa_key(n, {1, 0, 0})));
    EXPECT_FALSE(PasskeyKey::from_cose(rsa_key(n, {0, 1, 0, 1})));
    EXPECT_FALSE(PasskeyKey::from_cose(rsa_key(n, Bytes(9, 1))));
    EXPECT_FALSE(PasskeyKey::from_cose(rsa_key(Bytes(255, 0xc3), e)));
    EXPECT_FALSE(PasskeyKey::from_cose(rsa_key(Bytes(513, 0xc3), e)));
    n[0] = 0x43;  // 2047 bits
    EXPECT_FALSE(PasskeyKey::from_cose(rsa_key(n, e)));
    n[0] = 0;
    EXPECT_FALSE(PasskeyKey::from_cose(rsa_key(n, e)));
}

}  // namespace
}  // namespace sekisho::auth
