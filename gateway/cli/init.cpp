#include "auth/keyring.hpp"
#include "base/x509_make.hpp"
#include "config/check.hpp"
#include "config/files.hpp"
#include "config/starter.hpp"
#include "gateway/cli/cli.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace sekisho::gateway::cli {
namespace {

namespace fs = std::filesystem;

constexpr int certificate_days = 30;

struct Options {
    std::string folder = "/etc/sekisho", data, portal = "portal.localhost:8443", person;
    std::vector<std::string> listen;
};

// Where the example's app is: beside the portal, so that one certificate of the first days serves both.
std::string example_host(const std::string& portal) {
    const auto parent = portal.substr(portal.find('.') + 1);
    return "wiki." + (parent.find('.') != std::string::npos || parent == "localhost" ? parent : portal);
}

// First run, step by step. Nothing that is there is touched; each step says what it did.
class FirstRun {
public:
    FirstRun(Context& context, const Options& options)
        : context_(context),
          folder_(options.folder),
          options_(options),
          data_(!options.data.empty() ? fs::path(options.data)
                : packaged()          ? fs::path("/var/lib/sekisho")
                                      : folder_ / "data") {}

    void run() {
        if (answers() && folders() && master_key() && certificate() && configuration()) next();
    }

private:
    bool answers();
    bool folders();
    bool master_key();
    bool certificate();
    bool configuration();
    void next();
    config::Starter starter() const;
    std::string host() const { return options_.portal.substr(0, options_.portal.find(':')); }
    bool packaged() const { return folder_ == "/etc/sekisho"; }

    bool failed(std::string_view sentence) {
        complain(sentence);
        context_.exit_code = exit_could_not_run;
        return false;
    }
    // write_new: mode from the first moment, never over what is there.
    enum class Written : std::uint8_t { made, kept, failed };
    Written write_new(const fs::path& path, ByteView bytes, mode_t mode);
    // What only the gateway may read becomes its own; what it may read but not change stays with root.
    void give(const fs::path& path, mode_t mode) const {
        const uid_t owner = mode == 0600 ? owner_ : 0;
        if (::geteuid() == 0 && ::lchown(path.c_str(), owner, group_) != 0)
            complain(fmt::format("{}: {}", path.string(), std::strerror(errno)));
    }
    void made(const fs::path& path, std::string_view what) {
        say(fmt::format("{}  {}  {}", context_.pick("作りました", "made "), path.string(), what));
    }
    void kept(const fs::path& path) {
        say(fmt::format(
            "{}  {}", context_.pick("そのまま  ", "kept "),
            fmt::format("{}  {}", path.string(), context_.pick("すでにあります", "it was there"))));
    }

    Context& context_;
    const fs::path folder_;
    const Options& options_;
    const fs::path data_;
    uid_t owner_ = ::geteuid();
    gid_t group_ = ::getegid();
    bool certificate_made_ = false, configuration_made_ = false;
};

FirstRun::Written FirstRun::write_new(const fs::path& path, ByteView bytes, mode_t mode) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0) {
        if (errno == EEXIST) return Written::kept;
        failed(fmt::format("{}: {}", path.string(), std::strerror(errno)));
        return Written::failed;
    }
    const bool whole =
        ::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) && ::fsync(fd) == 0;
    ::close(fd);
    if (!whole) {
        ::unlink(path.c_str());
        failed(fmt::format("{}: {}", path.string(), std::strerror(errno)));
        return Written::failed;
    }
    give(path, mode);
    return Written::made;
}

// A wrong answer is told before anything is made: a key or certificate for it would be kept by the next run.
bool FirstRun::answers() {
    const auto path = (folder_ / "sekisho.yaml").string();
    if (fs::exists(path)) return true;
    const auto files = config::MemoryFiles().put(path, config::starter_config(starter()));
    const auto loaded = config::load_checked_from(files, path, {system_clock_face().wall(), false});
    return loaded.model || failed(config::to_text(loaded.diagnostics, context_.language));
}

// Whoever owns the data directory is who the gateway runs as: what root makes here is given to it.
bool FirstRun::folders() {
    std::error_code failure;
    fs::create_directories(folder_, failure);
    const bool fresh = !failure && fs::create_directories(data_, failure);
    if (!failure && !packaged()) fs::create_directories(folder_ / "run", failure);
    struct stat facts {};
    if (failure || ::stat(data_.c_str(), &facts) != 0)
        return failed(fmt::format("{}: {}", data_.string(), failure.message()));
    owner_ = facts.st_uid;
    group_ = facts.st_gid;
    ::chmod(data_.c_str(), 0700);
    if (!packaged()) ::chmod((folder_ / "run").c_str(), 0700);
    fresh ? made(data_, "(0700)") : kept(data_);
    return true;
}

bool FirstRun::master_key() {
    const auto path = folder_ / "master.key";
    const auto key = auth::create_master_key(path.string());
    if (!key && key.error().code() != Errc::exists) return failed(key.error().detail());
    if (!key) {
        kept(path);
        return true;
    }
    give(path, 0600);
    made(path, context_.pick("(0600) 控えを金庫に。失うと保存した秘密は戻りません",
                             "(0600) Keep a copy in a safe: without it what is stored stays sealed"));
    return true;
}

bool FirstRun::certificate() {
    if (fs::exists(folder_ / "sekisho.yaml")) return true;
    const auto chain = folder_ / "portal.pem", key = folder_ / "portal.key";
    if (fs::exists(chain) && fs::exists(key)) {
        kept(chain);
        return true;
    }
    const auto signed_ =
        make_self_signed({host(), example_host(host())}, system_clock_face().wall(), certificate_days);
    if (!signed_) return failed(signed_.error().detail());
    if (write_new(key, signed_->key_pem.reveal(), 0600) == Written::failed ||
        write_new(chain, as_bytes(signed_->certificate_pem), 0644) == Written::failed)
        return false;
    certificate_made_ = true;
    made(chain, fmt::format(fmt::runtime(context_.pick("({} 日の自己署名。本物と取り替えてください)",
                                                       "({} days, self-signed: replace it)")),
                            certificate_days));
    return true;
}

config::Starter FirstRun::starter() const {
    config::Starter starter;
    std::error_code none;
    const auto zone = fs::read_symlink("/etc/localtime", none).string();
    if (const auto at = zone.find("zoneinfo/"); at != std::string::npos)
        starter.timezone = zone.substr(at + 9);
    if (starter.timezone == "Etc/UTC" || starter.timezone.empty()) starter.timezone = "UTC";
    starter.https = options_.listen;
    const bool loopback = host().ends_with("localhost");
    if (starter.https.empty() && loopback) starter.https = {"127.0.0.1:8443"};
    if (starter.https.empty()) {
        starter.https = {"0.0.0.0:443", "[::]:443"};
        starter.redirect = {"0.0.0.0:80", "[::]:80"};
    }
    starter.portal_url = "https://" + options_.portal;
    starter.chain_path = "portal.pem";
    starter.key_path = "portal.key";
    starter.data_path = fs::absolute(data_).string();
    starter.master_key_path = "master.key";
    starter.app_host = example_host(host());
    starter.person = options_.person;
    return starter;
}

// The file is judged before it is kept: what init writes passes `sekisho check`, or is not there.
bool FirstRun::configuration() {
    const auto path = folder_ / "sekisho.yaml";
    const auto text = config::starter_config(starter());
    switch (write_new(path, as_bytes(text), 0640)) {
        case Written::failed:
            return false;
        case Written::kept:
            kept(path);
            return true;
        case Written::made:
            break;
    }
    if (const auto loaded = config::load_checked(path.string(), {system_clock_face().wall(), true});
        !loaded.model) {
        ::unlink(path.c_str());
        return failed(config::to_text(loaded.diagnostics, context_.language));
    }
    configuration_made_ = true;
    made(path, "(0640)");
    return true;
}

void FirstRun::next() {
    const auto config = (folder_ / "sekisho.yaml").string();
    const auto option = packaged() ? std::string() : " --config " + config;
    say(context_.ja() ? fmt::format("次に: 設定を直し、sekisho check{} で確かめます", option)
                      : fmt::format("Next: put in your people and apps, then sekisho check{}", option));
}

}  // namespace

void add_init(const Verb& program, Context& context) {
    auto options = std::make_shared<Options>();
    const auto verb =
        program.add("init",
                    {"設定、マスター鍵、データの場所を作る。あるものには触らない",
                     "Write a configuration, the master key and the data directory; touches nothing "
                     "that is there"},
                    "init --portal portal.example.com");
    verb.option("--dir", options->folder,
                {"設定の場所（既定 /etc/sekisho）", "where (/etc/sekisho unless given)"});
    verb.option("--data", options->data, {"データの場所", "where the data goes"});
    verb.option("--portal", options->portal,
                {"ポータルのホスト名。443 以外ならポートも", "host of the portal, with the port unless 443"});
    verb.option("--listen", options->listen, {"待ち受けるアドレス", "addresses to listen on"});
    verb.option("--person", options->person,
                {"最初の運用担当のアカウント名", "account name of the first person, of kind ops"});
    verb.runs([&context, options] { FirstRun(context, *options).run(); });
}

}  // namespace sekisho::gateway::cli
