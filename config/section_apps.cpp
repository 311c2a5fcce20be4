// Sections about what is behind the gateway: upstreams and apps.
#include "base/text.hpp"
#include "config/sections.hpp"

namespace sekisho::config {
namespace {

void read_upstream_url(Decoder& decoder, const Key& key, const Node& node, Upstream& out) {
    std::string text;
    if (!read_one(decoder, key, node, text)) return;
    const auto url = parse_url(text);
    out.tls = url->tls;
    out.host = url->host;
    out.port = url->port;
}

void print_upstream_url(Printer& printer, const Key& key, const Upstream& from) {
    const auto text =
        std::string(from.tls ? "https://" : "http://") + from.host + ":" + std::to_string(from.port);
    printer.out.push_back({printer.path, &key, {text}});
}

constexpr Field<Upstream> upstream_fields[] = {
    {"url", read_upstream_url, print_upstream_url},
    field<&Upstream::protocol>("protocol"),
    field<&Upstream::connect_timeout>("connect_timeout"),
    field<&Upstream::response_timeout>("response_timeout"),
    field<&Upstream::total_timeout>("total_timeout"),
    field<&Upstream::connections>("connections"),
    field<&Upstream::ca_path>("ca"),
    field<&Upstream::server_name>("server_name"),
    field<&Upstream::host_header>("host_header"),
};

constexpr Field<App::Preflight> preflight_fields[] = {
    field<&App::Preflight::methods>("methods"),
    field<&App::Preflight::headers>("headers"),
    field<&App::Preflight::credentials>("credentials"),
    field<&App::Preflight::max_age>("max_age"),
};

// Names of fields are compared in lower case, and go into an answer of ours: tokens only.
void read_preflight(Decoder& decoder, const Key& key, const Node& node, App& out) {
    out.preflight.answered = true;
    read_record(decoder, key.path, node, preflight_fields, out.preflight);
    for (auto& name : out.preflight.headers) {
        name = lower(name);
        if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos)
            decoder.fault("app.preflight_header", node, {name});
    }
}

constexpr Field<App> fields_of_app[] = {
    field<&App::title>("title"),
    field<&App::about>("about"),
    field<&App::host>("host"),
    field<&App::paths>("paths"),
    field<&App::methods>("methods"),
    field<&App::upstream>("upstream"),
    field<&App::tier>("tier"),
    field<&App::listed>("listed"),
    field<&App::path_case>("path_case"),
    field<&App::body_bytes>("body"),
    field<&App::websocket>("websocket"),
    field<&App::origins>("origins"),
    field<&App::cross_site_callers>("cross_site_callers"),
    {"preflight", read_preflight,
     [](Printer& printer, const Key& key, const App& from) {
         print_record(printer, key.path, preflight_fields, from.preflight);
     }},
    field<&App::cookie_domains>("cookie_domains"),
    field<&App::assertion>("assertion"),
    field<&App::service_tokens>("service_tokens"),
};

constexpr Field<Model> fields[] = {
    named<&Model::upstreams, upstream_fields>("upstreams"),
    named<&Model::apps, fields_of_app>("apps"),
};

}  // namespace

std::span<const Field<Model>> app_fields() { return fields; }

}  // namespace sekisho::config
