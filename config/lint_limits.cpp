// Rules about limits: those that are off, and those that cannot hold the people there are.
#include "base/text.hpp"
#include "config/lint_view.hpp"

#include <algorithm>

namespace sekisho::config {
namespace {

constexpr auto W = Severity::warning;
constexpr auto A = Severity::advice;
constexpr std::uint32_t connections_per_person = 6;  // what a browser opens to one host
constexpr std::uint32_t people_per_queue_place = 20;
constexpr Millis head_long{60'000};
constexpr Millis tunnel_long{12 * 3'600'000};
constexpr std::uint32_t head_bytes_large = 256u << 10;

void look_body(const LintView& view, LintReport& report) {
    if (view.model.limits.body_bytes != 0) return;
    for (const auto& app : view.model.apps)
        if (app.body_bytes == 0) {
            report.at("limits.body", {app.name});
            return;
        }
}

void look_rate(const LintView& view, LintReport& report) {
    if (view.model.limits.body_min_rate == 0) report.at("limits.body_min_rate");
}

void look_head_time(const LintView& view, LintReport& report) {
    const auto& limits = view.model.limits;
    if (limits.head_timeout > head_long)
        report.at("limits.head_timeout", {duration_text(limits.head_timeout)});
    if (limits.handshake_timeout > head_long)
        report.at("limits.handshake_timeout", {duration_text(limits.handshake_timeout)});
}

void look_head_size(const LintView& view, LintReport& report) {
    const auto& limits = view.model.limits;
    if (limits.head_bytes > head_bytes_large) report.at("limits.head", {size_text(limits.head_bytes)});
    if (limits.portal_head_bytes > head_bytes_large)
        report.at("limits.portal_head", {size_text(limits.portal_head_bytes)});
}

void look_per_address(const LintView& view, LintReport& report) {
    const auto& limits = view.model.limits;
    if (limits.connections_per_address >= limits.connections)
        report.at("limits.connections_per_address", {std::to_string(limits.connections_per_address)});
}

void look_connections(const LintView& view, LintReport& report) {
    const auto people = view.model.people.size();
    if (people * connections_per_person > view.model.limits.connections)
        report.at("limits.connections",
                  {std::to_string(people), std::to_string(people * connections_per_person)});
}

void look_hash_queue(const LintView& view, LintReport& report) {
    const auto people = view.model.people.size();
    if (people > std::size_t{view.model.limits.hash_queue} * people_per_queue_place)
        report.at("limits.hash_queue",
                  {std::to_string(people), std::to_string(view.model.limits.hash_queue)});
}

void look_tunnel(const LintView& view, LintReport& report) {
    if (view.model.limits.tunnel_idle_timeout > tunnel_long)
        report.at("limits.tunnel_idle_timeout", {duration_text(view.model.limits.tunnel_idle_timeout)});
}

void look_drain(const LintView& view, LintReport& report) {
    if (view.model.limits.drain_timeout == Millis(0)) report.at("limits.drain_timeout");
}

constexpr LintRule rules[] = {
    {{"body-unlimited", A, "{0} takes request bodies of any size",
      "「{0}」は、どんな大きさの要求本体も受け取ります", "write limits.body, or body at each app",
      "limits.body か、アプリごとの body を書いてください"},
     "One upload fills the app's disk or memory; the gateway passes on what it was not told to stop.",
     "CVE-2023-24998 (Apache Commons FileUpload): no limit on what was uploaded; CWE-770.",
     look_body},
    {{"minimum-rate-off", W, "a request body may arrive as slowly as its sender likes",
      "要求本体が、どれほど遅くても待ち続けます", "write body_min_rate: 512B",
      "body_min_rate: 512B と書いてください"},
     "A few hundred senders of one byte a minute hold every connection of a server.",
     "R-U-Dead-Yet and slow POST, 2010; slowloris (CVE-2007-6750). Debian's slowhttptest tries it with -B.",
     look_rate},
    {{"head-timeout-long", W, "a peer may take {0} before its first request is complete",
      "最初の要求が揃うまで {0} 待ちます", "write 60s or less", "60s 以下にしてください"},
     "Connections that have asked for nothing yet cost memory and places, and cost their opener next to "
     "nothing.",
     "Slowloris (CVE-2007-6750); CVE-2018-12122 (Node.js) for the head that trickles in.",
     look_head_time},
    {{"head-limit-large", A, "a request head may have {0}", "要求ヘッダーが {0} まで許されています",
      "write 256KiB or less", "256KiB 以下にしてください"},
     "The head is held in memory before anybody is known: its limit times the connections is what strangers "
     "may fill.",
     "CVE-2018-12121 (Node.js): memory filled by many requests with large heads.",
     look_head_size},
    {{"address-limit-off", W, "one address may open {0} connections, as many as everybody together",
      "1 つのアドレスから、全体の上限と同じ {0} 接続を開けます",
      "write connections_per_address well below connections",
      "connections_per_address を connections より十分小さくしてください"},
     "One machine, broken or hostile, shuts everybody out.",
     "HTTP floods from single hosts, slowloris (CVE-2007-6750) among them; Envoy's and nginx's guides ask "
     "for limits per "
     "address.",
     look_per_address},
    {{"connections-below-head-count", A,
      "{0} people with a browser each need {1} connections, more than there may be",
      "{0} 人がブラウザーで使うと {1} 接続が必要で、上限を超えます",
      "write limits.connections of {1} or more", "limits.connections を {1} 以上にしてください"},
     "On the morning everybody must work from home, the last to sign in are turned away.",
     "March 2020: remote-access concentrators sized for a fraction of the staff; CISA alert AA20-073A says "
     "so.",
     look_connections},
    {{"hash-queue-below-head-count", W,
      "{0} people may sign in, but only {1} passwords may wait to be checked",
      "{0} 人がサインインできますが、確認を待てるパスワードは {1} 個です",
      "write limits.hash_queue of a twentieth of the people or more",
      "limits.hash_queue を人数の 20 分の 1 以上にしてください"},
     "Checking a password is made slow on purpose. After a restart at nine o'clock everybody signs in at "
     "once.",
     "authelia/authelia issues 5006 and 3177: slow password hashes under load; CISA alert AA20-073A on "
     "surges.",
     look_hash_queue},
    {{"tunnel-idle-long", A, "a WebSocket on which nothing moves stays open for {0}",
      "通信のない WebSocket が {0} の間開いたままです", "write 12h or less", "12h 以下にしてください"},
     "Forgotten tabs hold connections for days, here and at the app.",
     "pomerium/pomerium issue 1279 and hashicorp/consul issue 6454: long connections that outlived what "
     "allowed them.",
     look_tunnel},
    {{"drain-off", A, "a restart cuts every exchange in progress: drain_timeout is 0s",
      "再起動のとき、処理中の要求がすべて切れます（drain_timeout が 0s）", "write 30s",
      "30s と書いてください"},
     "Uploads and forms are lost at each upgrade, so upgrades are put off, also those that mend something.",
     "jcmoraisjr/haproxy-ingress issue 865 and kubernetes/ingress-nginx issue 2647: reloads that dropped "
     "connections.",
     look_drain},
};

}  // namespace

std::span<const LintRule> lint_rules_limits() { return rules; }

}  // namespace sekisho::config
