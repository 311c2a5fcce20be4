// The pages of somebody signed in: apps, sessions, account, sign-out.
#include "base/words_time.hpp"
#include "gateway/portal/agent.hpp"
#include "gateway/portal/parts.hpp"
#include "gateway/portal/password_fields.hpp"

namespace sekisho::gateway {
namespace {

std::string method_of(const Say& say, FactorStrength strength) {
    switch (strength) {
        case FactorStrength::certificate:
            return say("method.certificate");
        case FactorStrength::passkey_device:
        case FactorStrength::passkey:
            return say("method.passkey");
        case FactorStrength::otp:
            return say("method.otp");
        case FactorStrength::recovery:
            return say("method.recovery");
        case FactorStrength::password:
            return say("method.password");
        case FactorStrength::none:
            break;
    }
    return say("method.none");
}

// As a value that stands alone: "Today 19:49". Japanese has no capitals.
std::string begun(std::string words) {
    if (!words.empty() && words.front() >= 'a' && words.front() <= 'z')
        words.front() = static_cast<char>(words.front() - 'a' + 'A');
    return words;
}

Markup permit_part(std::string_view term, const Markup& value, std::string_view detail) {
    return el("div", {el("dt", {el("i", {cls("gate ok"), {"aria-hidden", "true"}}, {}), term}),
                      el("dd", {value}), el("dd", {cls("small")}, {detail})});
}

Markup permit(const Frame& frame, const Say& say, const AppsView& view) {
    std::size_t open = 0;
    for (const auto& tile : view.tiles) open += tile.open ? 1 : 0;
    const auto all = view.tiles.size();
    const auto& session = *view.session;
    const auto until = day_and_time(session.absolute_end, frame.now, frame.zone, frame.language);
    const auto since = day_and_time(session.proven_at, frame.now, frame.zone, frame.language);
    Markup parts = permit_part(say("road.who"), frame.person, say("apps_page.signed_by", {{"at", since}}));
    parts +=
        permit_part(say("apps_page.method"), begun(method_of(say, session.strength)), to_text(session.from));
    parts +=
        permit_part(say("apps_page.where_to"),
                    say("apps_page.count", {{"open", std::to_string(open)}, {"all", std::to_string(all)}}),
                    open == all ? say("apps_page.all_open")
                                : say("apps_page.locked_count", {{"n", std::to_string(all - open)}}));
    parts += permit_part(say("apps_page.until"), time_el(session.absolute_end, frame.zone, begun(until)),
                         say("apps_page.idle", {{"span", span_in_text(session.idle, frame.language)}}));
    return el("dl", {cls("pass permit")}, {parts});
}

struct LockChip {
    std::string_view reason, key;
    Tone tone;
    Gate gate;
};
constexpr LockChip lock_chips[] = {
    {"access.outside_hours", "chip.outside_hours", Tone::plain, Gate::wait},
    {"factor.too_old", "chip.confirm_again", Tone::soon, Gate::here},
    {"factor.stronger_needed", "chip.confirm_again", Tone::soon, Gate::here},
    {"access.network", "chip.network", Tone::plain, Gate::wait},
    {"contract.not_started", "chip.not_yet", Tone::plain, Gate::wait},
    {"contract.ended", "chip.ended", Tone::no, Gate::shut},
    {"access.none", "chip.no_permission", Tone::no, Gate::shut},
};

Markup why_locked(const Frame& frame, const Say& say, const AppTile& tile) {
    LockChip found = lock_chips[std::size(lock_chips) - 1];
    for (const auto& one : lock_chips)
        if (one.reason == tile.reason) found = one;
    const auto key = find_word(tile.reason) != nullptr ? std::string_view(tile.reason) : "access.none";
    return el("div", {cls("why stack tight")},
              {el("p", {chip(found.tone, found.gate, say(found.key))}),
               el("p", {filled(word(key).text(frame.language), tile.fills)})});
}

Markup tile_of(const Frame& frame, const Say& say, const AppTile& tile) {
    const Markup heading =
        tile.open ? el("h3", {el("a", {href(*tile.open)}, {tile.title})}) : el("h3", {tile.title});
    Markup about;
    if (!tile.about.empty()) about = el("p", {cls("small quiet")}, {tile.about});
    return el("li", {cls(tile.open ? "tile" : "tile locked")},
              {el("div", {cls("line")}, {icon(tile.icon), heading}), about,
               tile.open ? Markup{} : why_locked(frame, say, tile)});
}

Markup tiles(const Frame& frame, const Say& say, const AppsView& view, bool open) {
    Markup items;
    for (const auto& tile : view.tiles)
        if (tile.open.has_value() == open) items += tile_of(frame, say, tile);
    if (items.empty()) return {};
    const auto id = open ? "g1" : "g2";
    return el("section", {cls("stack"), {"aria-labelledby", id}},
              {el("h2", {{"id", id}}, {open ? say("apps_page.ready") : say("apps_page.locked")}),
               el("ul", {cls("grid")}, {items})});
}

Markup fact(std::string_view term, const Markup& value) {
    Markup out = el("dt", {term});
    out += el("dd", {value});
    return out;
}

std::string agent_name(const Say& say, const Agent& agent) {
    if (agent.browser.empty() && agent.system.empty()) return say("agent.unknown");
    if (agent.browser.empty() || agent.system.empty())
        return std::string(agent.browser.empty() ? agent.system : agent.browser);
    return say("agent.on", {{"browser", agent.browser}, {"system", agent.system}});
}

Markup session_facts(const Frame& frame, const Say& say, const SessionRow& row) {
    const auto& session = *row.session;
    const auto when = [&](WallTime time) {
        return day_and_time(time, frame.now, frame.zone, frame.language);
    };
    std::string apps;
    for (const auto& app : row.apps) apps += (apps.empty() ? "" : say("list.separator")) + app;
    Markup facts = fact(say("sessions_page.began"), begun(when(session.created)) + say("list.separator") +
                                                        method_of(say, session.strength));
    auto place = to_text(session.from);
    if (!row.network.empty()) place += say("list.separator") + row.network;
    facts += fact(say("sessions_page.from"), place);
    if (session.device != Digest{})
        facts += fact(say("sessions_page.device"), auth::device_id(session.device));
    facts +=
        fact(say("sessions_page.used"), begun(near_past(row.used, frame.now, frame.zone, frame.language)));
    if (!apps.empty()) facts += fact(say("sessions_page.apps"), apps);
    facts += fact(say("sessions_page.ends"), begun(when(session.absolute_end)));
    return el("dl", {cls("facts")}, {facts});
}

Markup session_item(const Frame& frame, const Say& say, const SessionRow& row, const std::string& token) {
    const auto agent = read_agent(row.session->agent);
    const auto name = agent_name(say, agent);
    const bool idle = frame.now - row.used > std::chrono::minutes{10};
    const Markup state = row.here ? chip(Tone::info, Gate::here, say("chip.this_session"))
                         : idle   ? chip(Tone::plain, Gate::wait, say("chip.idle"))
                                  : chip(Tone::ok, Gate::open, say("chip.connected"));
    const Markup act = row.here
                           ? el("a", {cls("btn s"), href("/.sekisho/sign-out")}, {say("act.sign_out")})
                           : el("form", {{"method", "post"}, action("/.sekisho/sessions")},
                                {hidden_input("token", token), hidden_input("end", row.session->public_id),
                                 el("button", {cls("btn s end")},
                                    {say("act.end_one"),
                                     el("span", {cls("vh")}, {" ", name, " ", row.session->public_id})})});
    Markup lost;
    if (row.other_device)
        lost = el("form", {{"method", "post"}, action("/.sekisho/sessions")},
                  {hidden_input("token", token), hidden_input("lost", row.session->public_id),
                   el("button", {cls("btn s end")},
                      {say("act.lost_device"),
                       el("span", {cls("vh")}, {" ", name, " ", row.session->public_id})})});
    return el("li", {el("div", {cls("stack tight")},
                        {el("div", {cls("line")}, {icon(agent.icon), el("h2", {cls("t3")}, {name}), state}),
                         session_facts(frame, say, row)}),
                     el("div", {cls("line acts")}, {act, lost})});
}

}  // namespace

std::string apps_page(const Frame& frame, const AppsView& view) {
    const Say say(frame.language);
    Markup body = el("h1", {say("apps_page.title")});
    body += ending_notice(frame);
    body += permit(frame, say, view);
    if (view.tiles.empty()) body += el("p", {say("empty.apps")});
    body += tiles(frame, say, view, true);
    body += tiles(frame, say, view, false);
    if (view.offers_passkey)
        body += el("section", {cls("sheet stack"), {"aria-labelledby", "pk"}},
                   {el("h2", {{"id", "pk"}}, {say("apps_page.passkey_title")}),
                    el("p", {say("apps_page.passkey_lead")}),
                    el("p", {el("a", {cls("btn"), href("/.sekisho/account/passkeys")},
                                {say("passkey_page.add_title")})})});
    return page(frame, {say("apps_page.title"), {}}, el("div", {cls("stack loose")}, {body}));
}

std::string sessions_page(const Frame& frame, const SessionsView& view) {
    const Say say(frame.language);
    Markup items;
    for (const auto& row : view.rows) items += session_item(frame, say, row, view.token);
    Markup body =
        el("div", {cls("stack tight")},
           {el("h1", {say("sessions_page.title")}), el("p", {cls("quiet")}, {say("sessions_page.lead")})});
    body += ending_notice(frame);
    if (!view.done.empty()) body += notice(Tone::ok, say(view.done), {});
    body += el("ul", {cls("sheet rows")}, {items});
    if (view.rows.size() <= 1) body += el("p", {cls("quiet")}, {say("empty.sessions")});
    Markup acts;
    if (view.rows.size() > 1) {
        acts = el("form", {{"method", "post"}, action("/.sekisho/sessions")},
                  {hidden_input("token", view.token), hidden_input("others", "1"),
                   el("button", {cls("btn end")}, {say("act.end_others")})});
    }
    body +=
        el("div", {cls("line ends")}, {el("p", {cls("small quiet")}, {say("sessions_page.bound")}), acts});
    return page(frame, {say("sessions_page.title"), {}}, el("div", {cls("mid stack loose")}, {body}));
}

std::string account_page(const Frame& frame, const AccountView& view) {
    const Say say(frame.language);
    Markup facts = fact(say("account_page.account"), view.user);
    facts += fact(say("account_page.name"), frame.person);
    facts += fact(say("account_page.kind"), say(view.kind_key));
    if (!view.org.empty()) facts += fact(say("account_page.org"), view.org);
    facts += fact(say("apps_page.method"), begun(method_of(say, view.strength)));

    Markup body = el("h1", {say("account_page.title")});
    body += ending_notice(frame);
    constexpr std::array tones{Tone::ok, Tone::soon, Tone::no};
    if (view.notice) body += answer_notice(tones[static_cast<std::size_t>(view.mood)], *view.notice);
    body += el("div", {cls("sheet")}, {el("dl", {cls("facts")}, {facts})});
    body +=
        el("section", {cls("sheet stack"), {"aria-labelledby", "pw"}},
           {el("h2", {{"id", "pw"}}, {say("password.change_title")}),
            el("p", {cls("quiet")}, {say("password.change_lead")}),
            form_post(
                LocalPath("/.sekisho/account/password"),
                {hidden_input("token", view.token),
                 void_el("input", {{"name", "username"},
                                   {"autocomplete", "username"},
                                   {"value", view.user},
                                   Attribute("hidden")}),
                 field({"o", say("password.current"), "", ""}, {{"name", "current"},
                                                                {"type", "password"},
                                                                {"autocomplete", "current-password"},
                                                                Attribute("required")}),
                 new_password_fields(say, view.problem), el("div", {go_button(say("password.change"))})})});
    const auto count = std::to_string(view.passkeys);
    body += el("section", {cls("sheet stack"), {"aria-labelledby", "pk"}},
               {el("h2", {{"id", "pk"}}, {say("account_page.passkeys_title")}),
                el("p", {say("account_page.passkeys_lead", {{"n", count}})}),
                el("p", {el("a", {cls("btn"), href("/.sekisho/account/passkeys")},
                            {say("account_page.passkeys_change")})})});
    const auto left = std::to_string(view.codes_left);
    body += el("section", {cls("sheet stack"), {"aria-labelledby", "rc"}},
               {el("h2", {{"id", "rc"}}, {say("recovery_page.renew_title")}),
                el("p", {say("recovery_page.left", {{"n", left}}), " ", say("recovery_page.renew_lead")}),
                form_post(LocalPath("/.sekisho/account/recovery"),
                          {hidden_input("token", view.token),
                           el("div", {el("button", {cls("btn")}, {say("recovery_page.renew")})})})});
    body += el(
        "section", {cls("sheet stack"), {"aria-labelledby", "au"}},
        {el("h2", {{"id", "au"}}, {say("account_page.app_title")}), el("p", {say("account_page.app_lead")}),
         el("p",
            {el("a", {cls("btn"), href("/.sekisho/account/codes")}, {say("account_page.app_change")})})});
    return page(frame, {say("account_page.title"), {}}, el("div", {cls("mid stack loose")}, {body}));
}

std::string sign_out_page(const Frame& frame, const SignOutView& view) {
    const Say say(frame.language);
    const Markup here =
        form_post(LocalPath("/.sekisho/sign-out"),
                  {hidden_input("token", view.token), go_button(say("sign_out_page.here"), true)});
    const Markup everywhere =
        form_post(LocalPath("/.sekisho/sign-out"),
                  {hidden_input("token", view.token), hidden_input("everywhere", "1"),
                   el("button", {cls("btn end wide")}, {say("sessions_page.everywhere")})});
    const Markup body = el("div", {cls("narrow")},
                           {el("section", {cls("pass stack"), {"aria-labelledby", "h"}},
                               {el("h1", {{"id", "h"}}, {say("sign_out_page.title")}),
                                el("p", {cls("quiet")}, {say("sign_out_page.lead")}), here, everywhere})});
    return page(frame, {say("sign_out_page.title"), {}}, body);
}

}  // namespace sekisho::gateway
