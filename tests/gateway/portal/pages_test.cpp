// Goal: every page is small, closed to scripts, whole in both languages and escapes what it shows.
// Method: walk all sample pages; then hostile values through each page that shows any.
#include "gateway/portal/agent.hpp"
#include "gateway/portal/qr.hpp"
#include "tests/gateway/portal/sample_pages.hpp"

#include <regex>

namespace sekisho::gateway {
namespace {

using namespace testing;

TEST(Pages, AreAtMostFifteenKilobytes) {
    for (const auto language : {Language::en, Language::ja})
        for (const auto& page : Samples(language).all()) EXPECT_LE(page.html.size(), 15u * 1024) << page.name;
}

TEST(Pages, HoldNoScriptNoStyleAndNothingUnfilled) {
    // One module of our own, by its address, is the only script there is.
    const std::regex inline_code(
        R"(<script(?! type="module" src="/\.sekisho/assets/passkey\.[0-9a-f]{16}\.js"></script>)|<style|\sstyle=|\son[a-z]+=|javascript:)",
        std::regex::icase);
    const std::regex unfilled(R"(\{[a-z_]+\})");
    for (const auto language : {Language::en, Language::ja}) {
        for (const auto& page : Samples(language).all()) {
            EXPECT_FALSE(std::regex_search(page.html, inline_code)) << page.name;
            std::smatch found;
            EXPECT_FALSE(std::regex_search(page.html, found, unfilled)) << page.name << " " << found.str();
            EXPECT_NE(page.html.find("<html lang=\"" + std::string(to_text(language)) + "\">"),
                      std::string::npos);
        }
    }
}

TEST(Pages, EveryIdStandsOnceAndEveryReferenceHasOne) {
    const std::regex id(R"re( id="([^"]+)")re"),
        reference(R"re( (?:for|aria-labelledby|aria-describedby)="([^"]+)")re");
    for (const auto& page : Samples(Language::en).all()) {
        std::set<std::string> ids;
        for (std::sregex_iterator at(page.html.begin(), page.html.end(), id), end; at != end; ++at)
            EXPECT_TRUE(ids.insert((*at)[1]).second) << page.name << " " << (*at)[1];
        for (std::sregex_iterator at(page.html.begin(), page.html.end(), reference), end; at != end; ++at) {
            std::istringstream names((*at)[1]);
            for (std::string name; names >> name;) EXPECT_EQ(ids.count(name), 1u) << page.name << " " << name;
        }
    }
}

TEST(Pages, FormsOfThePortalPostATokenToThePortal) {
    const std::regex form(R"re(<form[^>]*method="post"[^>]*action="([^"]*)"[^>]*>([\s\S]*?)</form>)re");
    int forms = 0;
    for (const auto& page : Samples(Language::ja).all()) {
        for (std::sregex_iterator at(page.html.begin(), page.html.end(), form), end; at != end;
             ++at, ++forms) {
            EXPECT_EQ((*at)[1].str().substr(0, 10), "/.sekisho/") << page.name;
            EXPECT_NE((*at)[2].str().find("name=\"token\""), std::string::npos) << page.name;
        }
    }
    EXPECT_GT(forms, 15);
}

TEST(Pages, ValuesFromOutsideAreEscaped) {
    const std::string evil = "\"><script>x</script><b a='";
    Frame frame;
    frame.portal_origin = "https://portal.example";
    frame.organisation = {evil, evil};
    frame.help = {evil, evil};
    frame.person = evil;
    const auto session = sample_session({}, evil.c_str(), evil.c_str(), Seconds{60});
    AppTile tile{evil, evil, std::nullopt, evil, {{"app", evil}}, evil};
    AccountView account;
    account.user = account.org = account.token = evil;
    account.kind_key = "kind.staff";
    OpsStatus status;
    status.warnings = {evil};
    status.upstreams = {{evil, OpsUpstream::State::up}};
    const std::string pages[] = {
        sign_in_page(frame, {AnswerText{evil, evil}, evil, evil, {evil, evil, evil}}),
        second_factor_page(frame, {evil, evil, {evil, evil, evil}}),
        continue_page(frame, {LocalPath("/"), evil}),
        activation_page(frame, {evil, evil, evil, PasswordProblem::none}),
        enrol_page(frame, {evil, evil, false, LocalPath("/"), evil, evil, evil}),
        enrol_page(frame, {evil, evil, true, LocalPath("/"), evil, evil, evil, true, true, evil, evil}),
        code_tokens_page(frame,
                         {{{evil, evil, {}, std::nullopt, true}}, evil, false, AnswerText{evil, evil}}),
        recovery_codes_page(frame, {{evil}}),
        apps_page(frame, {{tile}, session}),
        sessions_page(frame, {{{session, false, {evil}, {}, evil, true}}, evil, ""}),
        account_page(frame, account),
        sign_out_page(frame, {evil}),
        passkeys_page(
            frame, {{{evil, evil, {}, std::nullopt, true}}, evil, evil, false, AnswerText{evil, evil}, true}),
        step_up_page(frame, {AnswerText{evil, evil}, evil, evil, {evil, evil, evil}, evil, true}),
        refusal_page(frame,
                     {"access.none", {{"app", evil}}, evil, evil, std::nullopt, false, true, false, {}}),
        error_page(frame, {"fault.app_down", {{"app", evil}}, evil, std::nullopt}),
        cookies_page(frame, evil),
        ops_page(frame, status),
    };
    for (const auto& page : pages) {
        EXPECT_EQ(page.find("<script>"), std::string::npos) << page;
        EXPECT_NE(page.find("&lt;script&gt;"), std::string::npos);
    }
}

// A page that names who is signed in leads out, in one step.
TEST(Pages, SignOutIsInSightWhereSomebodyIsSignedIn) {
    for (const auto language : {Language::en, Language::ja}) {
        int signed_in = 0;
        for (const auto& page : Samples(language).all()) {
            if (page.html.find("<span class=\"quiet line\">") == std::string::npos) continue;
            ++signed_in;
            EXPECT_NE(page.html.find("/.sekisho/sign-out\""), std::string::npos) << page.name;
        }
        EXPECT_GE(signed_in, 6);
    }
}

TEST(Pages, BothLanguagesShowTheSameFormsAndLinks) {
    const std::regex address(R"re( (?:href|action)="([^"]*)")re");
    const auto en = Samples(Language::en).all(), ja = Samples(Language::ja).all();
    const auto addresses = [&](const std::string& html) {
        std::vector<std::string> out;
        for (std::sregex_iterator at(html.begin(), html.end(), address), end; at != end; ++at)
            out.push_back((*at)[1]);
        return out;
    };
    ASSERT_EQ(en.size(), ja.size());
    for (std::size_t i = 0; i < en.size(); ++i)
        EXPECT_EQ(addresses(en[i].html), addresses(ja[i].html)) << en[i].name;
}

TEST(Qr, PathDrawsEveryDarkModule) {
    const auto code = make_qr("otpauth://totp/Mihon%20Bank:sato?secret=JBSWY3DPEHPK3PXP&issuer=Mihon%20Bank");
    ASSERT_TRUE(code);
    EXPECT_TRUE(code->at(0, 0) && code->at(6, 6) && !code->at(1, 1)) << "the finder's corner";
    // Draw the path again and compare.
    std::vector<bool> drawn(code->dark.size());
    const auto path = qr_path(*code);
    const std::regex step(R"(M(\d+) (\d+)\.5|m(\d+) 0|h(\d+))");
    int x = 0, y = 0;
    for (std::sregex_iterator at(path.begin(), path.end(), step), end; at != end; ++at) {
        const auto& m = *at;
        if (m[1].matched) {
            x = std::stoi(m[1]) - 4;
            y = std::stoi(m[2]) - 4;
        } else if (m[3].matched) {
            x += std::stoi(m[3]);
        } else {
            for (int n = std::stoi(m[4]); n > 0; --n, ++x)
                drawn[static_cast<std::size_t>(y * code->size + x)] = true;
        }
    }
    EXPECT_EQ(drawn, code->dark);
    EXPECT_FALSE(make_qr(std::string(2000, 'x')));
}

TEST(Agent, NamesCommonBrowsers) {
    const auto edge =
        read_agent("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130 Safari/537.36 Edg/130.0");
    EXPECT_EQ(edge.browser, "Edge");
    EXPECT_EQ(edge.system, "Windows");
    const auto phone =
        read_agent("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1");
    EXPECT_EQ(phone.browser, "Safari");
    EXPECT_EQ(phone.system, "iPhone");
    EXPECT_EQ(phone.icon, "phone");
    EXPECT_EQ(read_agent("").browser, "");
}

}  // namespace
}  // namespace sekisho::gateway
