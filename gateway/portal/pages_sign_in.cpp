// The pages before the gate: account and password, the code, and the step that leads on.
#include "gateway/portal/parts.hpp"

namespace sekisho::gateway {
namespace {

Markup before_the_gate(const Markup& the_road, const Markup& pass, const Markup& below) {
    return el("div", {cls("narrow gateway stack loose")}, {the_road, pass, below});
}

constexpr auto here = Station::here;
constexpr auto ahead = Station::ahead;
constexpr auto passed = Station::passed;

}  // namespace

std::string sign_in_page(const Frame& frame, const SignInView& view) {
    const Say say(frame.language);
    Markup message;
    if (view.notice) message = answer_notice(Tone::no, *view.notice);
    Attributes account{{"name", "account"},        {"autocomplete", "username webauthn"},
                       {"autocapitalize", "none"}, {"spellcheck", "false"},
                       {"maxlength", "254"},       Attribute("required")};
    if (!view.account.empty()) account.push_back({"value", view.account});
    Markup answer = hidden_onward(view.onward);
    answer += assertion_inputs();
    const Markup passkey = passkey_form(
        say, {"sign-in", LocalPath("/.sekisho/passkey"), say("signin_page.passkey"), say("signin_page.or")},
        view.token, answer);
    const Markup form =
        form_post(LocalPath("/.sekisho/sign-in"),
                  {hidden_input("token", view.token), hidden_onward(view.onward),
                   field({"u", say("signin_page.account"), "", ""}, account),
                   field({"p", say("signin_page.password"), "", ""}, {{"name", "password"},
                                                                      {"type", "password"},
                                                                      {"autocomplete", "current-password"},
                                                                      Attribute("required")}),
                   go_button(say("act.next"), true)});
    const Markup pass = el("section", {cls("pass stack"), {"aria-labelledby", "h"}},
                           {el("h1", {{"id", "h"}}, {say("signin_page.title")}), message,
                            el("p", {cls("quiet")}, {say("signin_page.lead")}), passkey, form});
    const auto& organisation = frame.organisation.in(frame.language);
    const Markup below =
        el("p", {cls("small quiet")},
           {say("signin_page.note", {{"org", organisation.empty() ? "Sekisho" : organisation}})});
    return page(frame, {say("signin_page.title"), {}, true},
                before_the_gate(road(say, {here, ahead, ahead, ahead}), pass, below));
}

std::string second_factor_page(const Frame& frame, const SecondFactorView& view) {
    const Say say(frame.language);
    const auto carried = [&] {
        Markup out = hidden_input("token", view.token);
        out += hidden_input("ticket", view.ticket);
        out += hidden_onward(view.onward);
        return out;
    };
    const Markup code =
        form_post(LocalPath("/.sekisho/second-factor"),
                  {carried(),
                   field({"c", say("factor_page.code"), "", ""}, {{"name", "code"},
                                                                  cls("code"),
                                                                  {"inputmode", "numeric"},
                                                                  {"autocomplete", "one-time-code"},
                                                                  {"pattern", "[0-9]{6}"},
                                                                  {"maxlength", "6"},
                                                                  Attribute("required")}),
                   go_button(say("act.check"), true)});
    const Markup recovery =
        form_post(LocalPath("/.sekisho/second-factor"),
                  {carried(),
                   field({"r", say("factor_page.recovery_label"), say("factor_page.recovery_hint"), ""},
                         {{"name", "code"},
                          cls("mono"),
                          {"autocomplete", "off"},
                          {"autocapitalize", "characters"},
                          {"spellcheck", "false"},
                          {"maxlength", "32"},
                          Attribute("required")}),
                   el("button", {cls("btn wide")}, {say("act.check")})});
    const Markup two = form_post(LocalPath("/.sekisho/second-factor"),
                                 {carried(),
                                  field({"t", say("factor_page.two_label"), say("factor_page.two_hint"), ""},
                                        {{"name", "code"},
                                         cls("mono"),
                                         {"inputmode", "numeric"},
                                         {"autocomplete", "off"},
                                         {"pattern", "[0-9]{6} ?[0-9]{6}"},
                                         {"maxlength", "13"},
                                         Attribute("required")}),
                                  el("button", {cls("btn wide")}, {say("act.check")})});
    const Markup pass =
        el("section", {cls("pass stack"), {"aria-labelledby", "h"}},
           {el("h1", {{"id", "h"}}, {say("factor_page.title")}),
            el("p", {cls("quiet")}, {say("factor_page.lead")}), code,
            el("p", {cls("or")}, {say("factor_page.other")}),
            el("details", {cls("stack")}, {el("summary", {say("factor_page.two")}), two}),
            el("details", {cls("stack")}, {el("summary", {say("factor_page.recovery")}), recovery})});
    const Markup below =
        el("p", {cls("small quiet")}, {el("a", {href("/.sekisho/sign-in")}, {say("act.start_again")})});
    return page(frame, {say("factor_page.title"), {}},
                before_the_gate(road(say, {passed, here, ahead, ahead}), pass, below));
}

std::string step_up_page(const Frame& frame, const StepUpView& view) {
    const Say say(frame.language);
    Markup message;
    if (view.notice) message = answer_notice(Tone::no, *view.notice);
    const bool codes = view.onward.wanted <= FactorStrength::otp;
    Markup answer = hidden_onward(view.onward);
    answer += hidden_input("strength", to_text(view.onward.wanted));
    answer += hidden_input("to", view.to);
    answer += assertion_inputs();
    const Markup passkey = passkey_form(say,
                                        {"step-up", LocalPath("/.sekisho/step-up"), say("step_page.passkey"),
                                         codes ? say("step_page.or") : std::string()},
                                        view.token, answer);
    const Markup form =
        form_post(LocalPath("/.sekisho/step-up"),
                  {hidden_input("token", view.token), hidden_onward(view.onward), hidden_input("to", view.to),
                   field({"c", say("factor_page.code"), "", ""}, {{"name", "code"},
                                                                  cls("code"),
                                                                  {"inputmode", "numeric"},
                                                                  {"autocomplete", "one-time-code"},
                                                                  {"pattern", "[0-9]{6}"},
                                                                  {"maxlength", "6"},
                                                                  Attribute("required")}),
                   go_button(say("act.check"), true)});
    const Markup pass =
        el("section", {cls("pass stack"), {"aria-labelledby", "h"}},
           {el("h1", {{"id", "h"}}, {say("step_page.title")}), message,
            el("p", {cls("quiet")},
               {say(codes ? "step_page.lead" : "step_page.lead_passkey", {{"where", view.where}})}),
            view.passkeys ? passkey : Markup{}, codes ? form : Markup{}});
    const Markup below = el("p", {cls("small quiet")}, {el("a", {href("/")}, {say("step_page.back")})});
    return page(frame, {say("step_page.title"), {}, view.passkeys},
                before_the_gate(road(say, {passed, here, ahead, ahead}), pass, below));
}

std::string continue_page(const Frame& frame, const ContinueView& view) {
    const Say say(frame.language);
    const Markup pass = el("section", {cls("pass ok stack"), {"aria-labelledby", "h"}},
                           {el("p", {cls("seal")}, {gate_sign(Gate::open), el("span", {say("road.passed")})}),
                            el("h1", {{"id", "h"}}, {say("continue_page.title")}),
                            el("p", {say("continue_page.lead", {{"where", view.where}})}),
                            el("p", {el("a", {cls("btn go wide"), href(view.target)}, {say("act.go_on")})})});
    return page(frame, {say("continue_page.title"), view.target},
                before_the_gate(road(say, {passed, passed, ahead, here}), pass, {}));
}

}  // namespace sekisho::gateway
