// Sections about the gateway itself: where it listens, what it shows, where it keeps things, its limits.
#include "base/text.hpp"
#include "base/uuid.hpp"
#include "config/files.hpp"
#include "config/sections.hpp"
#include "config/syntax.hpp"

namespace sekisho::config {
namespace {

constexpr Field<Listen> listen_fields[] = {
    field<&Listen::https>("https"),
    field<&Listen::http_redirect>("http_redirect"),
    field<&Listen::balancers>("balancers"),
};

void read_portal_url(Decoder& decoder, const Key& key, const Node& node, Portal& out) {
    std::string text;
    if (!read_one(decoder, key, node, text)) return;
    const auto url = parse_url(text);
    out.url = parse_origin(text).value_or(text);
    out.host = url->host;
    out.port = url->port;
    out.place = node.place;
    if (!url->tls) decoder.fault("portal.https", node);
}

constexpr Field<Portal> portal_fields[] = {
    {"url", read_portal_url,
     [](Printer& printer, const Key& key, const Portal& from) { print_value(printer, key, from.url); }},
    field<&Portal::organisation>("organisation"),
    field<&Portal::help>("help"),
    field<&Portal::hsts>("hsts"),
};

constexpr Field<Certificate> certificate_fields[] = {
    field<&Certificate::chain_path>("chain"),
    field<&Certificate::key_path>("key"),
    field<&Certificate::staple_path>("staple"),
};

void read_certificates(Decoder& decoder, const Key& key, const Node& node, Tls& out) {
    if (!expect_list(decoder, key, node)) return;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        Step step(decoder, "[" + std::to_string(i) + "]");
        decoder.places.put(decoder.path, node.items[i].place);
        Certificate certificate;
        certificate.place = node.items[i].place;
        read_record(decoder, "tls.certificates[]", node.items[i], certificate_fields, certificate);
        out.certificates.push_back(std::move(certificate));
    }
}

void print_certificates(Printer& printer, const Key& key, const Tls& from) {
    Flat flat{printer.path, &key, {}};
    for (const auto& certificate : from.certificates)
        flat.values.push_back(certificate.chain_path + " with " + certificate.key_path +
                              (certificate.staple_path.empty() ? "" : " and " + certificate.staple_path));
    printer.out.push_back(std::move(flat));
}

constexpr Field<ClientCertificates> client_certificate_fields[] = {
    field<&ClientCertificates::hosts>("hosts"),
    field<&ClientCertificates::ca_path>("ca"),
    field<&ClientCertificates::crl_path>("crl"),
    field<&ClientCertificates::demand>("demand"),
};

void read_client_certificates(Decoder& decoder, const Key& key, const Node& node, Tls& out) {
    if (!expect_list(decoder, key, node)) return;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        Step step(decoder, "[" + std::to_string(i) + "]");
        decoder.places.put(decoder.path, node.items[i].place);
        ClientCertificates one;
        one.place = node.items[i].place;
        read_record(decoder, "tls.client_certificates[]", node.items[i], client_certificate_fields, one);
        out.client_certificates.push_back(std::move(one));
    }
}

void print_client_certificates(Printer& printer, const Key& key, const Tls& from) {
    Flat flat{printer.path, &key, {}};
    for (const auto& one : from.client_certificates) {
        std::string hosts;
        for (const auto& host : one.hosts) hosts += (hosts.empty() ? "" : ", ") + host;
        flat.values.push_back(hosts + " by " + one.ca_path +
                              (one.crl_path.empty() ? "" : " less " + one.crl_path) +
                              (one.demand == ClientCertificates::Demand::require ? ", required" : ""));
    }
    printer.out.push_back(std::move(flat));
}

constexpr Field<Tls> tls_fields[] = {
    {"certificates", read_certificates, print_certificates},
    {"client_certificates", read_client_certificates, print_client_certificates},
    field<&Tls::ticket_lifetime>("ticket_lifetime"),
    field<&Tls::http2>("http2"),
};

constexpr Field<Ops> ops_fields[] = {
    field<&Ops::listen>("listen"),
    field<&Ops::allowed_hosts>("allowed_hosts"),
    field<&Ops::admin_socket>("admin_socket"),
};

// A secret's place is written, never the secret: its source line is kept out of the diagnostic.
void read_master_key(Decoder& decoder, const Key& key, const Node& node, Store& out) {
    if (node.is_scalar()) {
        auto& finding = decoder.fault("value.secret_inline", node);
        finding.source.clear();
        finding.width = 1;
        return;
    }
    if (node.kind != Node::Kind::map || node.items.size() != 1 || !node.items[0].is_scalar() ||
        (node.keys[0].text != "file" && node.keys[0].text != "env"))
        return decoder.wrong_type(key, node);
    const auto& value = node.items[0];
    if (node.keys[0].text == "file") {
        Key path = key;
        path.type = Type::path;
        read_one(decoder, path, value, out.master_key_path);
        return;
    }
    if (value.text.rfind("SEKISHO_", 0) != 0 || !is_env_name(value.text)) {
        decoder.fault("secret.variable_name", value, {value.text});
        return;
    }
    out.master_key_env = value.text;
}

void print_master_key(Printer& printer, const Key& key, const Store& from) {
    const auto text = from.master_key_env.empty() ? "{file: " + from.master_key_path + "}"
                                                  : "{env: " + from.master_key_env + "}";
    printer.out.push_back({printer.path, &key, {text}});
}

constexpr Field<Store> store_fields[] = {
    field<&Store::data_directory>("data"),
    {"master_key", read_master_key, print_master_key},
    field<&Store::demo>("demo"),
};

constexpr Field<Audit> audit_fields[] = {
    field<&Audit::directory>("directory"),
    field<&Audit::checkpoint_path>("checkpoints"),
    field<&Audit::segment_bytes>("segment"),
    field<&Audit::reserve_bytes>("reserve"),
    field<&Audit::checkpoint_every>("checkpoint_every"),
};

constexpr Field<Limits> limits_fields[] = {
    field<&Limits::workers>("workers"),
    field<&Limits::connections>("connections"),
    field<&Limits::connections_per_address>("connections_per_address"),
    field<&Limits::handshakes_per_address>("handshakes_per_address"),
    field<&Limits::handshake_rate>("handshake_rate"),
    field<&Limits::head_bytes>("head"),
    field<&Limits::portal_head_bytes>("portal_head"),
    field<&Limits::head_fields>("head_fields"),
    field<&Limits::target_bytes>("target"),
    field<&Limits::body_bytes>("body"),
    field<&Limits::form_bytes>("form"),
    field<&Limits::upstream_head_bytes>("upstream_head"),
    field<&Limits::pipelined>("pipelined"),
    field<&Limits::http2_streams>("http2_streams"),
    field<&Limits::handshake_timeout>("handshake_timeout"),
    field<&Limits::head_timeout>("head_timeout"),
    field<&Limits::keep_alive_timeout>("keep_alive_timeout"),
    field<&Limits::body_min_rate_grace>("body_min_rate_grace"),
    field<&Limits::body_min_rate>("body_min_rate"),
    field<&Limits::drain_timeout>("drain_timeout"),
    field<&Limits::tunnel_idle_timeout>("tunnel_idle_timeout"),
    field<&Limits::upstream_idle_per_worker>("upstream_idle_per_worker"),
    field<&Limits::upstream_idle_timeout>("upstream_idle_timeout"),
    field<&Limits::hash_queue>("hash_queue"),
    field<&Limits::page_queue>("page_queue"),
    field<&Limits::reserved_descriptors>("reserved_descriptors"),
};

constexpr Field<SessionLimits> session_fields[] = {
    field<&SessionLimits::absolute>("absolute"),
    field<&SessionLimits::idle>("idle"),
    field<&SessionLimits::concurrent>("concurrent"),
};

constexpr Field<Sessions> sessions_fields[] = {
    record<&Sessions::staff, session_fields>("staff"),
    record<&Sessions::contractor, session_fields>("contractor"),
    record<&Sessions::ops, session_fields>("ops"),
};

void read_models(Decoder& decoder, const Key& key, const Node& node, Factors::Passkeys& out) {
    if (!expect_list(decoder, key, node)) return;
    for (const auto& item : node.items) {
        std::string text;
        if (!read_one(decoder, key, item, text)) continue;
        if (!parse_uuid(text)) decoder.fault("factors.model", item, {text});
        out.models.push_back(lower(text));
    }
}

constexpr Field<Factors::Passkeys> passkeys_fields[] = {
    field<&Factors::Passkeys::roots_path>("attestation_roots"),
    {"models", read_models,
     [](Printer& printer, const Key& key, const Factors::Passkeys& from) {
         print_value(printer, key, from.models);
     }},
    field<&Factors::Passkeys::hardware_only>("hardware_only"),
    field<&Factors::Passkeys::abandoned_host>("abandoned_host"),
};

constexpr Field<Factors> factors_fields[] = {
    field<&Factors::refused_passwords_path>("refused_passwords"),
    record<&Factors::passkeys, passkeys_fields>("passkeys"),
};

void read_version(Decoder& decoder, const Key& key, const Node& node, Model&) {
    std::uint32_t version = 0;
    read_one(decoder, key, node, version);
}

constexpr Field<Model> fields[] = {
    {"version", read_version, nullptr},
    // Includes were followed when the files were read.
    {"include", [](Decoder&, const Key&, const Node&, Model&) {}, nullptr},
    field<&Model::timezone>("timezone"),
    record<&Model::listen, listen_fields>("listen"),
    record<&Model::portal, portal_fields>("portal"),
    record<&Model::tls, tls_fields>("tls"),
    record<&Model::ops, ops_fields>("ops"),
    record<&Model::store, store_fields>("store"),
    record<&Model::audit, audit_fields>("audit"),
    record<&Model::limits, limits_fields>("limits"),
    record<&Model::sessions, sessions_fields>("sessions"),
    record<&Model::factors, factors_fields>("factors"),
};

}  // namespace

std::span<const Field<Model>> service_fields() { return fields; }

}  // namespace sekisho::config
