#include "gateway/cli/import_plan.hpp"

#include "auth/sign_in.hpp"
#include "base/edit_distance.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "config/choices.hpp"
#include "config/syntax.hpp"
#include "gateway/control/operations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sekisho::gateway::cli {
namespace {

constexpr std::array<std::string_view, 7> columns = {"account", "kind", "groups",  "org",
                                                     "name",    "mail", "language"};

ImportFault fault_of(const CsvProblem& problem) {
    const auto both = [&](std::string ja, std::string en) {
        return ImportFault{problem.line, std::move(ja), std::move(en)};
    };
    switch (problem.fault) {
        case CsvFault::empty:
            return both("見出しの行がありません", "there is no header line");
        case CsvFault::not_utf8:
            return both("UTF-8 ではありません", "this is not UTF-8");
        case CsvFault::control:
            return both("制御文字があります", "a control character stands here");
        case CsvFault::stray_quote:
            return both("引用符の位置が正しくありません", "a quote stands where none may");
        case CsvFault::open_quote:
            return both("引用符が閉じていません", "a quote is never closed");
        case CsvFault::bare_return:
            return both("改行が正しくありません（CR だけ）", "a carriage return without a line feed");
        case CsvFault::field_count:
            return both("列の数が見出しと違います", "not as many fields as the header has");
        case CsvFault::field_too_long:
            return both("値が長すぎます", "a field is too long");
        case CsvFault::too_many_rows:
            return both("行が多すぎます", "too many lines");
    }
    return both("読めません", "it cannot be read");
}

class Planner {
public:
    explicit Planner(const config::Model& model) : model_(model) {
        for (const auto& group : model.groups) groups_.push_back(group.name);
        for (const auto& org : model.orgs) orgs_.push_back(org.name);
    }

    ImportPlan run(std::string_view text) {
        const auto csv = parse_csv(text);
        for (const auto& problem : csv.problems) plan_.faults.push_back(fault_of(problem));
        if (!csv.header.empty() && read_header(csv.header))
            for (const auto& row : csv.rows) read_row(row);
        if (plan_.people.size() > users_import_max)
            fault(1, fmt::format("一度に {} 人までです。分けてください", users_import_max),
                  fmt::format("more than {} people at once; split the file", users_import_max));
        std::stable_sort(plan_.faults.begin(), plan_.faults.end(),
                         [](const auto& a, const auto& b) { return a.line < b.line; });
        return std::move(plan_);
    }

private:
    void fault(std::uint32_t line, std::string ja, std::string en) {
        plan_.faults.push_back({line, std::move(ja), std::move(en)});
    }

    bool read_header(const std::vector<std::string>& header) {
        bool good = true;
        for (std::size_t i = 0; i < header.size(); ++i) {
            const auto name = lower(trim(header[i]));
            const auto shown = printable(name);
            if (std::find(columns.begin(), columns.end(), name) == columns.end()) {
                const auto near = nearest(name, columns);
                fault(1,
                      fmt::format("「{}」という列はありません{}", shown,
                                  near ? fmt::format("（{}?）", *near) : ""),
                      fmt::format("there is no column \"{}\"{}", shown,
                                  near ? fmt::format("; did you mean \"{}\"?", *near) : ""));
                good = false;
            } else if (!at_.emplace(name, i).second) {
                fault(1, fmt::format("列「{}」が 2 つあります", shown),
                      fmt::format("the column \"{}\" stands twice", shown));
                good = false;
            }
        }
        if (good && at_.count("account") == 0) {
            fault(1, "account の列がありません", "there is no column \"account\"");
            good = false;
        }
        return good;
    }

    std::string value(const CsvRow& row, const std::string& column) const {
        const auto found = at_.find(column);
        return found == at_.end() ? std::string() : std::string(trim(row.fields[found->second]));
    }

    void read_row(const CsvRow& row) {
        ImportedPerson person{
            row.line,           value(row, "account"), value(row, "kind"),     value(row, "org"),
            value(row, "name"), value(row, "mail"),    value(row, "language"), {}};
        const auto groups = value(row, "groups");
        for (const auto part : split(groups, ' '))
            if (!part.empty()) person.groups.emplace_back(part);
        check_account(person);
        check_kind(person);
        check_names(person);
        check_rest(person);
        plan_.people.push_back(std::move(person));
    }

    void check_account(ImportedPerson& person) {
        const auto name = auth::normal_account_name(person.account);
        if (!name)
            return fault(
                person.line, fmt::format("「{}」はアカウント名にできません", printable(person.account)),
                fmt::format("\"{}\" cannot be an account: 1 to 64 of a-z 0-9 . _ -, beginning with a "
                            "letter or digit",
                            printable(person.account)));
        person.account = *name;
        const auto [first, fresh] = lines_.emplace(*name, person.line);
        if (!fresh)
            fault(person.line, fmt::format("{} は {} 行目にもあります", *name, first->second),
                  fmt::format("{} stands in line {} already", *name, first->second));
    }

    bool configured(const std::string& account) const {
        return std::any_of(model_.people.begin(), model_.people.end(),
                           [&](const auto& person) { return person.name == account; });
    }

    void check_kind(const ImportedPerson& person) {
        const auto& kinds = config::person_kinds;
        const bool known = std::any_of(std::begin(kinds), std::end(kinds),
                                       [&](const auto& word) { return word.text == person.kind; });
        if (person.kind.empty()) {
            if (!configured(person.account))
                fault(person.line,
                      fmt::format("{} は設定にないため、kind が必要です", printable(person.account)),
                      fmt::format("{} is not in the configuration: give a kind", printable(person.account)));
        } else if (!known) {
            fault(
                person.line,
                fmt::format("「{}」は区分ではありません（staff、contractor、ops）", printable(person.kind)),
                fmt::format("\"{}\" is no kind of person: staff, contractor or ops", printable(person.kind)));
        }
        if (person.kind == "contractor" && person.org.empty())
            fault(person.line, "contractor には org が必要です", "a contractor needs an org");
    }

    void known(std::uint32_t line, std::string_view ja, std::string_view en, const std::string& name,
               const std::vector<std::string>& names) {
        if (std::find(names.begin(), names.end(), name) != names.end()) return;
        const auto near = nearest(name, names);
        fault(line,
              fmt::format("{}「{}」は設定にありません{}", ja, printable(name),
                          near ? fmt::format("（{}?）", *near) : ""),
              fmt::format("the configuration has no {} \"{}\"{}", en, printable(name),
                          near ? fmt::format("; did you mean \"{}\"?", *near) : ""));
    }

    void check_names(const ImportedPerson& person) {
        for (const auto& group : person.groups) known(person.line, "グループ", "group", group, groups_);
        if (!person.org.empty()) known(person.line, "組織", "organisation", person.org, orgs_);
    }

    void check_rest(const ImportedPerson& person) {
        constexpr std::size_t name_characters_max = 80;
        if (person.name.size() > 4 * name_characters_max || printable(person.name) != person.name)
            fault(person.line, "氏名が長すぎるか、1 行の文字列ではありません",
                  "the name is too long or not one line of text");
        if (!person.mail.empty() && !config::is_mail_address(person.mail))
            fault(person.line, fmt::format("「{}」はメールアドレスではありません", printable(person.mail)),
                  fmt::format("\"{}\" is not a plain mail address", printable(person.mail)));
        if (!person.language.empty() && person.language != "ja" && person.language != "en")
            fault(person.line, "language は ja か en です", "language is ja or en");
    }

    const config::Model& model_;
    ImportPlan plan_;
    std::map<std::string, std::size_t> at_;       // column to its place
    std::map<std::string, std::uint32_t> lines_;  // account to its first line
    std::vector<std::string> groups_, orgs_;
};

// A string in JSON is one in YAML.
std::string yaml_string(std::string_view text) {
    std::string out;
    JsonWriter(out).value(text);
    return out;
}

}  // namespace

std::vector<std::string> ImportPlan::accounts() const {
    std::vector<std::string> out;
    for (const auto& person : people) out.push_back(person.account);
    return out;
}

void ImportPlan::add_existing(const std::vector<std::string>& names) {
    for (const auto& person : people)
        if (std::find(names.begin(), names.end(), person.account) != names.end())
            faults.push_back({person.line, person.account + " のアカウントはすでにあります",
                              "there is an account " + person.account + " already"});
    std::stable_sort(faults.begin(), faults.end(),
                     [](const auto& a, const auto& b) { return a.line < b.line; });
}

ImportPlan plan_import(std::string_view csv, const config::Model& model) { return Planner(model).run(csv); }

std::string people_yaml(const ImportPlan& plan, const config::Model& model) {
    std::string out;
    for (const auto& person : plan.people) {
        const bool there = std::any_of(model.people.begin(), model.people.end(),
                                       [&](const auto& known) { return known.name == person.account; });
        if (there) continue;
        if (out.empty()) out = "people:\n";
        out += fmt::format("  {}:\n    kind: {}\n", yaml_string(person.account), person.kind);
        std::string groups;
        for (const auto& group : person.groups) groups += (groups.empty() ? "" : ", ") + yaml_string(group);
        if (!groups.empty()) out += fmt::format("    groups: [{}]\n", groups);
        if (!person.org.empty()) out += fmt::format("    org: {}\n", yaml_string(person.org));
        if (!person.name.empty()) out += fmt::format("    name: {}\n", yaml_string(person.name));
        if (!person.mail.empty()) out += fmt::format("    mail: {}\n", yaml_string(person.mail));
        if (!person.language.empty()) out += fmt::format("    language: {}\n", person.language);
    }
    return out;
}

}  // namespace sekisho::gateway::cli
