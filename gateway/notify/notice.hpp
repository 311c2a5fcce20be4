#pragma once
// Notices: what people are told of their account by a way other than the browser that did it (R16). Composed
// in the person's language from the table of words; no secret, and no link that signs anybody in.
#include "auth/store.hpp"
#include "base/ip.hpp"
#include "config/model.hpp"
#include "telemetry/audit_sink_io.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

#include <functional>
#include <memory>
#include <mutex>

namespace sekisho::gateway {

// What happened, in the words of page events and of operators' acts: "signin.succeeded",
// "account.disabled".
struct NoticeFacts {
    std::string event;
    std::string user;
    std::string agent;                    // User-Agent, of whoever did it
    std::optional<IpAddress> from;        // likewise
    bool new_browser = false;             // signin.succeeded
    bool by_recovery = false;             // signin.succeeded
    std::size_t recovery_codes_left = 0;  // signin.succeeded
    std::string device;                   // device.lost: its id
    std::size_t sessions_ended = 0;       // device.lost
};

// compose gives one row for each channel that is on and can reach the person; none when the event is nothing
// to tell, or nobody of that name is known.
std::vector<auth::NoticeRow> compose(const config::Model& model, const NoticeFacts& facts, WallTime now);

// mail_content is a row as a mail message (RFC 5322): header fields and body, lines ending in CRLF.
std::string mail_content(const config::Model& model, const auth::NoticeRow& row);
// notice_json is a row as the webhook and the folder get it.
std::string notice_json(const auth::NoticeRow& row);

// Notices keeps what is to be told in the store. Thread: any that may wait for a disk; never a worker. A
// notice that cannot be kept fails nothing: it is counted, logged and recorded as lost.
class Notices {
public:
    Notices(auth::Store& store, const Clock& clock, telemetry::SharedShard& shard, telemetry::Log& log)
        : store_(store), clock_(clock), shard_(shard), log_(log) {}

    // use says which configuration is in force. on_new is told when something was kept.
    void use(std::shared_ptr<const config::Model> model);
    void on_new(std::function<void()> told);
    std::shared_ptr<const config::Model> model() const;

    void tell(const NoticeFacts& facts, telemetry::AuditWriter& audit);
    // undelivered records a notice that will not reach anybody.
    void undelivered(const auth::NoticeRow& row, std::string_view why, telemetry::AuditWriter& audit);

private:
    auth::Store& store_;
    const Clock& clock_;
    telemetry::SharedShard& shard_;
    telemetry::Log& log_;
    mutable std::mutex mutex_;
    std::shared_ptr<const config::Model> model_;
    std::function<void()> on_new_;
};

}  // namespace sekisho::gateway
