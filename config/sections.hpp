#pragma once
// The sections of the configuration, each a list of fields bound to a part of the Model.
#include "config/record.hpp"

namespace sekisho::config {

// read_model reads the merged tree of all files; faults go to the decoder's findings.
void read_model(Decoder& decoder, const Node& root, Model& model);

// flatten prints every value of a model but its rules, defaults included, by path.
std::vector<Flat> flatten(const Model& model);

// The fields each section contributes to the root.
std::span<const Field<Model>> service_fields();
std::span<const Field<Model>> notify_fields_of_model();
std::span<const Field<Model>> people_fields();
std::span<const Field<Model>> app_fields();
std::span<const Field<Model>> rule_fields();

// expand_levels puts conditions where the names of levels stand, in rules and in levels.
void expand_levels(Decoder& decoder, Model& model);

// Shared by organisations and rules.
void read_hours(Decoder& decoder, std::string_view pattern, const Node& node, Hours& out);
std::string hours_text(const Hours& hours);

// read_mail_address takes one plain mailbox: "sato@bank.example".
void read_mail_address(Decoder& decoder, const Key& key, const Node& node, std::string& out);

}  // namespace sekisho::config
