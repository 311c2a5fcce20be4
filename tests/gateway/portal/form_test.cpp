// Goal: a form reads as the browser meant it, or not at all.
// Method: good and bad bodies; every prefix; each limit from both sides.
#include "gateway/portal/form.hpp"

#include <gtest/gtest.h>

namespace sekisho::gateway {
namespace {

TEST(Form, ReadsWhatBrowsersSend) {
    const auto form = Form::parse("a=1&b=x+y%20z&c=&d&e=%E3%81%82&f=a%3Db%26c");
    ASSERT_TRUE(form);
    EXPECT_EQ(form->get("a"), "1");
    EXPECT_EQ(form->get("b"), "x y z");
    EXPECT_TRUE(form->has("c"));
    EXPECT_TRUE(form->has("d"));
    EXPECT_EQ(form->get("e"), "あ");
    EXPECT_EQ(form->get("f"), "a=b&c");
    EXPECT_EQ(form->get("g"), "");
    EXPECT_FALSE(form->has("g"));
    EXPECT_TRUE(Form::parse(""));
    EXPECT_EQ(Form::parse("&&a=1&&")->size(), 1u);
}

TEST(Form, RefusesWhatTheyDoNot) {
    for (const char* bad : {"a=%", "a=%4", "a=%zz", "a=%4g", "%=1", "a=1&a=2", "a=1&%61=2", "a=%00", "a=\x01",
                            "a=b c", "a=\xe3\x81\x82", "a=\n"})
        EXPECT_FALSE(Form::parse(bad)) << bad;
    EXPECT_FALSE(Form::parse(std::string_view("a=\0", 3)));
}

TEST(Form, LimitsHold) {
    const auto with = [](std::size_t fields) {
        std::string text;
        for (std::size_t i = 0; i < fields; ++i) text += "&f" + std::to_string(i) + "=1";
        return text;
    };
    EXPECT_TRUE(Form::parse(with(Form::fields_max)));
    EXPECT_EQ(Form::parse(with(Form::fields_max + 1)).error().code(), Errc::too_large);
    EXPECT_TRUE(Form::parse(std::string(Form::name_bytes_max, 'n') + "=1"));
    EXPECT_EQ(Form::parse(std::string(Form::name_bytes_max + 1, 'n') + "=1").error().code(), Errc::too_large);
}

TEST(Form, EveryPrefixIsReadOrRefused) {
    const std::string whole = "token=abc%2Fdef&account=sato&password=a+b%21";
    for (std::size_t n = 0; n <= whole.size(); ++n) {
        const auto form = Form::parse(std::string_view(whole).substr(0, n));
        if (form)
            EXPECT_LE(form->size(), 3u);
        else
            EXPECT_EQ(form.error().code(), Errc::malformed);
    }
}

}  // namespace
}  // namespace sekisho::gateway
