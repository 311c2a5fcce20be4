#include "gateway/notify/notice.hpp"

#include "base/base64.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "base/words.hpp"
#include "base/words_time.hpp"
#include "gateway/portal/agent.hpp"
#include "gateway/portal/standings.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

// One row for each event people hear of. `factor` and `change` fill the sentence where it has room for them.
struct Telling {
    std::string_view event, key, factor, change;
};
constexpr Telling tellings[] = {
    {"activation.completed", "mail.factor_changed", "notice.password_and_app", "notice.set_up"},
    {"password.changed", "mail.factor_changed", "notice.password", "notice.changed"},
    {"factor.enrolled", "mail.factor_changed", "notice.app", "notice.replaced"},
    {"factor.code_added", "mail.factor_changed", "notice.app", "notice.set_up"},
    {"factor.code_replaced", "mail.factor_changed", "notice.app", "notice.replaced"},
    {"factor.code_removed", "mail.factor_changed", "notice.app", "notice.removed"},
    {"factor.passkey_added", "mail.factor_changed", "notice.passkey", "notice.set_up"},
    {"factor.passkey_removed", "mail.factor_changed", "notice.passkey", "notice.removed"},
    {"factor.counter_alarm", "mail.passkey_copy", "", ""},
    {"recovery.renewed", "mail.factor_changed", "notice.recovery_codes", "notice.replaced"},
    {"device.lost", "mail.device_lost", "", ""},
    {"account.factors_reset", "mail.factors_reset", "", ""},
    {"account.disabled", "mail.account_disabled", "", ""},
};

std::string_view key_of(const NoticeFacts& facts, const Telling*& telling) {
    telling = nullptr;
    if (facts.event == "signin.succeeded")
        return facts.by_recovery ? "mail.recovery_used" : facts.new_browser ? "mail.new_device" : "";
    const auto* found = std::find_if(std::begin(tellings), std::end(tellings),
                                     [&](const Telling& row) { return row.event == facts.event; });
    if (found == std::end(tellings)) return "";
    telling = found;
    return found->key;
}

std::string device_of(const NoticeFacts& facts, Language language) {
    const auto agent = read_agent(facts.agent);
    if (!facts.device.empty()) return facts.device;
    if (agent.browser.empty() && agent.system.empty()) return text("agent.unknown", language);
    if (agent.system.empty() || agent.browser.empty())
        return std::string(agent.browser) + std::string(agent.system);
    return text("agent.on", language, {{"browser", agent.browser}, {"system", agent.system}});
}

std::string place_of(const config::Model& model, const NoticeFacts& facts) {
    if (!facts.from) return "-";
    for (const auto& network : model.networks)
        for (const auto& prefix : network.prefixes)
            if (prefix.contains(*facts.from)) return network.name;
    return to_text(*facts.from);
}

Language language_of(const config::Model& model, const config::Person& person) {
    return person.language.value_or(model.notify.language.value_or(Language::en));
}

std::string foot_of(const config::Model& model, Language language) {
    std::string foot = "\n\n" + text("mail.portal", language, {{"url", model.portal.url}}) + "\n\n--\n" +
                       text("mail.foot", language);
    const auto& help = model.portal.help.in(language);
    if (!help.empty()) foot += "\n" + help;
    return foot += "\n";
}

}  // namespace

std::vector<auth::NoticeRow> compose(const config::Model& model, const NoticeFacts& facts, WallTime now) {
    const Telling* telling = nullptr;
    const auto key = key_of(facts, telling);
    const auto* person = find_person(model, facts.user);
    if (key.empty() || person == nullptr) return {};
    const auto language = language_of(model, *person);
    const auto small = [&](std::string_view word_key) {
        return word_key.empty() ? std::string() : text(word_key, language);
    };
    const auto time = date_in_table(now, zone_of(model), language);
    const auto device = device_of(facts, language), place = place_of(model, facts);
    const auto n = std::to_string(telling && telling->event == "device.lost" ? facts.sessions_ended
                                                                             : facts.recovery_codes_left);
    const auto factor = small(telling ? telling->factor : ""), change = small(telling ? telling->change : "");
    const Fills fills = {{"time", time},     {"device", device}, {"place", place},
                         {"factor", factor}, {"change", change}, {"n", n}};
    auth::NoticeRow row;
    row.id = hex(random_bytes<16>());
    row.kind = key.substr(key.find('.') + 1);
    row.user = facts.user;
    row.language = to_text(language);
    row.subject = title(key, language, fills);
    row.body = text(key, language, fills) + foot_of(model, language);
    row.created = row.due = now;
    std::vector<auth::NoticeRow> rows;
    const auto by = [&](auth::NoticeChannel channel, std::string address) {
        row.channel = channel;
        row.address = std::move(address);
        rows.push_back(row);
    };
    if (!model.notify.mail.host.empty() && !person->mail.empty()) by(auth::NoticeChannel::mail, person->mail);
    if (!model.notify.webhook.host.empty()) by(auth::NoticeChannel::webhook, {});
    if (!model.notify.folder.empty()) by(auth::NoticeChannel::folder, {});
    return rows;
}

std::string notice_json(const auth::NoticeRow& row) {
    std::string out;
    JsonWriter(out)
        .begin_object()
        .field("id", row.id)
        .field("kind", row.kind)
        .field("time", to_rfc3339_utc(row.created))
        .field("user", row.user)
        .field("language", row.language)
        .field("subject", row.subject)
        .field("text", row.body)
        .end_object();
    return out;
}

void Notices::use(std::shared_ptr<const config::Model> model) {
    const std::lock_guard lock(mutex_);
    model_ = std::move(model);
}

void Notices::on_new(std::function<void()> told) {
    const std::lock_guard lock(mutex_);
    on_new_ = std::move(told);
}

std::shared_ptr<const config::Model> Notices::model() const {
    const std::lock_guard lock(mutex_);
    return model_;
}

void Notices::tell(const NoticeFacts& facts, telemetry::AuditWriter& audit) {
    const auto model = this->model();
    if (!model) return;
    const auto rows = compose(*model, facts, clock_.wall());
    if (rows.empty()) return;
    const auto kept = store_.put_notices(rows, model->notify.waiting_max);
    if (!kept || !*kept) {
        log_.error("a notice to a person could not be kept",
                   {{telemetry::FieldName::cause, kept ? "too many wait" : "store"}});
        for (const auto& row : rows) {
            shard_.count<telemetry::Metric::notices>(static_cast<std::uint8_t>(row.channel), 3);
            undelivered(row, kept ? "too many notices wait" : "the store could not keep it", audit);
        }
        return;
    }
    const std::lock_guard lock(mutex_);
    if (on_new_) on_new_();
}

void Notices::undelivered(const auth::NoticeRow& row, std::string_view why, telemetry::AuditWriter& audit) {
    static constexpr std::string_view channels[] = {"mail", "webhook", "folder"};
    telemetry::Record record;
    record.event = telemetry::Event::notice_undelivered;
    record.outcome = telemetry::Outcome::failed;
    record.user = row.user;
    record.reason = row.kind;
    record.detail = why;
    record.count = row.attempts;
    record.facts = {{"channel", std::string(channels[static_cast<std::size_t>(row.channel)])},
                    {"notice", row.id}};
    audit.append(std::move(record), telemetry::AuditWriter::Done{});
}

}  // namespace sekisho::gateway
