// The whole model: its sections in one list, and defaults that follow from other values.
#include "config/sections.hpp"

#include "base/text.hpp"
#include "config/files.hpp"

namespace sekisho::config {
namespace {

const std::vector<Field<Model>>& root_fields() {
    static const auto all = [] {
        std::vector<Field<Model>> fields;
        for (const auto section :
             {service_fields(), notify_fields_of_model(), people_fields(), app_fields(), rule_fields()})
            fields.insert(fields.end(), section.begin(), section.end());
        return fields;
    }();
    return all;
}

void fill_hours(Hours& hours, const std::string& timezone) {
    if (hours.timezone.empty()) hours.timezone = timezone;
    if (!hours.calendar.empty() && !hours.on) hours.on = DaysOf::business_days;
}

void fill_people(Model& model) {
    for (auto& person : model.people)
        if (person.display.en.empty()) person.display = {person.name, person.name};
    for (auto& calendar : model.calendars)
        if (calendar.timezone.empty()) calendar.timezone = model.timezone;
    for (auto& org : model.orgs) {
        if (org.timezone.empty()) org.timezone = model.timezone;
        for (auto& hours : org.hours) fill_hours(hours, org.timezone);
    }
    for (auto& rule : model.rules)
        for (auto& condition : rule.conditions) fill_hours(condition.hours, model.timezone);
}

void fill_apps(Model& model) {
    for (auto& upstream : model.upstreams)
        if (upstream.server_name.empty()) upstream.server_name = upstream.host;
    const auto port = model.portal.port == 443 ? std::string() : ":" + std::to_string(model.portal.port);
    for (auto& app : model.apps)
        if (app.origins.empty()) app.origins.push_back("https://" + app.host + port);
}

void fill_places(Model& model) {
    if (model.ops.admin_socket.empty())
        model.ops.admin_socket = resolve_path(model.store.data_directory, "admin.sock");
    if (model.audit.directory.empty())
        model.audit.directory = resolve_path(model.store.data_directory, "audit");
}

}  // namespace

void read_model(Decoder& decoder, const Node& root, Model& model) {
    read_record<Model>(decoder, "", root, root_fields(), model);
    expand_levels(decoder, model);
    fill_people(model);
    fill_apps(model);
    fill_places(model);
    model.tls.place = decoder.places.find("tls");
}

std::vector<Flat> flatten(const Model& model) {
    std::vector<Flat> out;
    Printer printer{out};
    print_record<Model>(printer, "", root_fields(), model);
    return out;
}

}  // namespace sekisho::config
