// The pages that say no, or that something went wrong: what happened, why, what to do next.
#include "base/words_time.hpp"
#include "gateway/portal/parts.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

Markup facts_of(const Frame& frame, const Say& say, std::string_view request_id, std::string_view app) {
    Markup facts;
    if (!app.empty()) {
        facts += el("dt", {say("refusal_page.app")});
        facts += el("dd", {app});
    }
    facts += el("dt", {say("refusal_page.id")});
    facts += el("dd", {cls("mono")}, {request_id});
    facts += el("dt", {say("refusal_page.time")});
    facts += el("dd", {time_el(frame.now, frame.zone, date_in_table(frame.now, frame.zone, frame.language))});
    return el("dl", {cls("facts")}, {facts});
}

}  // namespace

std::string refusal_page(const Frame& frame, const RefusalView& view) {
    const Say say(frame.language);
    const Word& words = word(view.key);
    const auto heading = filled(words.title(frame.language), view.fills);
    Markup acts;
    const bool again = view.again && view.may_change;
    if (again)
        acts +=
            el("a", {cls(view.at_passkey ? "btn" : "btn go"), href(*view.again)}, {say("act.check_again")});
    if (view.at_passkey) {
        acts += el("a", {cls("btn go"), href(portal_url(frame, "/.sekisho/step-up"))},
                   {say("step_page.passkey")});
        acts += el("a", {cls("btn"), href(portal_url(frame, "/.sekisho/account/passkeys"))},
                   {say("passkey_page.add_title")});
    }
    const bool first = !again && !view.at_passkey;
    acts += el("a", {cls(first ? "btn go" : "btn"), href(portal_url(frame, "/"))}, {say("act.apps")});
    Markup note;
    if (!view.note.empty()) note = el("p", {view.note});
    const auto stopped = view.at_factor
                             ? std::array{Station::passed, Station::stopped, Station::ahead, Station::ahead}
                             : std::array{Station::passed, Station::passed, Station::ahead, Station::stopped};
    const Markup pass = el(
        "section", {cls("pass no stack"), {"aria-labelledby", "h"}},
        {el("p", {cls("seal")},
            {gate_sign(Gate::shut),
             el("span", {view.may_change ? say("refusal_page.seal") : say("refusal_page.seal_never")})}),
         el("h1", {{"id", "h"}}, {heading}),
         el("div", {cls("sheet stack")},
            {el("h2", {say("refusal_page.todo")}), el("p", {filled(words.text(frame.language), view.fills)}),
             note, el("div", {cls("line acts")}, {acts})}),
         facts_of(frame, say, view.request_id, view.app),
         el("p", {cls("small quiet")}, {say("refusal_page.hurry")})});
    return page(frame, {heading, {}}, el("div", {cls("mid stack loose")}, {road(say, stopped), pass}));
}

std::string error_page(const Frame& frame, const ErrorView& view) {
    const Say say(frame.language);
    const Word& words = word(view.key);
    const auto heading = filled(words.title(frame.language), view.fills);
    const auto sentence = filled(words.text(frame.language), view.fills);
    Markup what;
    if (!sentence.empty()) what = el("p", {sentence});
    Markup facts;
    if (!view.request_id.empty()) facts = facts_of(frame, say, view.request_id, {});
    const Url next = view.next.value_or(portal_url(frame, "/"));
    const bool refused = words.status == 403;
    const auto seal = !refused                    ? say("error_page.seal")
                      : view.key == "access.none" ? say("refusal_page.seal_never")
                                                  : say("refusal_page.seal");
    const Markup pass =
        el("section", {cls(refused ? "pass no stack" : "pass soon stack"), {"aria-labelledby", "h"}},
           {el("p", {cls("seal")}, {gate_sign(refused ? Gate::shut : Gate::here), el("span", {seal})}),
            el("h1", {{"id", "h"}}, {heading}), what,
            el("div", {cls("line acts")},
               {el("a", {cls("btn go"), href(next)}, {view.next ? say("act.try_again") : say("act.apps")})}),
            facts});
    return page(frame, {heading, {}}, el("div", {cls("mid stack loose")}, {pass}));
}

std::string signed_out_page(const Frame& frame, std::string_view key) {
    const Say say(frame.language);
    const auto answer = answer_text(key, frame.language);
    const Markup pass =
        el("section", {cls("pass stack"), {"aria-labelledby", "h"}},
           {el("h1", {{"id", "h"}}, {answer.title}), el("p", {answer.text}),
            el("p", {el("a", {cls("btn go wide"), href(portal_url(frame, "/.sekisho/sign-in"))},
                        {say("act.sign_in")})})});
    return page(frame, {say("signed_out_page.title"), {}}, el("div", {cls("narrow")}, {pass}));
}

std::string cookies_page(const Frame& frame, std::string_view host) {
    const Say say(frame.language);
    const Markup pass =
        el("section", {cls("pass soon stack"), {"aria-labelledby", "h"}},
           {el("p", {cls("seal")}, {gate_sign(Gate::here), el("span", {say("error_page.seal")})}),
            el("h1", {{"id", "h"}}, {say("cookies_page.title")}), el("p", {say("cookies_page.lead")}),
            el("div", {cls("sheet stack")},
               {el("h2", {say("refusal_page.todo")}),
                el("ol", {cls("steps stack")},
                   {el("li", {say("cookies_page.step1")}),
                    el("li", {say("cookies_page.step2", {{"host", host}})}),
                    el("li", {say("cookies_page.step3")})})})});
    return page(frame, {say("cookies_page.title"), {}}, el("div", {cls("mid stack loose")}, {pass}));
}

}  // namespace sekisho::gateway
