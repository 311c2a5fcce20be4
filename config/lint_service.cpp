// Rules about the gateway's own parts: the ops listener, the store, the audit record, the clock.
#include "base/text.hpp"
#include "config/files.hpp"
#include "config/lint_view.hpp"
#include "config/scalar.hpp"

#include <algorithm>

namespace sekisho::config {
namespace {

constexpr auto W = Severity::warning;
constexpr auto A = Severity::advice;
constexpr std::uint64_t small_disk_bytes = 20ull << 30;
constexpr std::uint64_t reserve_bytes_min = 1ull << 20;

std::string endpoint_text(const Endpoint& endpoint) { return print_one(*find_key("ops.listen"), endpoint); }

bool is_every_address(const IpAddress& address) {
    return address == IpAddress{} || address == *parse_ip("0.0.0.0");
}

void look_ops_every(const LintView& view, LintReport& report) {
    const auto& listen = view.model.ops.listen;
    if (is_every_address(listen.address)) report.at("ops.listen", {endpoint_text(listen)});
}

void look_ops_public(const LintView& view, LintReport& report) {
    const auto& listen = view.model.ops.listen;
    if (!listen.address.is_loopback() && !is_every_address(listen.address))
        report.at("ops.listen", {endpoint_text(listen)});
}

bool is_shared_folder(const std::string& path) {
    static constexpr std::string_view folders[] = {"/tmp", "/var/tmp", "/dev/shm"};
    return std::any_of(std::begin(folders), std::end(folders),
                       [&](std::string_view folder) { return is_under(path, folder); });
}

void look_socket(const LintView& view, LintReport& report) {
    const auto& socket = view.model.ops.admin_socket;
    if (view.model.places.has("ops.admin_socket") && is_shared_folder(socket))
        report.at("ops.admin_socket", {socket});
}

void look_data(const LintView& view, LintReport& report) {
    if (is_shared_folder(view.model.store.data_directory))
        report.at("store.data", {view.model.store.data_directory});
}

void look_master_key(const LintView& view, LintReport& report) {
    const auto& store = view.model.store;
    if (!store.master_key_path.empty() && is_under(store.master_key_path, store.data_directory))
        report.at("store.master_key", {store.master_key_path});
}

void look_demo(const LintView& view, LintReport& report) {
    if (view.model.store.demo) report.at("store.demo");
}

void look_no_checkpoints(const LintView& view, LintReport& report) {
    if (view.model.audit.checkpoint_path.empty())
        report.at("audit", view.model.places.find("audit.directory"));
}

bool beside_record(const Audit& audit) {
    return !audit.checkpoint_path.empty() && is_under(audit.checkpoint_path, audit.directory);
}

void look_beside(const LintView& view, LintReport& report) {
    if (beside_record(view.model.audit)) report.at("audit.checkpoints", {view.model.audit.directory});
}

void look_same_disk(const LintView& view, LintReport& report) {
    const auto& facts = view.facts;
    if (view.model.store.demo || beside_record(view.model.audit)) return;  // the demo has one folder
    if (facts.audit && facts.checkpoints && facts.audit->device == facts.checkpoints->device)
        report.at("audit.checkpoints", {view.model.audit.checkpoint_path});
}

void look_small_disk(const LintView& view, LintReport& report) {
    const auto& facts = view.facts;
    if (view.model.store.demo || !facts.audit || !facts.data) return;
    if (facts.audit->device == facts.data->device && facts.audit->total_bytes < small_disk_bytes)
        report.at("store.data", {std::to_string(facts.audit->total_bytes >> 30)});
}

void look_reserve(const LintView& view, LintReport& report) {
    if (view.model.audit.reserve_bytes < reserve_bytes_min)
        report.at("audit.reserve", {size_text(view.model.audit.reserve_bytes)});
}

void look_unaudited(const LintView& view, LintReport& report) {
    for (const auto& tier : view.model.tiers)
        if (tier.rank >= rank_critical && tier.on_audit_failure == OnAuditFailure::serve_and_count)
            report.at("tiers." + tier.name + ".on_audit_failure", {tier.name});
}

void look_clock(const LintView& view, LintReport& report) {
    if (view.facts.clock_synchronised && !*view.facts.clock_synchronised) report.at("timezone");
}

constexpr LintRule rules[] = {
    {{"ops-listener-every-address", W, "the ops listener {0} is open on every address of this machine",
      "運用ポート {0} が、この機械のすべてのアドレスで開いています",
      "write 127.0.0.1, or one address of a management network",
      "127.0.0.1 か、管理用ネットワークのアドレスを書いてください"},
     "The port meant for the monitoring next door is then on the internet side too: how many sessions, which "
     "errors, when "
     "a reload happens.",
     "CVE-2019-11248 (kubelet): a debugging page on the open health port; 2024: hundreds of thousands of "
     "open Prometheus "
     "servers and exporters were counted.",
     look_ops_every},
    {{"ops-listener-public", W, "metrics are open to whoever reaches {0}",
      "{0} に届く人すべてがメトリクスを読めます",
      "listen on loopback, or keep the port behind a firewall and accept this with the reason",
      "ループバックで待ち受けるか、ファイアウォールで守り、理由を書いて承認してください"},
     "Metrics need no password. They tell an outsider what is deployed, how busy it is and whether an attack "
     "has an "
     "effect.",
     "Envoy's documentation of its administration interface: only over a secure network, best on localhost; "
     "CVE-2019-11248 (kubelet).",
     look_ops_public},
    {{"admin-socket-in-shared-folder", W, "the admin socket {0} is in a folder anybody may write to",
      "管理ソケット {0} が、誰でも書き込めるフォルダーにあります",
      "leave admin_socket out, or use a folder of the gateway's own",
      "admin_socket を省くか、専用のフォルダーに置いてください"},
     "Another user can be there first with a socket of the same name, and the next administrator talks to "
     "it.",
     "CVE-2020-15257 (containerd): an administrative socket every neighbour could reach.",
     look_socket},
    {{"data-in-shared-folder", W, "the data {0} is in a folder that is shared and emptied",
      "データ {0} が、共有され消されることのあるフォルダーにあります", "use /var/lib/sekisho",
      "/var/lib/sekisho を使ってください"},
     "Such folders are cleaned at boot or after days. Accounts, second factors and revocations are gone with "
     "them.",
     "systemd's tmpfiles removes what is old in /tmp and /var/tmp; the MongoDB ransoms of 2017 for data "
     "without a home.",
     look_data},
    {{"master-key-in-data", W, "the master key {0} lies inside the data it protects",
      "マスター鍵 {0} が、それで守るデータの中にあります", "move it, for example to /etc/sekisho/master.key",
      "/etc/sekisho/master.key などに移してください"},
     "A backup of the data then carries its own key: whoever finds the tape has every second factor.",
     "LastPass, 2022: backups and the keys to them were taken one after the other; Storm-0558, 2023: a "
     "signing key that "
     "was where it should not be.",
     look_master_key},
    {{"demo-store", A, "this is a demonstration's store: its accounts are known to whoever ran the demo",
      "デモの保存先です。アカウントは、デモを動かした人に知られています",
      "run `sekisho init` in a new folder for real use",
      "本番では、新しいフォルダーで `sekisho init` を実行してください"},
     "Demonstrations become production by staying. The gateway refuses such a store off loopback; a tunnel "
     "to loopback "
     "goes around that.",
     "Default accounts: Mirai, 2016; ASVS 5.0 V6.3.2.",
     look_demo},
    {{"audit-no-checkpoints", W, "without audit.checkpoints a cut end of the record cannot be shown",
      "audit.checkpoints がないと、記録の末尾を切られても示せません", "add a path on another disk or machine",
      "別のディスクか機械のパスを加えてください"},
     "A chain of hashes proves that nothing in the middle was changed. Whoever cuts its end leaves a "
     "shorter, valid chain.",
     "Intruders remove the end of logs first: MITRE ATT&CK T1070, indicator removal; RFC 6962 publishes "
     "signed heads for "
     "the same reason.",
     look_no_checkpoints},
    {{"audit-checkpoints-beside-record", W, "checkpoints lie beside the record they protect, in {0}",
      "検査点が、守る記録と同じ {0} にあります", "choose another disk or machine",
      "別のディスクか機械を選んでください"},
     "Who can cut the one can cut the other, so together they prove nothing.",
     "MITRE ATT&CK T1070, indicator removal: witnesses on the machine are removed with the rest.",
     look_beside},
    {{"audit-checkpoints-same-disk", A, "checkpoints {0} are on the same file system as the record",
      "検査点 {0} が、記録と同じファイルシステムにあります",
      "write them to another disk, or to a mount of another machine",
      "別のディスクか、別の機械のマウント先に書いてください"},
     "One full or broken disk, and one administrator, takes record and witness together.",
     "GitLab, 31 January 2017: five ways of backup, none of which could help on the day.",
     look_same_disk},
    {{"audit-on-small-disk", W, "the data and the audit record share one disk of {0} GiB",
      "データと監査記録が、{0} GiB の同じディスクにあります",
      "give audit.directory a disk of its own, or a larger one",
      "audit.directory に専用の、または大きなディスクを用意してください"},
     "A night of refused requests fills it. Then no session can be ended, and critical apps refuse "
     "everybody.",
     "auditd.conf(5) advises a partition of its own for the record, so that other data cannot fill it.",
     look_small_disk},
    {{"audit-reserve-small", A, "only {0} are kept free for administrators' acts",
      "管理操作のために空けてあるのは {0} だけです", "write 1MiB or more", "1MiB 以上にしてください"},
     "On a full disk this is the space in which a person can still be locked out and the act still be "
     "recorded.",
     "auditd keeps space_left for the same reason; its manual tells to size it so that somebody has time to "
     "act.",
     look_reserve},
    {{"audit-failure-unrecorded", W, "tier {0} goes on without a record when the audit cannot be written",
      "重要度「{0}」は、監査を書けないとき記録なしで続きます",
      "write on_audit_failure: refuse, the default at rank 3",
      "rank 3 の既定である on_audit_failure: refuse にしてください"},
     "To fill a disk is then the way to work in critical systems unseen.",
     "CWE-778, insufficient logging; MITRE ATT&CK T1562, impair defences.",
     look_unaudited},
    {{"clock-not-synchronised", W, "nothing keeps this machine's clock right",
      "この機械の時計を合わせるものがありません", "install chrony, or start systemd-timesyncd",
      "chrony を入れるか、systemd-timesyncd を動かしてください"},
     "One-time codes, hours, contracts and certificates go by the clock; so does the audit record others "
     "rely on.",
     "ASVS 5.0 V6.5.8 asks for a trusted clock; drifting clocks are the commonest cause of refused one-time "
     "codes "
     "(RFC 6238 section 6).",
     look_clock},
};

}  // namespace

std::span<const LintRule> lint_rules_service() { return rules; }

}  // namespace sekisho::config
