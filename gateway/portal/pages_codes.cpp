// The page of the tokens that show somebody one-time codes.
#include "base/words_time.hpp"
#include "gateway/portal/parts.hpp"

namespace sekisho::gateway {
namespace {

constexpr LocalPath own_page{"/.sekisho/account/codes"}, new_page{"/.sekisho/account/codes/new"};

Markup fact(std::string_view term, const Markup& value) {
    Markup out = el("dt", {term});
    out += el("dd", {value});
    return out;
}

Markup token_item(const Frame& frame, const Say& say, const CodeTokenItem& item, std::string_view token) {
    const auto when = [&](WallTime time) { return date_in_table(time, frame.zone, frame.language); };
    const std::string name = item.name.empty() ? say("account_page.app_title") : item.name;
    Markup facts = fact(say("code_page.kind"), say(item.counter ? "code_page.counter" : "code_page.clock"));
    facts += fact(say("code_page.created"), time_el(item.created, frame.zone, when(item.created)));
    facts += fact(say("code_page.used"), item.used ? time_el(*item.used, frame.zone, when(*item.used))
                                                   : Markup(say("code_page.never")));
    const auto named = [&](std::string_view act) {
        Markup out(say(act));
        out += el("span", {cls("vh")}, {" ", name});
        return out;
    };
    const Markup rename =
        el("details", {cls("stack")},
           {el("summary", {named("code_page.rename")}),
            form_post(own_page,
                      {hidden_input("token", token), hidden_input("rename", item.id),
                       field({"n" + item.id, say("code_page.name"), "", ""},
                             {{"name", "name"}, {"value", name}, {"maxlength", "64"}, Attribute("required")}),
                       el("div", {el("button", {cls("btn s")}, {say("code_page.rename")})})})});
    const Markup replace = el("a", {cls("btn s"), href(Url(new_page).with({{"replaces", item.id}}))},
                              {named("code_page.replace")});
    const Markup remove = el("form", {{"method", "post"}, action(own_page)},
                             {hidden_input("token", token), hidden_input("remove", item.id),
                              el("button", {cls("btn s end")}, {named("code_page.remove")})});
    return el("li", {el("div", {cls("stack tight")},
                        {el("h2", {cls("t3")}, {name}), el("dl", {cls("facts")}, {facts}), rename}),
                     el("div", {cls("line acts")}, {replace, remove})});
}

Markup adding(const Say& say, const CodeTokensView& view) {
    if (view.full) return el("p", {cls("quiet")}, {say("code_page.full")});
    return el("section", {cls("sheet stack"), {"aria-labelledby", "nt"}},
              {el("h2", {{"id", "nt"}}, {say("code_page.add_title")}), el("p", {say("code_page.add_lead")}),
               el("p", {el("a", {cls("btn"), href(new_page)}, {say("code_page.add_clock")})}),
               el("p", {cls("quiet")}, {say("code_page.counter_lead")}),
               el("p", {el("a", {cls("btn"), href(Url(new_page).with({{"kind", "counter"}}))},
                           {say("code_page.add_counter")})})});
}

}  // namespace

std::string code_tokens_page(const Frame& frame, const CodeTokensView& view) {
    const Say say(frame.language);
    Markup body = el("div", {cls("stack tight")},
                     {el("h1", {say("code_page.title")}), el("p", {cls("quiet")}, {say("code_page.lead")})});
    if (view.notice) body += answer_notice(view.good ? Tone::ok : Tone::no, *view.notice);
    Markup items;
    for (const auto& item : view.rows) items += token_item(frame, say, item, view.token);
    body += view.rows.empty() ? el("p", {cls("quiet")}, {say("code_page.empty")})
                              : el("ul", {cls("sheet rows")}, {items});
    body += adding(say, view);
    body +=
        el("section", {cls("sheet stack"), {"aria-labelledby", "so"}},
           {el("h2", {{"id", "so"}}, {say("code_page.anew_title")}), el("p", {say("code_page.anew_lead")}),
            el("p", {el("a", {cls("btn end"), href("/.sekisho/account/enrol")}, {say("code_page.anew")})})});
    return page(frame, {say("code_page.title"), {}}, el("div", {cls("mid stack loose")}, {body}));
}

}  // namespace sekisho::gateway
