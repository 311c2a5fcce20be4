// Sections about people: networks they come from, groups, organisations, and how much work matters.
#include "config/sections.hpp"

namespace sekisho::config {
namespace {

void read_networks(Decoder& decoder, const Key& key, const Node& node, Model& out) {
    if (!expect_map(decoder, node, type_words(key.type))) return;
    const auto& inner = key_of("networks", "*");
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        if (!good_name(decoder, node.keys[i], Type::name)) continue;
        Step step(decoder, node.keys[i].text);
        decoder.places.put(decoder.path, node.keys[i].place);
        Network network{node.keys[i].text, {}, node.keys[i].place};
        if (has_value(decoder, inner, node.items[i]))
            read_value(decoder, inner, node.items[i], network.prefixes);
        out.networks.push_back(std::move(network));
    }
}

void print_networks(Printer& printer, const Key&, const Model& from) {
    for (const auto& network : from.networks) {
        PrintStep step(printer, network.name);
        print_value(printer, key_of("networks", "*"), network.prefixes);
    }
}

void read_groups(Decoder& decoder, const Key& key, const Node& node, Model& out) {
    if (!expect_map(decoder, node, type_words(key.type))) return;
    const auto& inner = key_of("groups", "*");
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        if (!good_name(decoder, node.keys[i], Type::name)) continue;
        Step step(decoder, node.keys[i].text);
        decoder.places.put(decoder.path, node.keys[i].place);
        Group group{node.keys[i].text, {}, node.keys[i].place};
        if (has_value(decoder, inner, node.items[i])) read_one(decoder, inner, node.items[i], group.title);
        out.groups.push_back(std::move(group));
    }
}

void print_groups(Printer& printer, const Key&, const Model& from) {
    for (const auto& group : from.groups) {
        PrintStep step(printer, group.name);
        print_value(printer, key_of("groups", "*"), group.title);
    }
}

void read_mail(Decoder& decoder, const Key& key, const Node& node, Person& out) {
    read_mail_address(decoder, key, node, out.mail);
}

constexpr Field<Person> person_fields[] = {
    field<&Person::kind>("kind"),
    field<&Person::groups>("groups"),
    field<&Person::org>("org"),
    field<&Person::display>("name"),
    {"mail", read_mail,
     [](Printer& printer, const Key& key, const Person& from) { print_value(printer, key, from.mail); }},
    field<&Person::language>("language"),
};

constexpr Field<Hours> hours_fields[] = {
    field<&Hours::days>("days"),         field<&Hours::from_minute>("from"),  field<&Hours::to_minute>("to"),
    field<&Hours::timezone>("timezone"), field<&Hours::calendar>("calendar"), field<&Hours::on>("on"),
};

// An imported file shows by what it says, so that a change of it is a change of the configuration.
void print_imports(Printer& printer, const Key& key, const Calendar& from) {
    Flat flat{printer.path, &key, from.imports};
    for (const auto& event : from.events)
        flat.values.push_back((event.all_day
                                   ? sekisho::to_text(event.first) + ".." + sekisho::to_text(event.last)
                                   : to_rfc3339_utc(event.begin) + ".." + to_rfc3339_utc(event.end)) +
                              (event.summary.empty() ? "" : " " + event.summary));
    printer.out.push_back(std::move(flat));
}

constexpr Field<Calendar> calendar_fields[] = {
    field<&Calendar::base>("base"),
    field<&Calendar::weekend>("weekend"),
    field<&Calendar::timezone>("timezone"),
    field<&Calendar::holidays>("holidays"),
    field<&Calendar::workdays>("workdays"),
    field<&Calendar::half_days>("half_days"),
    field<&Calendar::half_day_until>("half_day_until"),
    {"import",
     [](Decoder& decoder, const Key& key, const Node& node, Calendar& out) {
         read_value(decoder, key, node, out.imports);
     },
     print_imports},
};

constexpr Field<Org> contract_fields[] = {
    field<&Org::contract_from>("from"),
    field<&Org::contract_to>("to"),
};

void read_org_hours(Decoder& decoder, const Key& key, const Node& node, Org& out) {
    if (!expect_list(decoder, key, node)) return;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        Step step(decoder, "[" + std::to_string(i) + "]");
        decoder.places.put(decoder.path, node.items[i].place);
        Hours hours;
        read_hours(decoder, "orgs.*.hours[]", node.items[i], hours);
        out.hours.push_back(std::move(hours));
    }
}

void print_org_hours(Printer& printer, const Key& key, const Org& from) {
    Flat flat{printer.path, &key, {}};
    for (const auto& hours : from.hours) flat.values.push_back(hours_text(hours));
    printer.out.push_back(std::move(flat));
}

constexpr Field<Org> org_fields[] = {
    field<&Org::title>("name"),
    field<&Org::sponsor>("sponsor"),
    {"contract",
     [](Decoder& decoder, const Key& key, const Node& node, Org& out) {
         read_record(decoder, key.path, node, contract_fields, out);
     },
     [](Printer& printer, const Key& key, const Org& from) {
         print_record(printer, key.path, contract_fields, from);
     }},
    field<&Org::timezone>("timezone"),
    {"hours", read_org_hours, print_org_hours},
};

constexpr Field<Tier> tier_fields[] = {
    field<&Tier::rank>("rank"),
    field<&Tier::on_audit_failure>("on_audit_failure"),
};

void read_tier(Decoder& decoder, const Node& node, Tier& tier) {
    if (node.is_scalar())
        read_one(decoder, key_of("tiers.*", "rank"), node, tier.rank);
    else
        read_record(decoder, "tiers.*", node, tier_fields, tier);
    if (node.find("on_audit_failure") == nullptr && tier.rank == 3)
        tier.on_audit_failure = OnAuditFailure::refuse;
}

void read_tiers(Decoder& decoder, const Key& key, const Node& node, Model& out) {
    if (!expect_map(decoder, node, type_words(key.type))) return;
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        if (!good_name(decoder, node.keys[i], Type::name)) continue;
        Step step(decoder, node.keys[i].text);
        decoder.places.put(decoder.path, node.keys[i].place);
        Tier tier;
        tier.name = node.keys[i].text;
        read_tier(decoder, node.items[i], tier);
        out.tiers.push_back(std::move(tier));
    }
}

constexpr Field<Model> fields[] = {
    {"networks", read_networks, print_networks},
    named<&Model::calendars, calendar_fields>("calendars"),
    {"groups", read_groups, print_groups},
    named<&Model::people, person_fields, Type::account>("people"),
    named<&Model::orgs, org_fields>("orgs"),
    {"tiers", read_tiers,
     [](Printer& printer, const Key& key, const Model& from) {
         print_named(printer, key, tier_fields, from.tiers);
     }},
};

}  // namespace

std::span<const Field<Model>> people_fields() { return fields; }

void read_hours(Decoder& decoder, std::string_view pattern, const Node& node, Hours& out) {
    out.place = node.place;
    read_record(decoder, pattern, node, hours_fields, out);
}

std::string hours_text(const Hours& hours) {
    return days_text(hours.days) + " " + minute_text(hours.from_minute) + "-" + minute_text(hours.to_minute) +
           " " + hours.timezone +
           (hours.calendar.empty()
                ? ""
                : " " + print_one(key_of("orgs.*.hours[]", "on"), hours.on) + " of " + hours.calendar);
}

}  // namespace sekisho::config
