#include "gateway/snapshot.hpp"

#include "policy/compile.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

std::vector<std::string> names_of(const auto& items) {
    std::vector<std::string> names;
    for (const auto& item : items) names.push_back(item.name);
    return names;
}

AppParts parts_of(const config::Model& model, const config::App& app) {
    AppParts parts;
    const auto upstream = std::find_if(model.upstreams.begin(), model.upstreams.end(),
                                       [&](const auto& u) { return u.name == app.upstream; });
    parts.upstream = static_cast<std::uint32_t>(upstream - model.upstreams.begin());
    const auto tier = std::find_if(model.tiers.begin(), model.tiers.end(),
                                   [&](const auto& t) { return t.name == app.tier; });
    if (tier != model.tiers.end()) {
        parts.tier_rank = tier->rank;
        parts.refuse_without_audit = tier->on_audit_failure == config::OnAuditFailure::refuse;
    }
    parts.body_bytes_max = app.body_bytes != 0 ? app.body_bytes : model.limits.body_bytes;
    parts.websocket_origins = app.origins;
    parts.service_tokens = app.service_tokens;
    return parts;
}

// Rules in shadow have series of their own; what any other rule decides beside them counts as "other".
void name_shadow_rules(Snapshot& snapshot, telemetry::Registry& registry) {
    std::vector<std::string> names;
    for (const auto& rule : snapshot.model->rules)
        if (rule.shadow) names.push_back(rule.id);
    const auto labels = registry.name_labels(telemetry::Label::rule, names);
    auto next = labels.begin();
    for (const auto& rule : snapshot.model->rules)
        snapshot.rule_labels.push_back(rule.shadow ? *next++
                                                   : telemetry::Registry::other(telemetry::Label::rule));
}

}  // namespace

Result<SnapshotPtr> make_snapshot(std::shared_ptr<const config::Model> model, std::uint64_t generation,
                                  std::shared_ptr<const TicketKeys> tickets, telemetry::Registry& registry,
                                  SteadyTime accepted) {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->generation = generation;
    snapshot->accepted = accepted;
    snapshot->model = model;
    snapshot->balancers = NetworkSet(model->listen.balancers);
    auto program = policy::compile(*model);
    if (!program) return program.error();
    snapshot->program = std::move(*program);
    snapshot->standings = std::make_shared<Standings>(model, snapshot->program);
    auto tls = TlsContexts::create(model->tls, std::move(tickets));
    if (!tls) return tls.error();
    snapshot->tls = std::move(*tls);
    std::vector<std::string> served;
    for (const auto& certificate : snapshot->tls->certificates())
        served.insert(served.end(), certificate.names.begin(), certificate.names.end());
    auto routes = RouteTable::create(*model, served);
    if (!routes) return routes.error();
    snapshot->routes = std::move(*routes);
    const auto app_labels = registry.name_labels(telemetry::Label::app, names_of(model->apps));
    const auto upstream_labels = registry.name_labels(telemetry::Label::upstream, names_of(model->upstreams));
    if (snapshot->program->shadow() != nullptr) name_shadow_rules(*snapshot, registry);
    for (std::size_t i = 0; i < model->apps.size(); ++i) {
        auto parts = parts_of(*model, model->apps[i]);
        parts.label = app_labels[i];
        parts.upstream_label = upstream_labels[parts.upstream];
        snapshot->apps.push_back(std::move(parts));
    }
    return SnapshotPtr(std::move(snapshot));
}

PreflightRules preflight_rules(const config::App& app) noexcept {
    if (!app.preflight.answered) return {};
    const auto& given = app.preflight;
    return {app.cross_site_callers, given.methods, given.headers, given.credentials, given.max_age};
}

}  // namespace sekisho::gateway
