// The read-only status page of the people who run the gateway.
#include "base/words_time.hpp"
#include "gateway/portal/parts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sekisho::gateway {
namespace {

// 2180 as "2,180"; a small rate keeps one digit after the point.
std::string count(double value) {
    if (value < 10 && value != static_cast<double>(static_cast<std::int64_t>(value)))
        return fmt::format("{:.1f}", value);
    std::string digits = fmt::format("{:.0f}", value);
    for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
        digits.insert(static_cast<std::size_t>(at), ",");
    return digits;
}

std::string millis(double value) {
    return value < 10 ? fmt::format("{:.2g}", value) : fmt::format("{:.0f}", value);
}

Markup figure(std::string_view term, const Markup& value, std::string_view detail) {
    Markup out = el("dt", {term});
    out += el("dd", {cls("big")}, {value});
    if (!detail.empty()) out += el("dd", {detail});
    return el("div", {out});
}

Markup figures(const Say& say, const OpsStatus& s) {
    Markup out = figure(say("ops_page.requests"), count(s.requests_per_second), "");
    out += figure(say("ops_page.latency"),
                  el("span", {millis(s.p50_ms), el("small", {" / ", millis(s.p99_ms), "\u00a0ms"})}),
                  say("ops_page.ours", {{"p50", millis(s.own_p50_ms)}, {"p99", millis(s.own_p99_ms)}}));
    out += figure(say("ops_page.handshakes"),
                  el("span", {count(s.full_handshakes), el("small", {" ", say("ops_page.full")})}),
                  count(s.resumed_handshakes) + "\u00a0" + say("ops_page.resumed"));
    const auto all = static_cast<double>(s.staff + s.contractors + s.ops);
    out += figure(say("ops_page.sessions"), count(all),
                  say("ops_page.by_kind", {{"staff", count(static_cast<double>(s.staff))},
                                           {"contractors", count(static_cast<double>(s.contractors))},
                                           {"ops", count(static_cast<double>(s.ops))}}));
    out += figure(say("ops_page.refusals"), count(s.refusals_per_minute), "");
    return el("dl", {cls("figs")}, {out});
}

Markup bar(const Say& say, const OpsGauge& gauge) {
    const auto use = fmt::format("{:.0f}", std::clamp(gauge.percent, 0.0, 100.0));
    const auto alert = fmt::format("{:.0f}", std::clamp(gauge.alert_percent, 0.0, 100.0));
    return el("svg",
              {cls("gauge"),
               {"viewBox", "0 0 100 12"},
               {"preserveAspectRatio", "none"},
               {"role", "img"},
               {"aria-label", say("ops_page.gauge", {{"n", use}, {"limit", alert}})}},
              {el("rect", {cls("bed"), {"y", "2"}, {"width", "100"}, {"height", "8"}}, {}),
               el("rect", {cls("use"), {"y", "2"}, {"width", use}, {"height", "8"}}, {}),
               el("rect", {cls("lim"), {"x", alert}, {"width", "1"}, {"height", "12"}}, {})});
}

Markup table(std::string_view heading_id,
             std::initializer_list<std::pair<std::string, std::string_view>> columns, const Markup& rows) {
    Markup heads;
    for (const auto& [words, classes] : columns) {
        Attributes attributes{{"scope", "col"}};
        if (!classes.empty()) attributes.push_back(cls(classes));
        heads += el("th", attributes, {words});
    }
    return el("div", {cls("scroll"), {"role", "region"}, {"aria-labelledby", heading_id}, {"tabindex", "0"}},
              {el("table", {el("thead", {el("tr", {heads})}), el("tbody", {rows})})});
}

Markup section(std::string_view id, std::string_view heading, const Markup& inside) {
    return el("section", {cls("stack")}, {el("h2", {{"id", id}}, {heading}), inside});
}

Markup gauges(const Say& say, const OpsStatus& status) {
    Markup rows;
    for (const auto& gauge : status.gauges) {
        rows += el("tr", {cls(gauge.percent >= gauge.alert_percent ? "soon" : "")},
                   {el("th", {{"scope", "row"}, cls("nw")}, {say(gauge.key)}),
                    el("td", {cls("r")}, {fmt::format("{:.0f}%", gauge.percent)}),
                    el("td", {cls("r nw")}, {gauge.limit}), el("td", {bar(say, gauge)})});
    }
    return section("h-cap", say("ops_page.saturation"),
                   table("h-cap",
                         {{say("ops_page.resource"), ""},
                          {say("ops_page.now"), "r"},
                          {say("ops_page.limit"), "r"},
                          {say("ops_page.to_limit"), "wide"}},
                         rows));
}

Markup upstreams(const Say& say, const OpsStatus& status) {
    Markup rows;
    for (const auto& one : status.upstreams) {
        using State = OpsUpstream::State;
        const Markup state = one.state == State::up ? chip(Tone::ok, Gate::open, say("ops_page.up"))
                             : one.state == State::down
                                 ? chip(Tone::no, Gate::shut, say("ops_page.down"))
                                 : chip(Tone::plain, Gate::wait, say("ops_page.untried"));
        rows += el("tr", {cls(one.state == State::down ? "no" : "")},
                   {el("th", {{"scope", "row"}, cls("nw")}, {one.name}), el("td", {cls("nw")}, {state})});
    }
    return section("h-up", say("ops_page.upstreams"),
                   table("h-up", {{say("ops_page.upstream"), ""}, {say("ops_page.state"), ""}}, rows));
}

}  // namespace

std::string ops_page(const Frame& frame, const OpsStatus& status) {
    const Say say(frame.language);
    const auto generation = std::to_string(status.generation);
    const auto warnings = std::to_string(status.warnings.size());
    const Markup mood = status.warnings.empty()
                            ? chip(Tone::ok, Gate::open, say("ops_page.in_order"))
                            : chip(Tone::soon, Gate::here, say("ops_page.watch", {{"n", warnings}}));
    Markup body =
        el("div", {cls("line ends")},
           {el("div", {cls("stack tight")},
               {el("h1", {say("ops_page.title")}),
                el("p", {cls("line small quiet")},
                   {el("span", {say("ops_page.generation", {{"n", generation}})}),
                    el("span",
                       {say("ops_page.uptime", {{"span", span_in_text(status.uptime, frame.language)}})}),
                    time_el(frame.now, frame.zone, date_in_table(frame.now, frame.zone, frame.language))})}),
            el("p", {mood})});
    body += figures(say, status);
    // Two notices are enough for a screen; the command line lists the rest.
    for (std::size_t i = 0; i < std::min<std::size_t>(status.warnings.size(), 2); ++i)
        body += notice(Tone::soon, status.warnings[i], {});
    if (!status.gauges.empty()) body += gauges(say, status);
    if (!status.upstreams.empty()) body += upstreams(say, status);
    body += el("p", {cls("small quiet")}, {say("ops_page.readonly")});
    return page(frame, {say("ops_page.title"), {}}, el("div", {cls("stack loose")}, {body}));
}

}  // namespace sekisho::gateway
