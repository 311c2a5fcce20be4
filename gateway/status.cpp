#include "gateway/status.hpp"

#include "base/civil_time.hpp"
#include "base/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace sekisho::gateway {
namespace {

constexpr std::size_t samples_kept = 61;

double share(std::uint64_t used, std::uint64_t of) {
    return of == 0 ? 0.0 : static_cast<double>(used) / static_cast<double>(of);
}

// What somebody on duty should look at, the worst first.
std::vector<std::string> warnings_of(const StatusFacts& facts, std::span<const OpsGauge> gauges,
                                     Language language) {
    std::vector<std::string> found;
    if (facts.audit_state != "good") found.push_back(text("ops_page.warn_audit", language));
    for (const auto& upstream : facts.upstreams)
        if (!upstream.up)
            found.push_back(text("ops_page.warn_upstream", language, {{"upstream", upstream.name}}));
    for (const auto& gauge : gauges) {
        if (gauge.percent < gauge.alert_percent) continue;
        const auto n = fmt::format("{:.0f}", gauge.percent);
        found.push_back(
            text("ops_page.warn_limit", language, {{"what", word(gauge.key).text(language)}, {"n", n}}));
    }
    if (!facts.last_reload_ok) found.push_back(text("ops_page.warn_reload", language));
    return found;
}

}  // namespace

StatusBoard::StatusBoard(const telemetry::Registry& registry, const Clock& clock, Ask ask)
    : registry_(registry), clock_(clock), ask_(std::move(ask)), started_(clock.steady()) {
    sample();
}

void StatusBoard::sample() {
    Sample next{clock_.steady(), registry_.totals()};
    const std::lock_guard lock(mutex_);
    samples_.push_back(std::move(next));
    if (samples_.size() > samples_kept) samples_.pop_front();
}

telemetry::Totals StatusBoard::newest() const {
    const std::lock_guard lock(mutex_);
    return samples_.back().totals;
}

StatusBoard::Rates StatusBoard::rates() const {
    const std::lock_guard lock(mutex_);
    const auto& first = samples_.front();
    const auto& last = samples_.back();
    Rates rates;
    rates.seconds = std::max(1.0, std::chrono::duration<double>(last.at - first.at).count());
    const auto grown = [&](std::uint64_t now, std::uint64_t before) {
        return static_cast<double>(now - before) / rates.seconds;
    };
    rates.requests = grown(last.totals.requests, first.totals.requests);
    rates.refusals = grown(last.totals.denied, first.totals.denied) * 60;
    const auto resumed = grown(last.totals.handshakes_resumed, first.totals.handshakes_resumed);
    rates.resumed = resumed;
    rates.full = grown(last.totals.handshakes, first.totals.handshakes) - resumed;
    rates.bytes_in = grown(last.totals.bytes_in, first.totals.bytes_in);
    rates.bytes_out = grown(last.totals.bytes_out, first.totals.bytes_out);
    const auto total = last.totals.total.since(first.totals.total);
    const auto upstream = last.totals.upstream.since(first.totals.upstream);
    rates.p50_ms = total.quantile(0.5) * 1000;
    rates.p99_ms = total.quantile(0.99) * 1000;
    rates.own_p50_ms = std::max(0.0, rates.p50_ms - upstream.quantile(0.5) * 1000);
    rates.own_p99_ms = std::max(0.0, rates.p99_ms - upstream.quantile(0.99) * 1000);
    return rates;
}

OpsStatus StatusBoard::status(Language language) const {
    const auto facts = ask_();
    const auto now = rates();
    OpsStatus status;
    status.generation = facts.generation;
    status.uptime = std::chrono::duration_cast<Seconds>(clock_.steady() - started_);
    status.requests_per_second = now.requests;
    status.p50_ms = now.p50_ms;
    status.p99_ms = now.p99_ms;
    status.own_p50_ms = now.own_p50_ms;
    status.own_p99_ms = now.own_p99_ms;
    status.full_handshakes = now.full;
    status.resumed_handshakes = now.resumed;
    status.staff = facts.staff;
    status.contractors = facts.contractors;
    status.ops = facts.ops;
    status.refusals_per_minute = now.refusals;
    status.gauges = {{"ops_page.workers", facts.worker_busy * 100, 85, {}},
                     {"ops_page.connections", share(facts.connections, facts.connections_max) * 100, 85,
                      fmt::format("{}", facts.connections_max)},
                     {"ops_page.hashing", facts.hash_pool_busy * 100, 85, {}},
                     {"ops_page.descriptors", share(facts.descriptors, facts.descriptors_max) * 100, 85,
                      fmt::format("{}", facts.descriptors_max)}};
    for (const auto& upstream : facts.upstreams) {
        OpsUpstream row;
        row.name = upstream.name;
        row.state = upstream.up ? OpsUpstream::State::up : OpsUpstream::State::down;
        status.upstreams.push_back(std::move(row));
    }
    status.warnings = warnings_of(facts, status.gauges, language);
    return status;
}

boost::json::object StatusBoard::to_json() const {
    const auto facts = ask_();
    const auto now = rates();
    const auto totals = newest();
    boost::json::object status;
    status["generation"] = facts.generation;
    status["last_reload_ok"] = facts.last_reload_ok;
    status["uptime_seconds"] = std::chrono::duration_cast<Seconds>(clock_.steady() - started_).count();
    status["workers"] = facts.workers;
    status["connections"] = facts.connections;
    status["requests_total"] = totals.requests;
    status["requests_per_second"] = now.requests;
    status["p50_ms"] = now.p50_ms;
    status["p99_ms"] = now.p99_ms;
    status["bytes_in_per_second"] = now.bytes_in;
    status["bytes_out_per_second"] = now.bytes_out;
    status["handshakes_full_per_second"] = now.full;
    status["handshakes_resumed_per_second"] = now.resumed;
    status["tunnels_open"] = totals.tunnels_open;
    status["sessions"] =
        boost::json::object{{"staff", facts.staff}, {"contractor", facts.contractors}, {"ops", facts.ops}};
    status["refusals_per_minute"] = now.refusals;
    boost::json::object saturation;
    saturation["workers"] = facts.worker_busy;
    saturation["connections"] = share(facts.connections, facts.connections_max);
    saturation["hash_pool"] = facts.hash_pool_busy;
    saturation["audit_queue"] = share(facts.audit_queue, facts.audit_queue_max);
    saturation["descriptors"] = share(facts.descriptors, facts.descriptors_max);
    status["saturation"] = std::move(saturation);
    boost::json::object upstreams;
    for (const auto& upstream : facts.upstreams) upstreams[upstream.name] = upstream.up;
    status["upstreams_up"] = std::move(upstreams);
    status["audit"] = boost::json::object{
        {"state", facts.audit_state}, {"records", totals.audit_records}, {"dropped", totals.audit_dropped}};
    if (facts.next_certificate_end != WallTime::max())
        status["next_certificate_end"] = to_rfc3339_utc(facts.next_certificate_end);
    return status;
}

std::string StatusBoard::to_screen(Language language) const {
    const auto facts = ask_();
    const auto now = rates();
    const auto totals = newest();
    const bool ja = language == Language::ja;
    const auto pick = [&](std::string_view japanese, std::string_view english) {
        return ja ? japanese : english;
    };
    std::string out;
    const auto line = [&](std::string_view japanese, std::string_view english, std::string value) {
        fmt::format_to(std::back_inserter(out), "{}  {}\n", pick(japanese, english), value);
    };
    line("世代          ", "generation    ",
         fmt::format(
             "{}{}", facts.generation,
             facts.last_reload_ok ? "" : pick("  (最後の再読み込みは中止)", "  (last reload refused)")));
    line("要求          ", "requests      ",
         fmt::format("{:.1f}/s   p50 {:.1f} ms   p99 {:.1f} ms", now.requests, now.p50_ms, now.p99_ms));
    line("うち自分      ", "of it ours    ",
         fmt::format("p50 {:.2f} ms   p99 {:.2f} ms", now.own_p50_ms, now.own_p99_ms));
    line("転送          ", "bytes         ",
         fmt::format("{:.2f} MiB/s {}   {:.2f} MiB/s {}", now.bytes_in / 1048576, pick("上り", "in"),
                     now.bytes_out / 1048576, pick("下り", "out")));
    line("接続          ", "connections   ",
         fmt::format("{} / {}   {} {}", facts.connections, facts.connections_max, pick("トンネル", "tunnels"),
                     totals.tunnels_open));
    line("ハンドシェイク", "handshakes    ",
         fmt::format("{:.1f}/s {}   {:.1f}/s {}", now.full, pick("新規", "full"), now.resumed,
                     pick("再開", "resumed")));
    line("セッション    ", "sessions      ",
         fmt::format("{} {}   {} {}   {} {}", pick("社員", "staff"), facts.staff,
                     pick("委託先", "contractors"), facts.contractors, pick("運用", "ops"), facts.ops));
    line("拒否          ", "refusals      ", fmt::format("{:.1f}/min", now.refusals));
    line("使用率        ", "saturation    ",
         fmt::format("{} {:.0f}%   {} {:.0f}%   {} {:.0f}%   {} {:.0f}%", pick("ワーカー", "workers"),
                     facts.worker_busy * 100, pick("照合", "hashing"), facts.hash_pool_busy * 100,
                     pick("接続", "connections"), share(facts.connections, facts.connections_max) * 100,
                     pick("記述子", "descriptors"), share(facts.descriptors, facts.descriptors_max) * 100));
    line("監査記録      ", "audit         ",
         fmt::format("{}   {} {}", facts.audit_state, totals.audit_records, pick("件", "records")));
    for (const auto& upstream : facts.upstreams)
        line("接続先        ", "upstream      ",
             fmt::format("{:<20} {}", upstream.name,
                         upstream.up ? pick("良好", "up") : pick("応答なし", "down")));
    return out;
}

}  // namespace sekisho::gateway
