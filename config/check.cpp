// Cross-references and plausibility of a model that could be read.
#include "config/check.hpp"

#include "base/edit_distance.hpp"
#include "base/text.hpp"
#include "config/check_files.hpp"
#include "config/files.hpp"
#include "config/sections.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace sekisho::config {
namespace {

template <class Named>
std::vector<std::string_view> names_of(const std::vector<Named>& things) {
    std::vector<std::string_view> names;
    names.reserve(things.size());
    for (const auto& thing : things) names.push_back(thing.name);
    std::sort(names.begin(), names.end());
    return names;
}

// Checker walks the model once, section by section.
class Checker {
public:
    Checker(const Model& model, Findings& findings)
        : model_(model),
          findings_(findings),
          people_(names_of(model.people)),
          groups_(names_of(model.groups)),
          orgs_(names_of(model.orgs)),
          networks_(names_of(model.networks)),
          calendars_(names_of(model.calendars)),
          tiers_(names_of(model.tiers)),
          upstreams_(names_of(model.upstreams)),
          apps_(names_of(model.apps)) {}

    void run() {
        check_listen();
        check_client_certificates();
        check_sessions();
        check_notify();
        check_passkeys();
        for (const auto& calendar : model_.calendars) check_calendar(calendar);
        for (const auto& person : model_.people) check_person(person);
        for (const auto& org : model_.orgs) check_org(org);
        for (const auto& upstream : model_.upstreams) check_upstream(upstream);
        for (const auto& app : model_.apps) check_app(app);
        check_app_places();
        for (const auto& rule : model_.rules) check_rule(rule);
        if (model_.people.empty()) findings_.add("people.nobody", model_.places.find("people"));
    }

private:
    using Names = std::vector<std::string_view>;

    Diagnostic& at(std::string_view id, std::string_view path, std::vector<Argument> arguments = {}) {
        return findings_.add(id, model_.places.find(path), std::move(arguments));
    }

    // known complains when a name is not defined, with the nearest one that is. `otherwise` is its place when
    // no path leads there.
    bool known(const Names& names, std::string_view id, const std::string& name, std::string_view path,
               Place otherwise = {}) {
        if (std::binary_search(names.begin(), names.end(), std::string_view(name))) return true;
        auto& finding = findings_.add(id, path.empty() ? otherwise : model_.places.find(path), {name});
        finding.width = static_cast<std::uint32_t>(std::max<std::size_t>(1, name.size()));
        if (const auto meant = nearest(name, names)) finding.meant = *meant;
        return false;
    }

    void check_listen() {
        static const Key& key = *find_key("listen.https");
        std::set<std::string> seen;
        auto all = model_.listen.https;
        all.insert(all.end(), model_.listen.http_redirect.begin(), model_.listen.http_redirect.end());
        all.push_back(model_.ops.listen);
        for (const auto& endpoint : all) {
            const auto text = print_one(key, endpoint);
            if (endpoint.port != 0 && !seen.insert(text).second)
                findings_.add("listen.twice", endpoint.place, {text});
            if (model_.store.demo && !endpoint.address.is_loopback())
                findings_.add("demo.off_loopback", endpoint.place, {text});
        }
        for (std::size_t i = 0; i < model_.listen.balancers.size(); ++i)
            if (model_.listen.balancers[i].bits == 0)
                at("listen.balancers_all", "listen.balancers[" + std::to_string(i) + "]");
    }

    void check_client_certificates() {
        std::set<std::string_view> served{model_.portal.host}, seen;
        for (const auto& app : model_.apps) served.insert(app.host);
        for (std::size_t i = 0; i < model_.tls.client_certificates.size(); ++i) {
            const auto& hosts = model_.tls.client_certificates[i].hosts;
            for (std::size_t n = 0; n < hosts.size(); ++n) {
                const auto path =
                    "tls.client_certificates[" + std::to_string(i) + "].hosts[" + std::to_string(n) + "]";
                if (served.count(hosts[n]) == 0) at("tls.client_host", path, {hosts[n]});
                if (!seen.insert(hosts[n]).second) at("tls.client_host_twice", path, {hosts[n]});
            }
        }
    }

    void check_sessions() {
        const auto one = [&](const SessionLimits& limits, const std::string& path) {
            if (limits.idle > limits.absolute)
                at("sessions.idle", path + ".idle",
                   {duration_text(limits.idle), duration_text(limits.absolute)});
        };
        one(model_.sessions.staff, "sessions.staff");
        one(model_.sessions.contractor, "sessions.contractor");
        one(model_.sessions.ops, "sessions.ops");
    }

    void check_notify() {
        const auto& notify = model_.notify;
        if (notify.mail.user.empty() != notify.mail.password_path.empty())
            at("notify.half_sign_in", "notify.mail");
        const auto silent = std::count_if(model_.people.begin(), model_.people.end(),
                                          [](const Person& person) { return person.mail.empty(); });
        if (!notify.mail.host.empty() && notify.webhook.host.empty() && notify.folder.empty() && silent > 0)
            at("notify.no_address", "notify.mail", {std::to_string(silent)});
    }

    std::string kind_text(PersonKind kind) const { return print_one(*find_key("people.*.kind"), kind); }

    void check_person(const Person& person) {
        const auto path = "people." + person.name;
        for (std::size_t i = 0; i < person.groups.size(); ++i)
            known(groups_, "name.group", person.groups[i], path + ".groups[" + std::to_string(i) + "]");
        if (person.kind == PersonKind::contractor && person.org.empty()) {
            findings_.add("person.no_org", person.place, {person.name});
        } else if (person.kind != PersonKind::contractor && !person.org.empty()) {
            at("person.org_refused", path + ".org", {person.name, kind_text(person.kind)});
        } else if (!person.org.empty()) {
            known(orgs_, "name.org", person.org, path + ".org");
        }
    }

    void check_calendar(const Calendar& calendar) {
        const auto path = "calendars." + calendar.name;
        for (std::size_t i = 0; i < calendar.imports.size(); ++i)
            if (!calendar.imports[i].ends_with(".ics"))
                at("calendar.file_name", path + ".import[" + std::to_string(i) + "]", {calendar.imports[i]});
        const auto dates = [&](const std::vector<Date>& list, const std::string& key) {
            for (std::size_t i = 0; i < list.size(); ++i)
                if (!DaySet::covers(std::chrono::sys_days{list[i]}.time_since_epoch().count()))
                    at("calendar.range", path + "." + key + "[" + std::to_string(i) + "]",
                       {sekisho::to_text(list[i])});
        };
        dates(calendar.holidays, "holidays");
        dates(calendar.workdays, "workdays");
        dates(calendar.half_days, "half_days");
        for (std::size_t i = 0; i < calendar.workdays.size(); ++i)
            if (std::find(calendar.holidays.begin(), calendar.holidays.end(), calendar.workdays[i]) !=
                calendar.holidays.end())
                at("calendar.both", path + ".workdays[" + std::to_string(i) + "]",
                   {sekisho::to_text(calendar.workdays[i])});
    }

    void check_hours(const Hours& hours, const std::string& path) {
        if (hours.from_minute == hours.to_minute)
            findings_.add("hours.empty", hours.place, {minute_text(hours.from_minute)});
        if (!hours.calendar.empty())
            known(calendars_, "name.calendar", hours.calendar, path.empty() ? path : path + ".calendar",
                  hours.place);
        if (hours.calendar.empty() && hours.on) findings_.add("hours.on", hours.place);
    }

    void check_org(const Org& org) {
        const auto path = "orgs." + org.name;
        if (known(people_, "name.person", org.sponsor, path + ".sponsor")) {
            const auto sponsor =
                std::find_if(model_.people.begin(), model_.people.end(),
                             [&](const Person& person) { return person.name == org.sponsor; });
            if (sponsor->kind != PersonKind::staff)
                at("org.sponsor_kind", path + ".sponsor", {org.sponsor, kind_text(sponsor->kind)});
        }
        if (org.contract_to < org.contract_from) {
            at("org.contract", path + ".contract.to",
               {sekisho::to_text(org.contract_from), sekisho::to_text(org.contract_to)});
        }
        for (std::size_t i = 0; i < org.hours.size(); ++i)
            check_hours(org.hours[i], path + ".hours[" + std::to_string(i) + "]");
    }

    void check_upstream(const Upstream& upstream) {
        const auto path = "upstreams." + upstream.name;
        if (!upstream.tls && !upstream.ca_path.empty()) at("upstream.tls_only", path + ".ca", {"ca"});
        if (!upstream.tls && upstream.server_name != upstream.host)
            at("upstream.tls_only", path + ".server_name", {"server_name"});
        const bool used = std::any_of(model_.apps.begin(), model_.apps.end(),
                                      [&](const App& app) { return app.upstream == upstream.name; });
        if (!used) findings_.add("upstream.unused", upstream.place, {upstream.name});
    }

    bool speaks_http2(const std::string& name) const {
        return std::any_of(model_.upstreams.begin(), model_.upstreams.end(), [&](const Upstream& upstream) {
            return upstream.name == name && upstream.protocol == UpstreamProtocol::http2;
        });
    }

    void check_app(const App& app) {
        const auto path = "apps." + app.name;
        known(upstreams_, "name.upstream", app.upstream, path + ".upstream");
        known(tiers_, "name.tier", app.tier, path + ".tier");
        if (app.host == model_.portal.host) at("app.portal_host", path + ".host", {app.host});
        if (app.preflight.answered && app.cross_site_callers.empty())
            at("app.preflight_nobody", path + ".preflight");
        if (app.websocket && speaks_http2(app.upstream))
            at("upstream.http2_websocket", path + ".websocket", {app.name});
        if (!app.websocket && model_.places.has(path + ".origins"))
            at("app.websocket_off", path + ".origins");
    }

    void check_app_places() {
        std::map<std::string, const App*> owners;
        for (const auto& app : model_.apps) {
            for (std::size_t i = 0; i < app.paths.size(); ++i) {
                // "/a" and "/a/" are the same prefix.
                auto prefix = app.paths[i];
                while (prefix.size() > 1 && prefix.back() == '/') prefix.pop_back();
                if (app.path_case == PathCase::insensitive) prefix = lower(prefix);
                const auto [other, fresh] = owners.emplace(app.host + prefix, &app);
                if (!fresh)
                    at("app.same_place", "apps." + app.name + ".paths[" + std::to_string(i) + "]",
                       {other->second->name, app.name, app.host + prefix});
            }
        }
    }

    void check_passkeys() {
        const auto& passkeys = model_.factors.passkeys;
        const std::string path = "factors.passkeys.";
        if (passkeys.roots_path.empty() && !passkeys.models.empty())
            at("factors.no_roots", path + "models", {"models"});
        if (passkeys.roots_path.empty() && !passkeys.hardware_only.empty())
            at("factors.no_roots", path + "hardware_only", {"hardware_only"});
        if (passkeys.abandoned_host == model_.portal.host)
            at("factors.present_host", path + "abandoned_host", {model_.portal.host});
    }

    void check_rule(const Rule& rule) {
        const auto path = "rules." + rule.id + (rule.effect == Rule::Effect::allow ? ".allow" : ".deny");
        for (std::size_t i = 0; i < rule.apps.size(); ++i)
            known(apps_, "name.app", rule.apps[i], path + ".app[" + std::to_string(i) + "]");
        for (std::size_t i = 0; i < rule.who.size(); ++i)
            for (const auto& term : rule.who[i]) check_term(term, path + ".who[" + std::to_string(i) + "]");
        const bool has_level = std::any_of(rule.conditions.begin(), rule.conditions.end(),
                                           [](const Condition& each) { return !each.level.empty(); });
        for (std::size_t i = 0; i < rule.conditions.size(); ++i) {
            const auto& condition = rule.conditions[i];
            // Conditions of a level stand elsewhere, and move those behind them from where they were written.
            const auto inner = has_level ? std::string() : path + ".if[" + std::to_string(i) + "]";
            for (std::size_t n = 0; n < condition.networks.size(); ++n)
                known(networks_, "name.network", condition.networks[n],
                      has_level ? inner : inner + ".network[" + std::to_string(n) + "]", condition.place);
            if (condition.kind == Condition::Kind::hours)
                check_hours(condition.hours, has_level ? inner : inner + ".hours");
        }
    }

    void check_term(const WhoTerm& term, const std::string& path) {
        if (term.kind == WhoTerm::Kind::user) known(people_, "name.person", term.name, path);
        if (term.kind == WhoTerm::Kind::group) known(groups_, "name.group", term.name, path);
        if (term.kind == WhoTerm::Kind::org) known(orgs_, "name.org", term.name, path);
    }

    const Model& model_;
    Findings& findings_;
    Names people_, groups_, orgs_, networks_, calendars_, tiers_, upstreams_, apps_;
};

}  // namespace

void check(const Model& model, const CheckOptions& options, Findings& findings) {
    Checker(model, findings).run();
    if (options.files) check_files(model, options, findings);
}

// Where an acceptance names no rule it would hide nothing, and nobody would notice.
static void check_accepted(const Loaded& loaded, Findings& findings) {
    for (std::size_t i = 0; i < loaded.accepted.size(); ++i) {
        const auto& rule = loaded.accepted[i].rule;
        if (find_lint_rule(rule) != nullptr) continue;
        const auto place = loaded.model->places.find("accept[" + std::to_string(i) + "].rule");
        auto& finding = findings.add("accept.rule", place, {rule});
        std::vector<std::string_view> ids;
        for (const auto* known : lint_rules()) ids.push_back(known->message.id);
        if (const auto meant = nearest(rule, ids)) finding.meant = *meant;
    }
}

Loaded load_checked_from(const Files& files, const std::string& main, const CheckOptions& options) {
    auto loaded = load_from(files, main);
    if (!loaded.model) return loaded;
    Findings findings(loaded.sources);
    check(*loaded.model, options, findings);
    check_accepted(loaded, findings);
    if (!findings.any_error() && options.lint != Lint::none) {
        LintFacts facts;
        facts.now = options.now;
        if (options.files) facts = gather_lint_facts(*loaded.model, options.now);
        facts.accepted = loaded.accepted;
        lint(*loaded.model, facts, options.lint, findings);
    }
    if (findings.any_error()) loaded.model.reset();
    for (auto& found : findings.take()) loaded.diagnostics.push_back(std::move(found));
    return loaded;
}

Loaded load_checked(const std::string& path, const CheckOptions& options) {
    return load_checked_from(DiskFiles(), path, options);
}

}  // namespace sekisho::config
