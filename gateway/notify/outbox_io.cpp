#include "gateway/notify/outbox_io.hpp"

#include "base/random.hpp"
#include "config/secrets.hpp"
#include "gateway/notify/courier_io.hpp"
#include "gateway/notify/retry.hpp"
#include "gateway/notify/smtp.hpp"
#include "gateway/notify/webhook.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <fcntl.h>
#include <thread>
#include <unistd.h>

namespace sekisho::gateway {
namespace {

using auth::NoticeChannel;
using auth::NoticeRow;
using telemetry::FieldName;

constexpr std::size_t rows_at_once = 20;
constexpr NoticeChannel channels[] = {NoticeChannel::mail, NoticeChannel::webhook, NoticeChannel::folder};
enum ResultLabel : std::uint8_t { sent, failed, undeliverable };  // label_values::notice_result

// "receiver.example:8443"; the default port is left out.
std::string host_field(const config::Notify::Webhook& webhook) {
    const bool literal = webhook.host.find(':') != std::string::npos;
    auto text = literal ? "[" + webhook.host + "]" : webhook.host;
    if (webhook.port != 443) text += ":" + std::to_string(webhook.port);
    return text;
}

// Written beside and renamed: whoever picks files up never meets half of one.
Result<> write_file(const std::string& folder, const std::string& name, std::string_view content) {
    const auto path = folder + "/" + name, beside = folder + "/." + name + ".part";
    const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return Error(Errc::unavailable, "cannot write into " + folder);
    const auto size = static_cast<ssize_t>(content.size());
    bool good = ::write(file, content.data(), content.size()) == size && ::fsync(file) == 0;
    good = ::close(file) == 0 && good && ::rename(beside.c_str(), path.c_str()) == 0;
    if (!good) return Error(Errc::unavailable, "cannot write into " + folder);
    return {};
}

}  // namespace

class Outbox::Line {
public:
    Line(NoticeChannel channel, auth::Store& store, Notices& notices, Resolver& resolver, const Clock& clock,
         telemetry::SharedShard& shard, telemetry::Log& log, telemetry::AuditWriter& audit)
        : channel_(channel),
          store_(store),
          notices_(notices),
          clock_(clock),
          shard_(shard),
          log_(log),
          audit_(audit),
          courier_(resolver, clock),
          thread_([this] { run(); }) {}

    ~Line() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_all();
        courier_.give_up();
        thread_.join();
    }

    // waiting: as of the last look; whoever scrapes waits for no disk.
    std::size_t waiting() const noexcept { return waiting_.load(std::memory_order_relaxed); }

    void nudge() {
        {
            const std::lock_guard lock(mutex_);
            nudged_ = true;
        }
        wake_.notify_one();
    }

private:
    bool stopping() const {
        const std::lock_guard lock(mutex_);
        return stopping_;
    }

    void run() {
        while (!stopping()) {
            const bool more = round();
            std::unique_lock lock(mutex_);
            if (!more) wake_.wait_for(lock, looked_every, [this] { return stopping_ || nudged_; });
            nudged_ = false;
        }
    }

    // True when there may be more to do at once.
    bool round() {
        const auto model = notices_.model();
        if (!model) return false;
        const auto rows = store_.due_notices(channel_, clock_.wall(), rows_at_once);
        if (!rows) return false;
        bool good = true;
        for (const auto& row : *rows) {
            if (stopping()) return false;
            good = one(*model, row) && good;
        }
        if (const auto left = store_.notices_waiting(channel_)) waiting_ = *left;
        return good && rows->size() == rows_at_once;
    }

    // False when the channel is in trouble: the rest can wait a second.
    bool one(const config::Model& model, const NoticeRow& row) {
        // Put off before it goes out: a store that can be read and not written must not send it every second.
        if (!store_.put_off_notice(row.id, channel_,
                                   clock_.wall() + wait_before(row.attempts + 1, random_below(1000))))
            return false;
        const auto done = deliver(model, row);
        const auto label = static_cast<std::uint8_t>(channel_);
        if (done) {
            shard_.count<telemetry::Metric::notices>(label, sent);
            return store_.delete_notice(row.id, channel_).has_value();
        }
        if (done.error().code() == Errc::closed) return false;  // we are stopping
        shard_.count<telemetry::Metric::notices>(label, failed);
        const auto now = clock_.wall();
        if (done.error().code() == Errc::denied || now - row.created >= model.notify.give_up_after)
            return give_up(row, done.error());
        if (row.attempts == 0)
            log_.warning("a notice could not be delivered and will be tried again",
                         {{FieldName::value, row.id}, {FieldName::detail, done.error().detail()}});
        return false;
    }

    bool give_up(const NoticeRow& row, const Error& error) {
        shard_.count<telemetry::Metric::notices>(static_cast<std::uint8_t>(channel_), undeliverable);
        log_.error("a notice was given up",
                   {{FieldName::value, row.id}, {FieldName::detail, error.detail()}});
        notices_.undelivered(row, error.detail(), audit_);
        return store_.delete_notice(row.id, channel_).has_value();
    }

    Result<> deliver(const config::Model& model, const NoticeRow& row) {
        switch (channel_) {
            case NoticeChannel::mail:
                return mail(model, row);
            case NoticeChannel::webhook:
                return call(model, row);
            case NoticeChannel::folder:
                if (model.notify.folder.empty()) return Error(Errc::unavailable, "notify.folder is off");
                return write_file(model.notify.folder, row.id + ".json", notice_json(row));
        }
        return Error(Errc::internal, "no such channel");
    }

    Result<> mail(const config::Model& model, const NoticeRow& row) {
        const auto& settings = model.notify.mail;
        if (settings.host.empty()) return Error(Errc::unavailable, "notify.mail is off");
        SmtpRoute route{model.portal.host, settings.implicit_tls, settings.user, {}};
        if (!settings.password_path.empty()) {
            auto password = config::read_secret_file(settings.password_path);
            if (!password) return Error(Errc::unavailable, std::string(password.error().detail()));
            route.password = std::move(*password);
        }
        const SmtpMessage message{settings.from, row.address, mail_content(model, row)};
        SmtpConversation conversation(route, message);
        return courier_.carry({settings.host, settings.port, settings.ca_path, settings.implicit_tls,
                               TlsClientContext::Application::unnamed},
                              conversation);
    }

    Result<> call(const config::Model& model, const NoticeRow& row) {
        const auto& settings = model.notify.webhook;
        if (settings.host.empty()) return Error(Errc::unavailable, "notify.webhook is off");
        const auto secret = config::read_secret_file(settings.secret_path);
        if (!secret) return Error(Errc::unavailable, std::string(secret.error().detail()));
        const WebhookCall call{host_field(settings), settings.path, row.id, notice_json(row)};
        WebhookConversation conversation(call, *secret, clock_.wall());
        return courier_.carry(
            {settings.host, settings.port, settings.ca_path, true, TlsClientContext::Application::http1},
            conversation);
    }

    const NoticeChannel channel_;
    auth::Store& store_;
    Notices& notices_;
    const Clock& clock_;
    telemetry::SharedShard& shard_;
    telemetry::Log& log_;
    telemetry::AuditWriter& audit_;
    Courier courier_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false, nudged_ = false;
    std::atomic<std::size_t> waiting_{0};
    std::thread thread_;
};

Outbox::Outbox(auth::Store& store, Notices& notices, Resolver& resolver, const Clock& clock,
               telemetry::Registry& registry, telemetry::Log& log, telemetry::AuditWriter& audit)
    : notices_(notices) {
    for (std::size_t i = 0; i < lines_.size(); ++i)
        lines_[i] = std::make_unique<Line>(channels[i], store, notices, resolver, clock, registry.shared(),
                                           log, audit);
    registry.on_scrape(telemetry::Metric::notices_waiting, [this] {
        std::vector<telemetry::Sample> samples;
        for (std::size_t i = 0; i < lines_.size(); ++i)
            samples.push_back({{std::string(telemetry::label_values::notice_channel[i])},
                               lines_[i] ? static_cast<double>(lines_[i]->waiting()) : 0.0});
        return samples;
    });
    notices.on_new([this] {
        for (auto& line : lines_) line->nudge();
    });
}

Outbox::~Outbox() { notices_.on_new({}); }

}  // namespace sekisho::gateway
