// Goal: an operator's acts do what they say, are on disk with their actor before anybody hears of them, and
// nonsense is refused in words. Method: the real services in a folder of their own; request lines as they
// come over the admin socket; the audit read back from its files after each answer.
#include "gateway/control/operations.hpp"

#include "base/base64.hpp"
#include "base/random.hpp"
#include "telemetry/audit_search_io.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace sekisho::gateway {
namespace {

namespace json = boost::json;

constexpr const char* kActor = "uid:1001";
constexpr const char* kPortal = "https://portal.example:8443";

class OperationsTest : public ::testing::Test {
protected:
    OperationsTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "sekisho-operations-XXXXXX").string();
        folder = ::mkdtemp(pattern.data());
        model.portal.url = kPortal;
        model.portal.host = "portal.example";
        model.store.data_directory = folder + "/data";
        model.store.master_key_env = "SEKISHO_MASTER_KEY";
        model.audit.directory = folder + "/data/audit";
        model.audit.checkpoint_path = folder + "/checkpoints.log";
        environment.put("SEKISHO_MASTER_KEY",
                        Secret(as_bytes(std::string_view(base64url(random_bytes<32>())))));
        services = Services::open(model, environment, clock, [](std::string_view) { return true; }).value();
        operations.emplace(*services, kPortal);
    }
    ~OperationsTest() override {
        operations.reset();
        services.reset();
        std::filesystem::remove_all(folder);
    }

    json::object run(const std::string& request, const std::string& actor = kActor) {
        return json::parse(operations->run(request, actor)).as_object();
    }
    // act runs a verb on one account and gives the result; the answer must be ok.
    json::object act(const std::string& verb, const std::string& name) {
        const auto answer = run(R"({"verb":")" + verb + R"(","args":{"name":")" + name + R"("}})");
        EXPECT_TRUE(answer.at("ok").as_bool()) << verb;
        return answer.contains("result") ? answer.at("result").as_object() : json::object{};
    }
    std::string failure_of(const std::string& request) {
        const auto answer = run(request);
        EXPECT_FALSE(answer.at("ok").as_bool()) << request;
        EXPECT_FALSE(answer.at("error").as_string().empty()) << "an error says what is wrong";
        return std::string(answer.at("code").as_string().c_str());
    }
    // recorded is what stands in the files about a person, opened; no writer is asked.
    std::vector<telemetry::Record> recorded(const std::string& user) {
        std::vector<telemetry::Record> records;
        telemetry::AuditQuery query;
        query.user = user;
        const auto done = telemetry::search_audit(
            model.audit.directory, query, &services->audit_keys,
            [&](const telemetry::ReadRecord& read, std::string_view) { records.push_back(read.record); });
        EXPECT_TRUE(done || done.error().code() == Errc::not_found);
        return records;
    }
    std::string status_of(const std::string& name) {
        const auto answer = run(R"({"verb":"users.list"})");
        for (const auto& user : answer.at("result").at("users").as_array())
            if (user.at("name").as_string() == name) return user.at("status").as_string().c_str();
        return "none";
    }
    // A session of somebody who has signed in.
    auth::Issued signed_in(const std::string& name) {
        EXPECT_TRUE(services->store->set_status(name, auth::AccountStatus::active));
        auth::NewSession wanted;
        wanted.user = name;
        wanted.account_epoch = services->store->account(name).value().epoch;
        wanted.strength = FactorStrength::otp;
        wanted.limits = {Seconds{3600}, Seconds{600}};
        return services->sessions.issue_sso(wanted).value();
    }

    ManualClock clock{parse_rfc3339("2026-11-24T10:00:00+09:00").value()};
    std::string folder;
    config::Model model;
    config::Environment environment;
    std::unique_ptr<Services> services;
    std::optional<Operations> operations;
};

// R8 and R20: what may wait for a disk comes after what ends access.
TEST_F(OperationsTest, WhatEndsAccessTakesEffectBeforeTheRestOfTheAct) {
    (void)act("users.add", "sato");
    const auto live = [&](const auth::Issued& issued) {
        return services->sessions.find(issued.session->id_hash) != nullptr;
    };
    struct Row {
        const char* request;
        bool ended;
    };
    constexpr Row kRows[] = {{R"({"verb":"users.list"})", false},
                             {R"({"verb":"sessions.end","args":{"users":["sato"],"reason":"drill"}})", true},
                             {R"({"verb":"users.reset-factors","args":{"name":"sato"}})", true},
                             {R"({"verb":"users.disable","args":{"name":"sato"}})", true}};
    for (const auto& row : kRows) {
        SCOPED_TRACE(row.request);
        const auto issued = signed_in("sato");
        const auto records = recorded("sato").size();
        const auto rest = operations->take(row.request);
        EXPECT_EQ(live(issued), !row.ended);
        EXPECT_EQ(status_of("sato"), "active") << "nothing was written yet";
        EXPECT_EQ(recorded("sato").size(), records);
        EXPECT_EQ(services->sessions.unwritten() > 0, row.ended);
        EXPECT_TRUE(json::parse(rest(kActor)).at("ok").as_bool());
        EXPECT_EQ(services->sessions.unwritten(), 0u);
        EXPECT_EQ(recorded("sato").size(), records + (row.ended ? 1 : 0));
    }
    EXPECT_EQ(status_of("sato"), "disabled");
}

TEST_F(OperationsTest, AnImportAddsEverybodyOnRecordOrNobody) {
    act("users.add", "kato");
    const std::string dry = R"({"verb":"users.import","args":{"accounts":["sato","kato"],"dry_run":true}})";
    const auto judged = run(dry).at("result").at("existing").as_array();
    ASSERT_EQ(judged.size(), 1u);
    EXPECT_EQ(judged[0].as_string(), "kato");
    EXPECT_EQ(failure_of(R"({"verb":"users.import","args":{"accounts":["sato","kato"]}})"), "exists");
    EXPECT_EQ(failure_of(R"({"verb":"users.import","args":{"accounts":["sato","No Name"]}})"), "malformed");
    EXPECT_EQ(failure_of(R"({"verb":"users.import","args":{"accounts":"sato"}})"), "malformed");
    EXPECT_EQ(failure_of(R"({"verb":"users.import"})"), "malformed");
    EXPECT_EQ(status_of("sato"), "none");
    EXPECT_TRUE(recorded("sato").empty());
    const auto added = run(R"({"verb":"users.import","args":{"accounts":["sato","mori"]}})")
                           .at("result")
                           .at("added")
                           .as_array();
    ASSERT_EQ(added.size(), 2u);
    for (const auto& one : added) {
        EXPECT_NE(one.at("link").as_string().find("/.sekisho/activate?link="), json::string::npos);
        const auto records = recorded(one.at("user").as_string().c_str());
        ASSERT_EQ(records.size(), 1u);
        EXPECT_EQ(records[0].reason, "account.added");
        EXPECT_EQ(records[0].actor, kActor);
    }
    EXPECT_EQ(status_of("mori"), "invited");
}

TEST_F(OperationsTest, APortalDoesNotMoveAwayFromItsPasskeysUnlessToldTo) {
    act("users.add", "sato");
    ASSERT_TRUE(services->store->set_status("sato", auth::AccountStatus::active));
    auth::PasskeyRow row;
    row.id = Bytes(16, 1);
    row.user = "sato";
    row.host = "old.example";
    row.user_handle = row.public_key = row.aaguid = Bytes(16, 2);
    const auto epoch = services->store->account("sato").value().epoch;
    ASSERT_TRUE(services->store->add_passkey(row, epoch, 8).value());
    model.portal.host = "old.example";
    EXPECT_TRUE(services->settle_passkey_host(model)) << "nothing moved";
    model.portal.host = "new.example";
    const auto moved = services->settle_passkey_host(model);
    ASSERT_FALSE(moved);
    EXPECT_EQ(moved.error().code(), Errc::denied);
    EXPECT_NE(moved.error().detail().find("factors.passkeys.abandoned_host: old.example"), std::string::npos);
    EXPECT_TRUE(services->store->passkey(row.id)) << "a refusal takes nothing";
    model.factors.passkeys.abandoned_host = "other.example";
    EXPECT_FALSE(services->settle_passkey_host(model));
    model.factors.passkeys.abandoned_host = "old.example";
    ASSERT_TRUE(services->settle_passkey_host(model));
    EXPECT_FALSE(services->store->passkey(row.id));
    const auto records = recorded("");
    ASSERT_FALSE(records.empty());
    EXPECT_EQ(records.back().event, telemetry::Event::factor_change);
    EXPECT_EQ(records.back().reason, "host_abandoned");
}

TEST_F(OperationsTest, EachActIsOnDiskWithItsActorBeforeItIsAnswered) {
    struct Row {
        const char* verb;
        telemetry::Event event;
        const char* reason;
        const char* status;  // of the account afterwards
        bool link;
    };
    constexpr Row kRows[] = {
        {"users.add", telemetry::Event::account_change, "account.added", "invited", true},
        {"users.activate", telemetry::Event::activation, "account.link_issued", "invited", true},
        {"users.disable", telemetry::Event::account_change, "account.disabled", "disabled", false},
        {"users.enable", telemetry::Event::account_change, "account.enabled", "invited", false},
        {"users.reset-factors", telemetry::Event::factor_change, "account.factors_reset", "invited", true}};
    std::size_t records = 0;
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.verb);
        const auto result = act(row.verb, "sato");
        EXPECT_EQ(result.at("user").as_string(), "sato");
        EXPECT_EQ(result.at("event").as_string(), row.reason);
        EXPECT_TRUE(result.at("recorded").as_bool());
        EXPECT_EQ(result.contains("link"), row.link);
        const auto written = recorded("sato");
        ASSERT_EQ(written.size(), ++records);
        EXPECT_EQ(telemetry::to_text(written.back().event), telemetry::to_text(row.event));
        EXPECT_EQ(written.back().outcome, telemetry::Outcome::done);
        EXPECT_EQ(written.back().user, "sato");
        EXPECT_EQ(written.back().actor, kActor);
        EXPECT_EQ(written.back().reason, row.reason);
        EXPECT_EQ(status_of("sato"), row.status);
    }
}

TEST_F(OperationsTest, ALinkIsGivenOnceAndNeverWrittenDown) {
    const auto result = act("users.add", "sato");
    const std::string link(result.at("link").as_string().c_str());
    const std::string under = std::string(kPortal) + "/.sekisho/activate?link=";
    ASSERT_TRUE(link.starts_with(under)) << link;
    EXPECT_EQ(result.at("expires").as_string(), "2026-11-27T01:00:00.000Z");
    const auto token = link.substr(under.size());
    EXPECT_EQ(services->activation.look(token).value().user, "sato");
    for (const auto& record : recorded("sato"))
        for (const auto& fact : record.facts) EXPECT_EQ(fact.value.find(token), std::string::npos);

    const std::string again(act("users.activate", "sato").at("link").as_string().c_str());
    EXPECT_NE(again, link);
    EXPECT_FALSE(services->activation.look(token)) << "a new link ends the old one";
    EXPECT_TRUE(services->activation.look(again.substr(under.size())));
}

TEST_F(OperationsTest, DisablingAndResettingEndEverySession) {
    for (const char* verb : {"users.disable", "users.reset-factors"}) {
        SCOPED_TRACE(verb);
        const std::string name = verb[6] == 'd' ? "sato" : "ishii";
        act("users.add", name);
        act("users.add", "other-" + name);
        const auto first = signed_in(name);
        const auto second = signed_in(name);
        const auto other = signed_in("other-" + name);
        const auto before = services->session_log.head();
        EXPECT_EQ(act(verb, name).at("sessions_ended").to_number<int>(), 2);
        EXPECT_FALSE(services->sessions.find(first.session->id_hash));
        EXPECT_FALSE(services->sessions.find(second.session->id_hash));
        EXPECT_TRUE(services->sessions.find(other.session->id_hash));
        EXPECT_EQ(services->session_log.head(), before + 2) << "the workers were told";
        EXPECT_EQ(recorded(name).back().count, 2u);
    }
}

TEST_F(OperationsTest, ListsEveryAccount) {
    const auto none = run(R"({"verb":"users.list","args":{}})");
    EXPECT_TRUE(none.at("result").at("users").as_array().empty());
    act("users.add", "sato");
    act("users.add", "Ishii");
    signed_in("sato");
    const auto listed = run(R"({"verb":"users.list"})").at("result").at("users").as_array();
    ASSERT_EQ(listed.size(), 2u);
    for (const auto& user : listed) {
        const bool is_sato = user.at("name").as_string() == "sato";
        EXPECT_TRUE(is_sato || user.at("name").as_string() == "ishii") << "names are in lower case";
        EXPECT_EQ(user.at("status").as_string(), is_sato ? "active" : "invited");
        EXPECT_EQ(user.at("sessions").to_number<int>(), is_sato ? 1 : 0);
        EXPECT_EQ(user.at("created").as_string(), "2026-11-24T01:00:00.000Z");
        EXPECT_FALSE(user.at("totp").as_bool());
        EXPECT_EQ(user.as_object().contains("password"), false);
    }
}

TEST_F(OperationsTest, WhatCannotBeDoneIsSaidAndNotRecorded) {
    act("users.add", "sato");
    struct Row {
        const char* request;
        const char* code;
    };
    constexpr Row kRows[] = {{R"({"verb":"users.add","args":{"name":"sato"}})", "exists"},
                             {R"({"verb":"users.add","args":{"name":"SATO"}})", "exists"},
                             {R"({"verb":"users.add","args":{"name":"no blanks"}})", "malformed"},
                             {R"({"verb":"users.add","args":{"name":""}})", "malformed"},
                             {R"({"verb":"users.add","args":{"name":7}})", "malformed"},
                             {R"({"verb":"users.add","args":[]})", "malformed"},
                             {R"({"verb":"users.add"})", "malformed"},
                             {R"({"verb":"users.disable","args":{"name":"nobody"}})", "not_found"},
                             {R"({"verb":"users.activate","args":{"name":"nobody"}})", "not_found"},
                             {R"({"verb":"users.reset-factors","args":{"name":"nobody"}})", "not_found"},
                             {R"({"verb":"users.enable","args":{"name":"sato"}})", "denied"},
                             {R"({"verb":"users.delete","args":{"name":"sato"}})", "not_found"},
                             {R"({"verb":""})", "not_found"},
                             {R"({"verb":7})", "malformed"},
                             {R"({"verb":null})", "malformed"},
                             {R"({"args":{"name":"sato"}})", "malformed"},
                             {R"({})", "malformed"},
                             {R"([])", "malformed"},
                             {R"("users.list")", "malformed"},
                             {R"({"verb":"users.list")", "malformed"},
                             {R"({"verb":"users.list"} {})", "malformed"},
                             {"\xff\xfe", "malformed"},
                             {"", "malformed"}};
    for (const Row& row : kRows) EXPECT_EQ(failure_of(row.request), row.code) << row.request;
    EXPECT_EQ(recorded("sato").size(), 1u);
    EXPECT_EQ(status_of("sato"), "invited");
}

TEST_F(OperationsTest, ADisabledAccountGetsNoLink) {
    act("users.add", "sato");
    act("users.disable", "sato");
    EXPECT_EQ(failure_of(R"({"verb":"users.activate","args":{"name":"sato"}})"), "denied");
    act("users.enable", "sato");
    EXPECT_TRUE(act("users.activate", "sato").contains("link"));
}

TEST_F(OperationsTest, AVerbOfTheGatewayStandsInTheSameTable) {
    std::string asked;
    operations->add("reload",
                    [&](const json::object& arguments, const std::string& actor) -> Result<json::object> {
                        asked = actor;
                        if (arguments.contains("refuse")) return Error(Errc::denied, "it loosens access");
                        json::object result;
                        result["generation"] = 4;
                        return result;
                    });
    const auto answer = run(R"({"verb":"reload"})", "uid:0");
    EXPECT_EQ(answer.at("result").at("generation").to_number<int>(), 4);
    EXPECT_EQ(asked, "uid:0");
    EXPECT_EQ(failure_of(R"({"verb":"reload","args":{"refuse":true}})"), "denied");
}

TEST_F(OperationsTest, ACheckpointProtectsWhatWasDone) {
    act("users.add", "sato");
    const auto result = run(R"({"verb":"audit.checkpoint"})").at("result").as_object();
    EXPECT_GE(result.at("protected_to").to_number<std::uint64_t>(), 2u) << "the start and the account";
    EXPECT_GT(std::filesystem::file_size(model.audit.checkpoint_path), 0u);
}

}  // namespace
}  // namespace sekisho::gateway
