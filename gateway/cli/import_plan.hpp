#pragma once
// ImportPlan is what a CSV file of people would add: judged whole before anything is done, every fault with
// its line. Pure: who has an account already is told.
#include "base/csv.hpp"
#include "base/ids.hpp"
#include "config/model.hpp"

#include <map>
#include <string>
#include <vector>

namespace sekisho::gateway::cli {

// One person of the file. What is empty was not given.
struct ImportedPerson {
    std::uint32_t line = 0;
    std::string account, kind, org, name, mail, language;
    std::vector<std::string> groups;
};

struct ImportFault {
    std::uint32_t line = 0;
    std::string ja, en;
};

struct ImportPlan {
    std::vector<ImportedPerson> people;
    std::vector<ImportFault> faults;  // by line

    std::vector<std::string> accounts() const;
    // add_existing: these have accounts already, which is a fault of their lines.
    void add_existing(const std::vector<std::string>& names);
};

// plan_import reads the columns account (required), kind, groups (several: "loans tellers"), org, name, mail
// and language, in any order. People the configuration does not know need a kind; a contractor needs an
// organisation. Names of groups and organisations are those of the configuration.
ImportPlan plan_import(std::string_view csv, const config::Model& model);

// people_yaml is the part of the configuration for those people it does not hold yet; empty when there are
// none.
std::string people_yaml(const ImportPlan& plan, const config::Model& model);

}  // namespace sekisho::gateway::cli
