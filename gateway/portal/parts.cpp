#include "gateway/portal/parts.hpp"

#include "base/check.hpp"
#include "base/words_time.hpp"
#include "gateway/portal/assets.hpp"

namespace sekisho::gateway {
namespace {

std::string_view class_of(Tone tone) {
    switch (tone) {
        case Tone::ok:
            return "ok";
        case Tone::soon:
            return "soon";
        case Tone::no:
            return "no";
        case Tone::info:
            return "info";
        case Tone::plain:
            break;
    }
    return "";
}

Markup brand_mark() {
    return el("svg", {cls("mark"), {"viewBox", "0 0 32 32"}, {"aria-hidden", "true"}, {"focusable", "false"}},
              {el("path", {{"d", "M2 8h28v4H2zM7 2h4v28H7zM21 2h4v28h-4z"}}, {}),
               el("circle", {cls("who"), {"cx", "16"}, {"cy", "24"}, {"r", "3.25"}}, {})});
}

Markup nav_link(const Frame& frame, LocalPath path, std::string_view words, bool current) {
    Attributes attributes{href(portal_url(frame, path))};
    if (current) attributes.push_back({"aria-current", "page"});
    return el("a", attributes, {words});
}

Markup main_nav(const Frame& frame, const Say& say) {
    if (frame.person.empty()) return {};
    const auto at = [&](Section section) { return frame.section == section; };
    Markup links = nav_link(frame, "/", say("nav.apps"), at(Section::apps));
    links += nav_link(frame, "/.sekisho/sessions", say("nav.sessions"), at(Section::sessions));
    links += nav_link(frame, "/.sekisho/account", say("nav.account"), at(Section::account));
    if (frame.is_ops) links += nav_link(frame, "/.sekisho/ops", say("nav.ops"), at(Section::ops));
    return el("nav", {cls("nav"), {"aria-label", say("page.nav")}}, {links});
}

Markup account_nav(const Frame& frame, const Say& say) {
    Markup inside;
    if (!frame.person.empty()) inside += el("span", {cls("quiet line")}, {frame.person});
    if (frame.language_url) {
        const auto other = frame.language == Language::ja ? "en" : "ja";
        inside += el("a", {href(*frame.language_url), {"lang", other}, {"hreflang", other}},
                     {say("page.language")});
    }
    if (!frame.person.empty())
        inside += el("a", {href(portal_url(frame, "/.sekisho/sign-out"))}, {say("act.sign_out")});
    return inside.empty() ? Markup{} : el("div", {cls("nav")}, {inside});
}

Markup head_of(const Frame& frame, const Say& say) {
    Markup small;
    const auto& name = frame.organisation.in(frame.language);
    if (!name.empty()) small = el("small", {name});
    return el("header", {cls("head")},
              {el("div", {cls("wrap")},
                  {el("a", {cls("brand"), href(portal_url(frame, "/"))},
                      {brand_mark(), el("span", {"Sekisho"}), small}),
                   main_nav(frame, say), account_nav(frame, say)})});
}

Markup foot_of(const Frame& frame, const Say& say) {
    Markup help;
    const auto& line = frame.help.in(frame.language);
    if (!line.empty()) help = el("span", {line});
    return el("footer", {cls("foot")},
              {el("div", {cls("wrap")}, {help, el("span", {say("note.recorded")})})});
}

struct Picture {
    std::string_view name, path;
};
constexpr Picture pictures[] = {
    {"book", "M4 4h7a2 2 0 0 1 1 2v14a2 2 0 0 0-1-1H4zM20 4h-7a2 2 0 0 0-1 2v14a2 2 0 0 1 1-1h7z"},
    {"folder", "M3 6h7l2 3h9v11H3z"},
    {"chat", "M3 4h18v12H11l-5 4v-4H3z"},
    {"laptop", "M5 5h14v10H5zM2 19h20"},
    {"phone", "M7 2h10v20H7zM11 19h2"},
    {"screen", "M3 4h18v12H3zM9 20h6M12 16v4"},
    {"terminal", "M3 4h18v16H3zM7 9l3 3-3 3M13 15h4"},
    {"ledger", "M5 3h14v18H5zM9 3v18M12 8h4M12 12h4M12 16h4"},
    {"box", "M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8"},
};

}  // namespace

AnswerText answer_text(std::string_view key, Language language, Fills fills) {
    return {title(key, language, fills), text(key, language, fills)};
}

std::string filled(std::string_view pattern, const FillPairs& pairs) {
    std::vector<Fill> fills;
    fills.reserve(pairs.size());
    for (const auto& [name, value] : pairs) fills.push_back({name, value});
    return fill_in(pattern, fills);
}

Url portal_url(const Frame& frame, LocalPath path) {
    return Url::https(frame.portal_origin + std::string(path.text)).value_or(Url(path));
}

Markup gate_sign(Gate gate) {
    constexpr std::array<std::string_view, 4> names{"gate", "gate here", "gate wait", "gate shut"};
    return el("i", {cls(names[static_cast<std::size_t>(gate)]), {"aria-hidden", "true"}}, {});
}

Markup chip(Tone tone, Gate gate, std::string_view words) {
    std::string names = "chip";
    if (tone != Tone::plain) names.append(" ").append(class_of(tone));
    return el("span", {cls(names)}, {gate_sign(gate), words});
}

Markup notice(Tone tone, const Markup& heading, const Markup& body) {
    const Gate gate = tone == Tone::no ? Gate::shut : tone == Tone::ok ? Gate::open : Gate::here;
    std::string names = "notice ";
    names += class_of(tone);
    Markup inside = el("strong", {heading});
    if (!body.empty()) inside += el("p", {body});
    return el("div", {cls(names), {"role", tone == Tone::no ? "alert" : "status"}},
              {gate_sign(gate), el("div", {inside})});
}

Markup answer_notice(Tone tone, const AnswerText& answer) {
    return notice(tone, answer.title.empty() ? answer.text : answer.title,
                  answer.title.empty() ? Markup{} : Markup(answer.text));
}

Markup ending_notice(const Frame& frame) {
    if (!frame.ending) return {};
    const auto left = std::chrono::ceil<std::chrono::minutes>(frame.ending->at - frame.now);
    return answer_notice(
        Tone::soon,
        answer_text(frame.ending->by_contract ? "contract.ending" : "session.ending", frame.language,
                    {{"at", clock_time(frame.ending->at, frame.zone)},
                     {"left", span_in_text(std::max<Seconds>(left, Seconds{60}), frame.language)}}));
}

Markup road(const Say& say, std::array<Station, 4> stations) {
    constexpr std::array<std::string_view, 4> names{"road.who", "road.factor", "road.device", "road.where"};
    Markup items;
    for (std::size_t i = 0; i < stations.size(); ++i) {
        const Station at = stations[i];
        const bool here = at == Station::here;
        Attributes attributes{cls(at == Station::passed    ? "ok"
                                  : here                   ? "info"
                                  : at == Station::stopped ? "no"
                                                           : "")};
        if (here) attributes.push_back({"aria-current", "step"});
        const Gate sign = at == Station::passed    ? Gate::open
                          : here                   ? Gate::here
                          : at == Station::stopped ? Gate::shut
                                                   : Gate::wait;
        const auto state = at == Station::passed    ? say("road.passed")
                           : here                   ? say("road.here")
                           : at == Station::stopped ? say("road.stopped")
                                                    : say("road.ahead");
        items += el("li", attributes,
                    {gate_sign(sign), say(names[i]), el("span", {cls("vh")}, {say("text.colon"), state})});
    }
    return el("ol", {cls("road"), {"aria-label", say("road.label")}}, {items});
}

Markup field(const FieldSpec& spec, Attributes attributes) {
    attributes.insert(attributes.begin(), {"id", spec.id});
    std::string described;
    Markup below;
    if (!spec.hint.empty()) {
        described = spec.id + "-h";
        below += el("span", {cls("hint"), {"id", described}}, {spec.hint});
    }
    if (!spec.problem.empty()) {
        const auto id = spec.id + "-e";
        described = described.empty() ? id : id + " " + described;
        attributes.push_back({"aria-invalid", "true"});
        below += el("span", {cls("err"), {"id", id}}, {spec.problem});
    }
    if (!described.empty()) attributes.push_back({"aria-describedby", described});
    return el("div", {cls("field")},
              {el("label", {{"for", spec.id}}, {spec.label}), void_el("input", attributes), below});
}

Markup hidden_input(std::string_view name, std::string_view value) {
    return void_el("input", {{"type", "hidden"}, {"name", name}, {"value", value}});
}

Markup hidden_onward(const Onward& onward) {
    if (onward.empty()) return {};
    Markup out = hidden_input("host", onward.host);
    out += hidden_input("tx", onward.transaction);
    out += hidden_input("flow", onward.flow);
    return out;
}

Markup go_button(std::string_view words, bool wide) {
    return el("button", {cls(wide ? "btn go wide" : "btn go")}, {words});
}

Markup form_post(const Url& target, std::initializer_list<Markup> children) {
    Markup inside;
    for (const auto& child : children) inside += child;
    return el("form", {cls("stack"), {"method", "post"}, action(target)}, {inside});
}

Markup time_el(WallTime time, Zone zone, std::string_view words) {
    return el("time", {{"datetime", to_rfc3339(time, zone)}}, {words});
}

Markup icon(std::string_view name) {
    std::string_view path = pictures[std::size(pictures) - 1].path;
    for (const auto& picture : pictures)
        if (picture.name == name) path = picture.path;
    return el("svg", {cls("ico"), {"viewBox", "0 0 24 24"}, {"aria-hidden", "true"}, {"focusable", "false"}},
              {el("path", {{"d", path}}, {})});
}

std::string page(const Frame& frame, const PageSpec& spec, const Markup& body) {
    const Say say(frame.language);
    const auto& organisation = frame.organisation.in(frame.language);
    Markup head = void_el("meta", {{"charset", "utf-8"}});
    head += void_el("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
    head += void_el("meta", {{"name", "color-scheme"}, {"content", "light dark"}});
    if (spec.refresh)
        head += void_el("meta", {{"http-equiv", "refresh"}, {"content", "0;url=" + spec.refresh->str()}});
    head += el("title", {spec.title, organisation.empty() ? "" : " - " + organisation});
    head += void_el("link", {{"rel", "icon"}, href(asset_url("mark.svg")), {"type", "image/svg+xml"}});
    head += void_el("link", {{"rel", "stylesheet"}, href(asset_url("tokens.css"))});
    head += void_el("link", {{"rel", "stylesheet"}, href(asset_url("base.css"))});
    if (spec.passkeys) head += module_script(asset_url("passkey.js"));

    Markup out = doctype();
    out += el("html", {{"lang", to_text(frame.language)}},
              {el("head", {head}),
               el("body", {el("a", {cls("skip"), href("#main")}, {say("page.skip")}), head_of(frame, say),
                           el("main", {cls("wrap"), {"id", "main"}}, {body}), foot_of(frame, say)})});
    return out.html();
}

}  // namespace sekisho::gateway
