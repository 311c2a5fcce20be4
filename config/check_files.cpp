// Certificates, keys, authorities and secrets: do they fit, and who else could read them?
#include "config/check_files.hpp"

#include "base/password_list_io.hpp"
#include "base/x509.hpp"
#include "config/files.hpp"
#include "config/secrets.hpp"

#include <algorithm>

namespace sekisho::config {
namespace {

constexpr std::size_t pem_bytes_max = 1u << 20;
constexpr std::size_t crl_bytes_max = 16u << 20;

std::string_view id_of(SecretFault fault) noexcept {
    switch (fault) {
        case SecretFault::missing:
            return "secret.missing";
        case SecretFault::not_regular:
            return "secret.not_regular";
        case SecretFault::empty:
            return "secret.empty";
        case SecretFault::too_large:
            return "secret.too_large";
        case SecretFault::stranger:
            return "secret.stranger";
        case SecretFault::world:
            return "secret.world";
        case SecretFault::group:
            return "secret.group";
        default:
            return "secret.unreadable";
    }
}

class FileChecker {
public:
    FileChecker(const Model& model, const CheckOptions& options, Findings& findings)
        : model_(model), options_(options), findings_(findings) {}

    void run() {
        for (std::size_t i = 0; i < model_.tls.certificates.size(); ++i)
            check_certificate(model_.tls.certificates[i], "tls.certificates[" + std::to_string(i) + "]");
        // A certificate nobody could read says nothing about which hosts are covered.
        if (certificates_.size() == model_.tls.certificates.size()) check_coverage();
        for (const auto& upstream : model_.upstreams)
            check_authorities(upstream.ca_path, "upstreams." + upstream.name + ".ca", "upstream.ca");
        for (std::size_t i = 0; i < model_.tls.client_certificates.size(); ++i)
            check_client_authorities(model_.tls.client_certificates[i],
                                     "tls.client_certificates[" + std::to_string(i) + "]");
        check_notify();
        check_master_key();
        check_refused_passwords();
        check_roots();
    }

private:
    Diagnostic& at(std::string_view id, std::string_view path, std::vector<Argument> arguments = {}) {
        return findings_.add(id, model_.places.find(path), std::move(arguments));
    }

    bool check_secret(const std::string& file, std::string_view path) {
        const auto fault = inspect_secret_file(file);
        if (fault != SecretFault::none) at(id_of(fault), path, {file});
        return fault == SecretFault::none;
    }

    void check_certificate(const Certificate& certificate, const std::string& path) {
        const auto pem = DiskFiles().read(certificate.chain_path, pem_bytes_max);
        if (!pem) {
            at(pem.error().code() == Errc::not_found ? "file.missing" : "file.unreadable", path + ".chain",
               {certificate.chain_path});
            return;
        }
        auto facts = read_chain(*pem);
        if (!facts) {
            at("tls.chain", path + ".chain", {std::string(facts.error().detail())});
            return;
        }
        check_dates(*facts, path);
        if (!certificate.staple_path.empty() && !DiskFiles().read(certificate.staple_path, pem_bytes_max))
            at("tls.staple", path + ".staple", {certificate.staple_path});
        check_key(certificate, *facts, path);
        certificates_.push_back(std::move(*facts));
    }

    void check_dates(const CertificateFacts& facts, const std::string& path) {
        const auto end = to_rfc3339_utc(facts.not_after);
        if (options_.now >= facts.not_after)
            at("tls.expired", path + ".chain", {end});
        else if (options_.now < facts.not_before)
            at("tls.not_yet", path + ".chain", {to_rfc3339_utc(facts.not_before)});
    }

    void check_key(const Certificate& certificate, const CertificateFacts& facts, const std::string& path) {
        if (!check_secret(certificate.key_path, path + ".key")) return;
        const auto pem = read_secret_file(certificate.key_path);
        const auto half = pem ? public_key_of_private(pem->reveal_text()) : Result<std::string>(pem.error());
        if (!half)
            at("tls.key", path + ".key", {std::string(half.error().detail())});
        else if (*half != facts.public_key)
            at("tls.mismatch", path + ".key", {certificate.chain_path});
    }

    void check_host(const std::string& host, std::string_view path) {
        const bool covered = std::any_of(certificates_.begin(), certificates_.end(),
                                         [&](const auto& facts) { return facts.matches_host(host); });
        if (!covered) at("tls.uncovered", path, {host});
    }

    void check_coverage() {
        check_host(model_.portal.host, "portal.url");
        for (const auto& app : model_.apps) check_host(app.host, "apps." + app.name + ".host");
    }

    void check_authorities(const std::string& file, const std::string& path, std::string_view id) {
        if (file.empty()) return;
        const auto pem = DiskFiles().read(file, pem_bytes_max);
        const auto facts =
            pem ? read_chain(*pem) : Result<CertificateFacts>(Error(Errc::not_found, "it cannot be read"));
        if (!facts) at(id, path, {file, std::string(facts.error().detail())});
    }

    void check_notify() {
        const auto& mail = model_.notify.mail;
        const auto& webhook = model_.notify.webhook;
        check_authorities(mail.ca_path, "notify.mail.ca", "notify.ca");
        check_authorities(webhook.ca_path, "notify.webhook.ca", "notify.ca");
        if (!mail.password_path.empty()) check_secret(mail.password_path, "notify.mail.password_file");
        if (!webhook.secret_path.empty()) check_secret(webhook.secret_path, "notify.webhook.secret_file");
    }

    void check_client_authorities(const ClientCertificates& wanted, const std::string& path) {
        check_authorities(wanted.ca_path, path + ".ca", "tls.client_ca");
        if (!wanted.crl_path.empty() && !DiskFiles().read(wanted.crl_path, crl_bytes_max))
            at("tls.client_crl", path + ".crl", {wanted.crl_path});
    }

    void check_master_key() {
        const auto& store = model_.store;
        if (store.master_key_env.empty()) {
            check_secret(store.master_key_path, "store.master_key");
        } else if (options_.environment != nullptr &&
                   options_.environment->find(store.master_key_env) == nullptr) {
            at("secret.no_variable", "store.master_key", {store.master_key_env});
        }
    }

    void check_roots() {
        check_authorities(model_.factors.passkeys.roots_path, "factors.passkeys.attestation_roots",
                          "factors.roots");
    }

    void check_refused_passwords() {
        const auto& file = model_.factors.refused_passwords_path;
        if (file.empty()) return;
        if (const auto list = PasswordList::open(file); !list)
            at("factors.refused_passwords", "factors.refused_passwords",
               {file, std::string(list.error().detail())});
    }

    const Model& model_;
    const CheckOptions& options_;
    Findings& findings_;
    std::vector<CertificateFacts> certificates_;
};

}  // namespace

void check_files(const Model& model, const CheckOptions& options, Findings& findings) {
    FileChecker(model, options, findings).run();
}

}  // namespace sekisho::config
