#pragma once
// Gate is an admission with sessions in it: so many app sessions, each with its sso session, of people who
// may all read one wiki. What benchmarks and instruction counts of the check share.
#include "gateway/admission/admission.hpp"
#include "gateway/http/http1_codec.hpp"
#include "policy/compile.hpp"

namespace sekisho::gateway {

struct SignedIn {
    Digest id{};
    std::string request;
};

class Gate {
public:
    explicit Gate(std::size_t sessions) {
        config::Model model;
        model.portal.host = "portal.example";
        model.portal.port = 8443;
        model.people.push_back({});
        auto& person = model.people.back();
        person.name = "sato";
        person.kind = PersonKind::staff;
        model.tiers.push_back({});
        model.tiers.back().name = "general";
        model.tiers.back().rank = 1;
        model.apps.push_back({});
        auto& app = model.apps.back();
        app.name = "wiki";
        app.host = "wiki.example";
        app.paths = {"/"};
        app.tier = "general";
        model.rules.push_back({});
        auto& rule = model.rules.back();
        rule.id = "all";
        rule.effect = config::Rule::Effect::allow;
        rule.who.push_back({{config::WhoTerm::Kind::any, {}, PersonKind::none}});
        auto next = std::make_shared<Snapshot>();
        next->tls = TlsContexts::create({}, TicketKeys::random()).value();
        next->generation = 1;
        next->model = std::make_shared<const config::Model>(model);
        next->program = policy::compile(*next->model).value();
        next->routes = RouteTable::create(*next->model, {}).value();
        next->apps.emplace_back();
        snapshot = next;
        std::vector<auth::SessionChange> changes;
        for (std::size_t i = 0; i < sessions; ++i) sign_in(changes);
        log.publish(std::move(changes));
        admission.catch_up();
        table.catch_up(log);
    }

    void sign_in(std::vector<auth::SessionChange>& changes) {
        const auto publish = [&](auth::Session::Kind kind, const Digest& parent) {
            const auto token = auth::make_token();
            auto session = std::make_shared<auth::Session>();
            session->id_hash = token.hash;
            session->kind = kind;
            session->parent = parent;
            session->user = "sato";
            session->host = kind == auth::Session::Kind::app ? "wiki.example" : "";
            session->strength = FactorStrength::otp;
            session->proven_at = session->created = clock.wall();
            session->absolute_end = clock.wall() + std::chrono::hours{12};
            session->idle = std::chrono::hours{12};
            session->touch(clock.wall());
            changes.push_back({session, {}, {}, {}});
            return token;
        };
        const auto sso = publish(auth::Session::Kind::sso, {});
        const auto app = publish(auth::Session::Kind::app, sso.hash);
        people.push_back({app.hash, "GET /pages/1 HTTP/1.1\r\nHost: wiki.example:8443\r\nCookie: " +
                                        std::string(name_of(OurCookie::app)) + "=" + app.text + "\r\n\r\n"});
    }

    const Clock& clock = system_clock_face();
    auth::SessionLog log;
    Admission admission{clock, log};
    auth::SessionTable table;
    SnapshotPtr snapshot;
    std::vector<SignedIn> people;
};

}  // namespace sekisho::gateway
