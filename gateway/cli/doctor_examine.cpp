// Judging a machine: what would make the gateway refuse, stall or lose something, and what to change.
#include "base/check.hpp"
#include "base/text.hpp"
#include "gateway/cli/doctor_facts.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sekisho::gateway::cli {
namespace {

using config::Argument;
using config::Message;
using config::Severity;

constexpr auto E = Severity::error;
constexpr auto W = Severity::warning;
constexpr auto A = Severity::advice;
constexpr std::uint64_t backlog_min = 1024, ports_min = 20'000;
constexpr std::uint64_t free_bytes_min = 1ull << 30;
constexpr std::uint64_t free_percent_min = 10;
constexpr Millis sync_slow{100};
constexpr std::uint32_t others_bits = 0077;

constexpr Message table[] = {
    {"descriptors-few", W, "a process may open {0} files, but {1} connections need {2}",
     "開けるファイルは {0} 個ですが、接続 {1} 本には {2} 個必要です",
     "LimitNOFILE={2} in the service's unit, or lower limits.connections",
     "サービスのユニットに LimitNOFILE={2} を書くか、limits.connections を下げてください"},
    {"descriptors-of-all-few", W, "the whole machine may open {0} files; this gateway alone may need {1}",
     "機械全体で開けるファイルは {0} 個で、このゲートウェイだけで {1} 個使うことがあります",
     "sysctl -w fs.file-max={1}, and in /etc/sysctl.d",
     "sysctl -w fs.file-max={1} とし、/etc/sysctl.d にも書いてください"},
    {"accept-backlog-short", W, "only {0} connections may wait to be accepted",
     "受け付けを待てる接続は {0} 本だけです", "sysctl -w net.core.somaxconn=4096",
     "sysctl -w net.core.somaxconn=4096 としてください"},
    {"syn-backlog-short", A, "only {0} connections may be half open", "開きかけの接続は {0} 本までです",
     "sysctl -w net.ipv4.tcp_max_syn_backlog=4096",
     "sysctl -w net.ipv4.tcp_max_syn_backlog=4096 としてください"},
    {"local-ports-few", A, "{0} local ports are there for connections to upstreams",
     "アップストリームへの接続に使えるポートは {0} 個です",
     "sysctl -w net.ipv4.ip_local_port_range=\"10240 65535\"",
     "sysctl -w net.ipv4.ip_local_port_range=\"10240 65535\" としてください"},
    {"memory-strict", A,
     "the kernel refuses memory that is asked for and not yet used (vm.overcommit_memory = 2)",
     "使う前のメモリーの確保をカーネルが断ります（vm.overcommit_memory = 2）",
     "leave room in vm.overcommit_ratio, or use 0",
     "vm.overcommit_ratio に余裕を持たせるか、0 にしてください"},
    {"clock-not-synchronised", W, "nothing keeps this machine's clock right",
     "この機械の時計を合わせるものがありません", "install chrony, or start systemd-timesyncd",
     "chrony を入れるか、systemd-timesyncd を動かしてください"},
    {"random-not-ready", E, "the kernel has not gathered enough randomness yet",
     "カーネルの乱数がまだ用意できていません", "give the virtual machine a virtio-rng device, or wait",
     "仮想マシンに virtio-rng を付けるか、お待ちください"},
    {"disk-nearly-full", W, "the disk of {0} has {1} left, {2} %", "{0} のディスクの残りは {1}（{2} %）です",
     "free some space before the record cannot be written", "記録を書けなくなる前に空きを増やしてください"},
    {"disk-slow", W, "a write to the audit record takes {0} to reach the disk",
     "監査記録がディスクに届くまで {0} かかります",
     "use a local disk: each sign-in and revocation waits for it",
     "ローカルのディスクを使ってください。サインインと失効がこれを待ちます"},
    {"data-readable", W, "others on this machine can enter {0}", "この機械のほかの人が {0} に入れます",
     "chmod 700 {0}", "chmod 700 {0}"},
    {"data-of-another", E, "{0} belongs to another user than the one asking",
     "{0} は、実行しているのとは別のユーザーのものです", "run this as the user sekisho, or chown the folder",
     "sekisho ユーザーで実行するか、フォルダーを chown してください"},
    {"runs-as-root", A, "this is root; the gateway needs no such rights",
     "root で実行しています。ゲートウェイに root は不要です",
     "start it as the user sekisho with CAP_NET_BIND_SERVICE",
     "sekisho ユーザーと CAP_NET_BIND_SERVICE で動かしてください"},
    {"port-in-use", E, "{0} is taken by another program", "{0} は別のプログラムが使っています",
     "find it with: ss -ltnp", "ss -ltnp で調べてください"},
    {"port-refused", E, "{0} cannot be listened on: {1}", "{0} で待ち受けられません: {1}",
     "a port below 1024 needs CAP_NET_BIND_SERVICE; an address must be this machine's",
     "1024 未満には CAP_NET_BIND_SERVICE が必要です。アドレスはこの機械のものにしてください"},
    {"upstream-unknown", E, "the name of upstream {0} ({1}) cannot be looked up: {2}",
     "アップストリーム「{0}」（{1}）の名前を引けません: {2}", "check the name, and /etc/resolv.conf",
     "名前と /etc/resolv.conf を確かめてください"},
    {"upstream-unreachable", E, "upstream {0} ({1}) does not answer: {2}",
     "アップストリーム「{0}」（{1}）が応答しません: {2}", "start it, or check the firewall between",
     "起動するか、間のファイアウォールを確かめてください"},
    {"upstream-unverified", E, "upstream {0} ({1}) cannot prove who it is: {2}",
     "アップストリーム「{0}」（{1}）を確認できません: {2}",
     "check ca: and server_name:, and the server's certificate",
     "ca: と server_name:、サーバーの証明書を確かめてください"},
};

class Examination {
public:
    Examination(const config::Model& model, const MachineFacts& facts) : model_(model), facts_(facts) {}

    std::vector<config::Diagnostic> run() {
        judge_descriptors();
        judge_kernel();
        judge_disks();
        judge_user();
        judge_ports();
        judge_upstreams();
        std::stable_sort(found_.begin(), found_.end(),
                         [](const auto& a, const auto& b) { return a.severity() < b.severity(); });
        return std::move(found_);
    }

private:
    void add(std::string_view id, std::vector<Argument> arguments = {}) {
        const auto* row =
            std::find_if(std::begin(table), std::end(table), [&](const Message& m) { return m.id == id; });
        check(row != std::end(table), "a symptom stands in the table");
        config::Diagnostic made;
        made.message = row;
        made.arguments = std::move(arguments);
        found_.push_back(std::move(made));
    }

    void judge_descriptors() {
        // A client's and an upstream's socket for each connection, and what is kept back.
        const auto needed = std::uint64_t{model_.limits.connections} * 2 + model_.limits.reserved_descriptors;
        const auto text = std::to_string(needed);
        if (facts_.descriptors && *facts_.descriptors < needed)
            add("descriptors-few",
                {std::to_string(*facts_.descriptors), std::to_string(model_.limits.connections), text});
        if (facts_.descriptors_of_all && *facts_.descriptors_of_all < needed)
            add("descriptors-of-all-few", {std::to_string(*facts_.descriptors_of_all), text});
    }

    void judge_kernel() {
        if (facts_.accept_backlog && *facts_.accept_backlog < backlog_min)
            add("accept-backlog-short", {std::to_string(*facts_.accept_backlog)});
        if (facts_.syn_backlog && *facts_.syn_backlog < backlog_min)
            add("syn-backlog-short", {std::to_string(*facts_.syn_backlog)});
        if (facts_.port_first && facts_.port_last && *facts_.port_last >= *facts_.port_first &&
            *facts_.port_last - *facts_.port_first + 1 < ports_min)
            add("local-ports-few", {std::to_string(*facts_.port_last - *facts_.port_first + 1)});
        if (facts_.overcommit && *facts_.overcommit == 2) add("memory-strict");
        if (facts_.clock_synchronised && !*facts_.clock_synchronised) add("clock-not-synchronised");
        if (!facts_.random_ready) add("random-not-ready");
    }

    void judge_disk(const std::optional<config::DiskFacts>& disk, const std::string& path) {
        if (!disk || disk->total_bytes == 0) return;
        const auto percent = disk->free_bytes * 100 / disk->total_bytes;
        if (disk->free_bytes < free_bytes_min || percent < free_percent_min)
            add("disk-nearly-full", {path, size_text(disk->free_bytes >> 20 << 20), std::to_string(percent)});
    }

    void judge_disks() {
        judge_disk(facts_.data, model_.store.data_directory);
        const bool apart = facts_.data && facts_.audit && facts_.data->device != facts_.audit->device;
        if (apart) judge_disk(facts_.audit, model_.audit.directory);
        if (facts_.sync_time && *facts_.sync_time > sync_slow)
            add("disk-slow", {duration_text(*facts_.sync_time)});
    }

    void judge_user() {
        const auto& data = model_.store.data_directory;
        if (facts_.data_mode && (*facts_.data_mode & others_bits) != 0) add("data-readable", {data});
        if (!facts_.data_is_ours) add("data-of-another", {data});
        if (facts_.is_root) add("runs-as-root");
    }

    void judge_ports() {
        for (const auto& port : facts_.ports) {
            if (port.error == 0 || (port.error == EADDRINUSE && facts_.gateway_runs)) continue;
            if (port.error == EADDRINUSE)
                add("port-in-use", {port.address});
            else
                add("port-refused", {port.address, std::string(std::strerror(port.error))});
        }
    }

    void judge_upstreams() {
        for (const auto& upstream : facts_.upstreams) {
            const auto say = [&](std::string_view id, const std::string& why) {
                if (!why.empty()) add(id, {upstream.name, upstream.target, why});
            };
            say("upstream-unknown", upstream.resolve_error);
            say("upstream-unreachable", upstream.connect_error);
            say("upstream-unverified", upstream.handshake_error);
        }
    }

    const config::Model& model_;
    const MachineFacts& facts_;
    std::vector<config::Diagnostic> found_;
};

}  // namespace

std::vector<config::Diagnostic> examine(const config::Model& model, const MachineFacts& facts) {
    return Examination(model, facts).run();
}

}  // namespace sekisho::gateway::cli
