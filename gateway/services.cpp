#include "gateway/services.hpp"

#include "base/base64.hpp"
#include "base/uuid.hpp"
#include "config/files.hpp"

#include <fmt/format.h>

namespace sekisho::gateway {

Result<Secret> AuditKeys::key_for(std::string_view person) { return keys_.key_for(person); }

std::vector<std::string> AuditKeys::people() const {
    std::vector<std::string> names{std::string()};  // anonymous records have a key of their own
    if (const auto rows = store_.accounts())
        for (const auto& row : *rows) names.push_back(row.name);
    return names;
}

std::vector<std::string> AuditReader::people() const {
    std::vector<std::string> names{std::string()};
    if (const auto rows = store_->accounts())
        for (const auto& row : *rows) names.push_back(row.name);
    return names;
}

Result<std::unique_ptr<AuditReader>> open_audit_keys(const config::Model& model,
                                                     const config::Environment& environment) {
    auto master = master_key(model, environment);
    if (!master) return master.error();
    const auto lock = auth::DataDirectory::open(model.store.data_directory);
    auto store = auth::open_sqlite_store(model.store.data_directory + "/sekisho.db");
    if (!store) return store.error();
    auto keys = auth::Keyring::open(**store, system_clock_face(), std::move(*master));
    if (!keys) return keys.error();
    return std::make_unique<AuditReader>(std::move(*store), std::move(*keys),
                                         !lock && lock.error().code() == Errc::exists);
}

auth::PasskeyRules passkey_rules(const config::Model& model, auth::AttestationRoots roots) {
    auth::PasskeyRules rules;
    rules.party = {{model.portal.host}, {model.portal.url}};
    rules.attestation.roots = std::move(roots);
    for (const auto& text : model.factors.passkeys.models)
        if (const auto model_id = parse_uuid(text)) rules.attestation.models.push_back(*model_id);
    return rules;
}

Result<auth::AttestationRoots> attestation_roots(const config::Model& model) {
    const auto& path = model.factors.passkeys.roots_path;
    if (path.empty()) return auth::AttestationRoots();
    constexpr std::size_t pem_bytes_max = 1u << 20;
    const auto pem = config::DiskFiles().read(path, pem_bytes_max);
    auto roots = pem ? auth::AttestationRoots::from_pem(*pem) : Result<auth::AttestationRoots>(pem.error());
    if (!roots) return Error(roots.error().code(), path + ": " + std::string(roots.error().detail()));
    return roots;
}

telemetry::AuditSettings audit_settings(const config::Model& model) {
    telemetry::AuditSettings settings;
    settings.directory = model.audit.directory;
    settings.checkpoint_path = model.audit.checkpoint_path;
    settings.origin = model.portal.host;
    settings.segment_bytes = model.audit.segment_bytes;
    settings.reserve_bytes = model.audit.reserve_bytes;
    settings.checkpoint_every = model.audit.checkpoint_every;
    return settings;
}

Result<Secret> master_key(const config::Model& model, const config::Environment& environment) {
    if (!model.store.master_key_path.empty()) return auth::read_master_key(model.store.master_key_path);
    const auto* value = environment.find(model.store.master_key_env);
    const auto bytes = value ? from_base64url(value->reveal_text()) : std::nullopt;
    if (!bytes || bytes->size() != 32)
        return Error(Errc::malformed,
                     model.store.master_key_env + ": the environment holds no key of 32 bytes in base64url");
    return Secret(*bytes);
}

// What an authenticator app calls us.
std::string issuer_of(const config::Model& model) {
    return model.portal.organisation.en.empty() ? std::string("Sekisho")
                                                : "Sekisho " + model.portal.organisation.en;
}

Services::Services(const config::Model& model, const Clock& time, telemetry::LineSink log_sink,
                   auth::DataDirectory data, std::unique_ptr<auth::Store> opened,
                   std::unique_ptr<auth::Keyring> ring, auth::AttestationRoots roots)
    : clock(time),
      lines(std::move(log_sink)),
      log(lines, registry.shared(), time),
      directory(std::move(data)),
      store(std::move(opened)),
      keys(std::move(ring)),
      audit_keys(*keys, *store),
      hasher(*keys, hash_pool),
      sessions(*store, time, session_log),
      throttle(*store, time, *keys),
      service_tokens(*store, time, session_log),
      activation(*store, time, *keys, hasher, sessions, issuer_of(model)),
      code_tokens(*store, time, *keys, sessions, issuer_of(model)),
      accounts(*store, time, activation, sessions, service_tokens),
      sign_in(*store, time, *keys, hasher, throttle, sessions),
      passkeys(*store, time, *keys, sessions, passkey_rules(model, std::move(roots))),
      assertions(*keys, time, model.portal.url),
      notices(*store, time, registry.shared(), log),
      witness_(model.audit.checkpoint_path.empty() ? std::string() : model.audit.checkpoint_path + ".store") {
    notices.use(std::make_shared<const config::Model>(model));
}

Services::~Services() {
    (void)sessions.flush_last_seen();
    (void)service_tokens.flush_last_used();
    (void)note_head();
    audit.reset();
}

Result<std::unique_ptr<Services>> Services::open(const config::Model& model,
                                                 const config::Environment& environment, const Clock& clock,
                                                 telemetry::LineSink log_sink) {
    auto directory = auth::DataDirectory::open(model.store.data_directory);
    if (!directory) return directory.error();
    auto master = master_key(model, environment);
    if (!master) return master.error();
    auto store = auth::open_sqlite_store(directory->store_path());
    if (!store) return store.error();
    auto keys = auth::Keyring::open(**store, clock, std::move(*master));
    if (!keys) return keys.error();
    auto roots = attestation_roots(model);
    if (!roots) return roots.error();
    std::unique_ptr<Services> services(new Services(model, clock, std::move(log_sink), std::move(*directory),
                                                    std::move(*store), std::move(*keys), std::move(*roots)));
    if (const auto& path = model.factors.refused_passwords_path; !path.empty()) {
        auto list = PasswordList::open(path);
        if (!list) return Error(list.error().code(), path + ": " + std::string(list.error().detail()));
        services->hasher.refuse(std::move(*list));
    }
    const auto audit_key = services->keys->audit_key();
    auto signing =
        SigningKey::from_private_der(SigningKey::Kind::ed25519, audit_key.key->private_der().reveal());
    if (!signing) return signing.error();
    auto audit =
        telemetry::AuditWriter::open(audit_settings(model), std::move(*signing), services->audit_keys, clock,
                                     services->registry.shared(), &services->log);
    if (!audit) return audit.error();
    services->audit = std::move(*audit);
    if (auto compared = services->compare_with_witness(); !compared) return compared.error();
    if (auto loaded = services->throttle.load(); !loaded) return loaded.error();
    if (auto loaded = services->sessions.load(); !loaded) return loaded.error();
    if (auto loaded = services->service_tokens.load(); !loaded) return loaded.error();
    return services;
}

Result<> Services::settle_passkey_host(const config::Model& model) {
    const auto hosts = store->passkey_hosts(model.portal.host);
    if (!hosts) return hosts.error();
    const auto& abandoned = model.factors.passkeys.abandoned_host;
    bool gives_up = false;
    for (const auto& [host, count] : *hosts) {
        if (host == model.portal.host) continue;
        if (host != abandoned)
            return Error(
                Errc::denied,
                fmt::format("{0} passkeys were registered at {1}, and no browser offers them at {2}. Set "
                            "portal.url back to {1}, or give them up with "
                            "factors.passkeys.abandoned_host: {1}; whoever has no other factor then "
                            "needs `sekisho users reset-factors`",
                            count, host, model.portal.host));
        gives_up = true;
    }
    if (!gives_up) return {};
    const auto gone = store->forget_passkeys_of(abandoned);
    if (!gone) return gone.error();
    telemetry::Record record;
    record.event = telemetry::Event::factor_change;
    record.outcome = telemetry::Outcome::done;
    record.reason = "host_abandoned";
    record.facts = {{"host", abandoned}, {"passkeys", std::to_string(*gone)}};
    if (auto kept = audit->append(std::move(record), telemetry::Durability::wait); !kept) return kept.error();
    return {};
}

Result<> Services::note_head() {
    // One waits for a disk at most; the next second's call sees what this one misses.
    const std::unique_lock only_one(noting_, std::try_to_lock);
    if (!only_one) return {};
    const auto head = store->head();
    if (!head) return head.error();
    return witness_.note(*head);
}

// A witness that cannot be believed is no witness for the store either: both count as an old copy.
Result<> Services::compare_with_witness() {
    const auto head = store->head();
    if (!head) return head.error();
    const auto witnessed = witness_.last();
    if (!witnessed && witnessed.error().code() != Errc::malformed) return witnessed.error();
    if (witnessed && *head >= *witnessed) return note_head();
    log.error(
        "the store is older than its witness: every session, service token, link and recovery code ends",
        {{telemetry::FieldName::seq, *head},
         {telemetry::FieldName::checkpoint, witnessed ? *witnessed : std::int64_t{0}}});
    registry.shared().count<telemetry::Metric::store_rollbacks>();
    if (auto done = store->distrust_past(clock.wall(), witnessed ? *witnessed : *head); !done) return done;
    telemetry::Record record;
    record.event = telemetry::Event::store_rollback;
    record.reason = witnessed ? "older_than_witness" : "witness_damaged";
    record.facts = {{"head", std::to_string(*head)},
                    {"witnessed", std::to_string(witnessed ? *witnessed : 0)}};
    (void)audit->append(std::move(record), telemetry::Durability::wait);
    return note_head();
}

}  // namespace sekisho::gateway
