#pragma once
// Services is what a gateway keeps on disk and in memory, composed in one place: store, keys, accounts,
// sessions, logs, audit. The daemon has one; the command line opens one while no gateway runs.
#include "auth/accounts.hpp"
#include "auth/code_tokens.hpp"
#include "auth/data_directory.hpp"
#include "auth/jwt.hpp"
#include "auth/sign_in.hpp"
#include "auth/store/sqlite_store.hpp"
#include "auth/store/witness_io.hpp"
#include "config/model.hpp"
#include "config/secrets.hpp"
#include "gateway/notify/notice.hpp"
#include "telemetry/audit_sink_io.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

#include <memory>
#include <mutex>

namespace sekisho::gateway {

// AuditKeys gives the audit each person's key from the keyring.
class AuditKeys final : public telemetry::PersonKeys {
public:
    AuditKeys(auth::Keyring& keys, auth::Store& store) : keys_(keys), store_(store) {}
    Result<Secret> key_for(std::string_view person) override;
    std::vector<std::string> people() const override;

private:
    auth::Keyring& keys_;
    auth::Store& store_;
};

class Services {
public:
    // open takes the data directory's lock, opens store, keys and audit.
    // Errors: Errc::exists when another process works in the directory; what store, keys, the list of refused
    // passwords and audit report.
    static Result<std::unique_ptr<Services>> open(const config::Model& model,
                                                  const config::Environment& environment, const Clock& clock,
                                                  telemetry::LineSink log_sink);
    ~Services();

    const Clock& clock;
    telemetry::Registry registry;
    telemetry::LineWriter lines;
    telemetry::Log log;
    auth::DataDirectory directory;
    std::unique_ptr<auth::Store> store;
    std::unique_ptr<auth::Keyring> keys;
    AuditKeys audit_keys;
    std::unique_ptr<telemetry::AuditWriter> audit;
    auth::HashPool hash_pool;
    auth::PasswordHasher hasher;
    auth::SessionLog session_log;
    auth::SessionService sessions;
    auth::Throttle throttle;
    auth::ServiceTokens service_tokens;
    auth::Activation activation;
    auth::CodeTokens code_tokens;
    auth::Accounts accounts;
    auth::SignIn sign_in;
    auth::Passkeys passkeys;
    auth::AssertionMaker assertions;
    Notices notices;

    // settle_passkey_host refuses to serve a portal whose people hold passkeys of another host, which no
    // browser would offer there (R24), unless the configuration gives that host up: then they are removed and
    // that is on record. Errors: Errc::denied with what to do; Errc::unavailable.
    Result<> settle_passkey_host(const config::Model& model);

    // note_head tells the store's witness how far it has come; call about once a second.
    Result<> note_head();

private:
    // compare_with_witness ends everything an old copy of the store could bring back (R9).
    Result<> compare_with_witness();
    std::mutex noting_;
    auth::StoreWitness witness_;

    Services(const config::Model& model, const Clock& clock, telemetry::LineSink log_sink,
             auth::DataDirectory directory, std::unique_ptr<auth::Store> store,
             std::unique_ptr<auth::Keyring> keys, auth::AttestationRoots roots);
};

// AuditReader holds what reading the audit needs: keys of people and the key checkpoints are signed with. It
// takes no lock and makes nothing, so a gateway may be running.
class AuditReader final : public telemetry::PersonKeys {
public:
    AuditReader(std::unique_ptr<auth::Store> store, std::unique_ptr<auth::Keyring> keys, bool gateway_runs)
        : store_(std::move(store)), keys_(std::move(keys)), gateway_runs_(gateway_runs) {}
    Result<Secret> key_for(std::string_view person) override { return keys_->find_key_for(person); }
    std::vector<std::string> people() const override;
    telemetry::PersonKeys& person_keys() noexcept { return *this; }
    Bytes audit_public_key() const { return keys_->audit_key().key->public_bytes(); }
    bool gateway_runs() const noexcept { return gateway_runs_; }

private:
    std::unique_ptr<auth::Store> store_;
    std::unique_ptr<auth::Keyring> keys_;
    bool gateway_runs_;
};
// Errors: what store and keys report.
Result<std::unique_ptr<AuditReader>> open_audit_keys(const config::Model& model,
                                                     const config::Environment& environment);

// audit_settings: where and how the model wants the audit written.
telemetry::AuditSettings audit_settings(const config::Model& model);

// master_key reads the key from where the model says. Errors: Errc::denied, not_found, malformed.
Result<Secret> master_key(const config::Model& model, const config::Environment& environment);

}  // namespace sekisho::gateway
