// The page of somebody's passkeys, and the form that brings an authenticator's answer, wherever it stands.
#include "base/words_time.hpp"
#include "gateway/portal/parts.hpp"

namespace sekisho::gateway {
namespace {

Markup fact(std::string_view term, const Markup& value) {
    Markup out = el("dt", {term});
    out += el("dd", {value});
    return out;
}

Markup passkey_item(const Frame& frame, const Say& say, const PasskeyItem& item, std::string_view token) {
    const auto when = [&](WallTime time) { return date_in_table(time, frame.zone, frame.language); };
    Markup facts =
        fact(say("passkey_page.kind"), say(item.bound ? "passkey_page.bound" : "passkey_page.synced"));
    facts += fact(say("passkey_page.created"), time_el(item.created, frame.zone, when(item.created)));
    facts += fact(say("passkey_page.used"), item.used ? time_el(*item.used, frame.zone, when(*item.used))
                                                      : Markup(say("passkey_page.never")));
    const Markup rename =
        el("details", {cls("stack")},
           {el("summary", {say("passkey_page.rename"), el("span", {cls("vh")}, {" ", item.name})}),
            form_post(
                LocalPath("/.sekisho/account/passkeys"),
                {hidden_input("token", token), hidden_input("rename", item.id),
                 field({"n" + item.id, say("passkey_page.name"), "", ""},
                       {{"name", "name"}, {"value", item.name}, {"maxlength", "64"}, Attribute("required")}),
                 el("div", {el("button", {cls("btn s")}, {say("passkey_page.rename")})})})});
    const Markup remove = el("form", {{"method", "post"}, action("/.sekisho/account/passkeys")},
                             {hidden_input("token", token), hidden_input("remove", item.id),
                              el("button", {cls("btn s end")},
                                 {say("passkey_page.remove"), el("span", {cls("vh")}, {" ", item.name})})});
    return el("li", {el("div", {cls("stack tight")},
                        {el("h2", {cls("t3")}, {item.name}), el("dl", {cls("facts")}, {facts}), rename}),
                     el("div", {cls("line acts")}, {remove})});
}

Markup add_form(const Say& say, const PasskeysView& view) {
    if (view.full) return el("p", {cls("quiet")}, {say("passkey_page.full")});
    Markup inside =
        field({"nk", say("passkey_page.name"), say("passkey_page.name_hint"), ""},
              {{"name", "name"}, {"value", view.suggested}, {"maxlength", "64"}, Attribute("required")});
    for (const std::string_view name : {"client", "attestation", "transports"})
        inside += hidden_input(name, "");
    return el(
        "section", {cls("sheet stack"), {"aria-labelledby", "np"}},
        {el("h2", {{"id", "np"}}, {say("passkey_page.add_title")}),
         el("p", {cls("quiet")}, {say("passkey_page.needs_script")}),
         passkey_form(say, {"new", LocalPath("/.sekisho/account/passkeys"), say("passkey_page.add"), {}},
                      view.token, inside)});
}

}  // namespace

// Hidden until the script finds a browser that knows passkeys.
Markup passkey_form(const Say& say, const PasskeyFormSpec& spec, std::string_view token, const Markup& more) {
    Markup inside = hidden_input("token", token);
    inside += hidden_input("ticket", "");
    inside += more;
    inside += el("div", {{"data-passkey-says", ""}, Attribute("hidden"), {"tabindex", "-1"}},
                 {answer_notice(Tone::no, answer_text("factor.passkey_cancelled", say.language()))});
    inside += go_button(spec.button, true);
    if (!spec.below.empty()) inside += el("p", {cls("or")}, {spec.below});
    return el("form",
              {cls("stack"),
               {"method", "post"},
               action(spec.target),
               {"data-passkey", spec.kind},
               Attribute("hidden")},
              {inside});
}

Markup assertion_inputs() {
    Markup out;
    for (const std::string_view name : {"id", "handle", "client", "data", "signature"})
        out += hidden_input(name, "");
    return out;
}

std::string passkeys_page(const Frame& frame, const PasskeysView& view) {
    const Say say(frame.language);
    Markup body =
        el("div", {cls("stack tight")},
           {el("h1", {say("passkey_page.title")}), el("p", {cls("quiet")}, {say("passkey_page.lead")})});
    if (view.notice) body += answer_notice(view.good ? Tone::ok : Tone::no, *view.notice);
    Markup items;
    for (const auto& item : view.rows) items += passkey_item(frame, say, item, view.token);
    body += view.rows.empty() ? el("p", {cls("quiet")}, {say("passkey_page.empty")})
                              : el("ul", {cls("sheet rows")}, {items});
    body += add_form(say, view);
    return page(frame, {say("passkey_page.title"), {}, true}, el("div", {cls("mid stack loose")}, {body}));
}

}  // namespace sekisho::gateway
