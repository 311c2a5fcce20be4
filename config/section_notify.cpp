// Section notify: by which ways people hear of what happened to their account.
#include "base/text.hpp"
#include "config/sections.hpp"
#include "config/syntax.hpp"

#include <algorithm>

namespace sekisho::config {
namespace {

constexpr std::uint16_t submission_port = 587, submissions_port = 465;  // RFC 6409, RFC 8314

void read_server(Decoder& decoder, const Key& key, const Node& node, Notify::Mail& out) {
    std::string text;
    if (!read_one(decoder, key, node, text)) return;
    out.port = 0;  // the default depends on another key
    const auto colon = text.rfind(':');
    const bool bracketed = text.front() == '[';
    if (colon != std::string::npos && (!bracketed || text[colon - 1] == ']')) {
        out.port = parse_port(text.substr(colon + 1)).value_or(0);
        text.resize(colon);
    }
    out.host = bracketed ? text.substr(1, text.size() - 2) : text;
}

void print_server(Printer& printer, const Key& key, const Notify::Mail& from) {
    const auto text = from.host.empty() ? std::string() : from.host + ":" + std::to_string(from.port);
    printer.out.push_back({printer.path, &key, {text}});
}

constexpr Field<Notify::Mail> mail_fields[] = {
    {"server", read_server, print_server},
    field<&Notify::Mail::implicit_tls>("implicit_tls"),
    {"from",
     [](Decoder& decoder, const Key& key, const Node& node, Notify::Mail& out) {
         read_mail_address(decoder, key, node, out.from);
     },
     [](Printer& printer, const Key& key, const Notify::Mail& from) {
         print_value(printer, key, from.from);
     }},
    field<&Notify::Mail::ca_path>("ca"),
    field<&Notify::Mail::user>("user"),
    field<&Notify::Mail::password_path>("password_file"),
};

void read_url(Decoder& decoder, const Key& key, const Node& node, Notify::Webhook& out) {
    std::string text;
    if (!read_one(decoder, key, node, text)) return;
    const auto url = parse_url(text);
    out.host = url->host;
    out.port = url->port;
    if (!url->tls) decoder.fault("notify.https", node);
}

void print_url(Printer& printer, const Key& key, const Notify::Webhook& from) {
    const auto text =
        from.host.empty() ? std::string() : "https://" + from.host + ":" + std::to_string(from.port);
    printer.out.push_back({printer.path, &key, {text}});
}

constexpr Field<Notify::Webhook> webhook_fields[] = {
    {"url", read_url, print_url},
    field<&Notify::Webhook::path>("path"),
    field<&Notify::Webhook::ca_path>("ca"),
    field<&Notify::Webhook::secret_path>("secret_file"),
};

constexpr Field<Notify> notify_fields[] = {
    record<&Notify::mail, mail_fields>("mail"),
    record<&Notify::webhook, webhook_fields>("webhook"),
    field<&Notify::folder>("folder"),
    field<&Notify::language>("language"),
    field<&Notify::give_up_after>("give_up_after"),
    field<&Notify::waiting_max>("waiting"),
};

void read_notify(Decoder& decoder, const Key& key, const Node& node, Model& out) {
    auto& notify = out.notify;
    read_record(decoder, key.path, node, notify_fields, notify);
    if (notify.mail.port == 0)
        notify.mail.port = notify.mail.implicit_tls ? submissions_port : submission_port;
}

constexpr Field<Model> fields[] = {
    {"notify", read_notify,
     [](Printer& printer, const Key& key, const Model& from) {
         print_record(printer, key.path, notify_fields, from.notify);
     }},
};

}  // namespace

std::span<const Field<Model>> notify_fields_of_model() { return fields; }

void read_mail_address(Decoder& decoder, const Key& key, const Node& node, std::string& out) {
    std::string text;
    if (!read_one(decoder, key, node, text)) return;
    if (!is_mail_address(text)) {
        decoder.fault("notify.address", node, {text});
        return;
    }
    out = std::move(text);
}

}  // namespace sekisho::config
