// The pages that put factors in place: a password, an authenticator app, recovery codes.
#include "auth/password.hpp"
#include "gateway/portal/parts.hpp"
#include "gateway/portal/password_fields.hpp"
#include "gateway/portal/qr.hpp"

namespace sekisho::gateway {
namespace {

std::string problem_text(const Say& say, PasswordProblem problem) {
    const auto least = std::to_string(auth::password_characters_min);
    const auto most = std::to_string(auth::password_bytes_max);
    switch (problem) {
        case PasswordProblem::none:
            return {};
        case PasswordProblem::too_short:
            return say("password.short", {{"n", least}});
        case PasswordProblem::too_long:
            return say("password.long", {{"n", most}});
        case PasswordProblem::not_text:
            return say("password.not_text");
        case PasswordProblem::common:
            return say.title("factor.password_common") + say("factor.password_common");
        case PasswordProblem::like_name:
            return say("password.personal");
        case PasswordProblem::differ:
            return say("password.differ");
    }
    return {};
}

Markup qr_svg(const Say& say, std::string_view uri) {
    const auto code = make_qr(uri);
    if (!code) return {};  // then the typed key is the way
    const auto side = std::to_string(code->size + 8);
    return el("svg",
              {cls("qr"),
               {"viewBox", "0 0 " + side + " " + side},
               {"role", "img"},
               {"aria-label", say("enrol_page.qr")},
               {"shape-rendering", "crispEdges"}},
              {el("path", {{"stroke", "#000"}, {"fill", "none"}, {"d", qr_path(*code)}}, {})});
}

// One of several tokens has a name; what was wished for is carried along, should the code be wrong.
Markup name_fields(const Say& say, const EnrolView& view) {
    Markup out;
    if (view.counter) out += hidden_input("kind", "counter");
    if (!view.replaces.empty()) out += hidden_input("replaces", view.replaces);
    out += field({"nt", say("code_page.name"), say("code_page.name_hint"), ""},
                 {{"name", "name"}, {"value", view.name}, {"maxlength", "64"}, Attribute("required")});
    return out;
}

}  // namespace

Markup new_password_fields(const Say& say, PasswordProblem problem) {
    const auto least = std::to_string(auth::password_characters_min);
    const bool differ = problem == PasswordProblem::differ;
    const auto words = problem_text(say, problem);
    Markup out = field(
        {"n", say("password.new"), say("password.rule", {{"n", least}}), differ ? "" : words},
        {{"name", "new"}, {"type", "password"}, {"autocomplete", "new-password"}, Attribute("required")});
    out += field(
        {"a", say("password.again"), "", differ ? words : ""},
        {{"name", "again"}, {"type", "password"}, {"autocomplete", "new-password"}, Attribute("required")});
    return out;
}

std::string activation_page(const Frame& frame, const ActivationView& view) {
    const Say say(frame.language);
    const Markup fields = new_password_fields(say, view.problem);
    const Markup form = form_post(
        LocalPath("/.sekisho/activate"),
        {hidden_input("token", view.token), hidden_input("link", view.link),
         void_el(
             "input",
             {{"name", "username"}, {"autocomplete", "username"}, {"value", view.user}, Attribute("hidden")}),
         el("div", {cls("stack")}, {fields}), go_button(say("act.next"), true)});
    const Markup body = el("div", {cls("narrow gateway stack loose")},
                           {road(say, {Station::here, Station::ahead, Station::ahead, Station::ahead}),
                            el("section", {cls("pass stack"), {"aria-labelledby", "h"}},
                               {el("h1", {{"id", "h"}}, {say("activate_page.title")}),
                                el("p", {cls("quiet")}, {say("activate_page.lead")}),
                                el("p", {say("activate_page.for", {{"user", view.user}})}),
                                el("h2", {say("activate_page.password_title")}), form})});
    return page(frame, {say("activate_page.title"), {}}, body);
}

std::string enrol_page(const Frame& frame, const EnrolView& view) {
    const Say say(frame.language);
    const auto wrong = view.code_wrong ? say.title("factor.code_wrong") + " " + say("factor.code_wrong") : "";
    const Markup typed = el(
        "details",
        {el("summary", {say("enrol_page.typed")}), el("p", {cls("mono")}, {view.spaced}),
         el("p", {cls("hint")}, {say(view.counter ? "enrol_page.counter_hint" : "enrol_page.typed_hint")})});
    const Markup scan = el("li", {cls("stack")},
                           {el("h2", {say("enrol_page.scan")}), el("p", {say("enrol_page.scan_text")}),
                            qr_svg(say, view.uri), typed});
    Markup carried = hidden_input("token", view.token);
    carried += hidden_input(view.hidden_name, view.hidden_value);
    if (view.asks_name) carried += name_fields(say, view);
    const Markup form = form_post(
        view.action, {carried,
                      field({"c", say("factor_page.code"), "", wrong}, {{"name", "code"},
                                                                        cls("code"),
                                                                        {"inputmode", "numeric"},
                                                                        {"autocomplete", "one-time-code"},
                                                                        {"pattern", "[0-9]{6}"},
                                                                        {"maxlength", "6"},
                                                                        Attribute("required")}),
                      el("div", {go_button(say("enrol_page.register"))})});
    const Markup enter = el("li", {cls("stack")}, {el("h2", {say("enrol_page.enter")}), form});
    const Markup body =
        el("div", {cls("mid stack loose")},
           {el("div", {cls("stack tight")},
               {el("h1", {say("enrol_page.title")}), el("p", {cls("quiet")}, {say("activate_page.lead")})}),
            el("ol", {cls("steps stack loose")}, {scan, enter})});
    return page(frame, {say("enrol_page.title"), {}}, body);
}

std::string recovery_codes_page(const Frame& frame, const RecoveryCodesView& view) {
    const Say say(frame.language);
    Markup codes;
    for (const auto& code : view.codes) codes += el("li", {code});
    const Markup finish = el("form", {cls("stack"), {"method", "get"}, action("/")},
                             {el("label", {cls("check")},
                                 {void_el("input", {{"type", "checkbox"}, Attribute("required")}),
                                  el("span", {say("recovery_page.kept")})}),
                              el("div", {go_button(say("recovery_page.finish"))})});
    const Markup advice =
        el("section", {cls("sheet stack tight"), {"aria-labelledby", "w"}},
           {el("h2", {cls("t3"), {"id", "w"}}, {say("recovery_page.where")}),
            el("ul", {cls("stack tight small")},
               {el("li", {say("recovery_page.print")}), el("li", {say("recovery_page.manager")}),
                el("li", {say("recovery_page.never")})})});
    const Markup body =
        el("div", {cls("mid stack loose")},
           {el("div", {cls("stack tight")},
               {el("h1", {say("recovery_page.title")}), el("p", {say("recovery_page.lead")})}),
            el("div", {cls("sheet")}, {el("ol", {cls("codes")}, {codes})}), advice, finish});
    return page(frame, {say("recovery_page.title"), {}}, body);
}

}  // namespace sekisho::gateway
