// Goal: a record comes back as it was written for those who hold the person's key, and says nothing about the
// person to anybody else. Method: round trips with and without keys; a search of the bytes for every personal
// value.
#include "telemetry/audit.hpp"

#include "audit_support.hpp"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace sekisho::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string line_of(const Record& record, Seq seq, PersonKeys& keys) {
    std::string line = "{";
    encode_fields(line, record, seq, keys);
    return line + "}";
}

Record full_record() {
    Record record = test::refusal("sato", "files");
    record.actor = "ops:tanaka";
    record.claimed = "satou";
    record.agent = "Mozilla/5.0 \x1b[31m";
    record.org = "aoba";
    record.kind = "contractor";
    record.host = "files.corp.example";
    record.method = "GET";
    record.rule = "no-archive";
    record.session = "4T9K2M";
    record.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    record.detail = "line one\nline two";
    record.generation = 7;
    record.status = 403;
    record.bytes_in = 1;
    record.bytes_out = 2;
    record.duration_ms = 3;
    record.count = 4;
    return record;
}

TEST(Audit, RecordComesBackWithTheKey) {
    MemoryPersonKeys keys;
    const Record record = full_record();
    const auto line = line_of(record, 9, keys);
    const auto read = RecordReader(&keys).read(line);
    ASSERT_TRUE(read && *read) << line;
    EXPECT_TRUE((*read)->opened);
    EXPECT_EQ((*read)->seq, 9u);
    const Record& back = (*read)->record;
    EXPECT_EQ(back.time, record.time);
    EXPECT_EQ(back.user, "sato");
    EXPECT_EQ(back.actor, record.actor);
    EXPECT_EQ(back.claimed, record.claimed);
    EXPECT_EQ(back.client, record.client);
    EXPECT_EQ(back.path, record.path);
    EXPECT_EQ(back.agent, record.agent);
    EXPECT_EQ(back.detail, record.detail);
    EXPECT_EQ(back.generation, 7u);
    EXPECT_EQ(back.count, 4u);
    ASSERT_EQ(back.facts.size(), 2u);
    EXPECT_EQ(back.facts[1].value, "firefox");
    EXPECT_EQ(back.facts[1].privacy, Privacy::personal);
    // Written again it is the same but for the random part.
    EXPECT_EQ(line_of(back, 9, keys).size(), line.size());
}

TEST(Audit, NothingPersonalStandsInTheLine) {
    MemoryPersonKeys keys;
    const auto line = line_of(full_record(), 1, keys);
    for (const char* personal : {"sato", "tanaka", "198.51", "archive/", "Mozilla", "firefox"})
        EXPECT_THAT(line, Not(HasSubstr(personal)));
    EXPECT_THAT(line, HasSubstr("outside_hours"));
}

TEST(Audit, AnErasedKeyLeavesTheDecisionOnly) {
    MemoryPersonKeys keys;
    const auto line = line_of(full_record(), 1, keys);
    keys.erase("sato");
    const RecordReader reader(&keys);
    EXPECT_FALSE(reader.pseudonym_of("sato"));
    const auto read = reader.read(line);
    ASSERT_TRUE(read && *read);
    EXPECT_FALSE((*read)->opened);
    EXPECT_EQ((*read)->record.user, "");
    EXPECT_EQ((*read)->record.app, "files");
    EXPECT_FALSE((*read)->person.empty());
}

TEST(Audit, SealedValuesDoNotMoveToAnotherRecord) {
    MemoryPersonKeys keys;
    auto line = line_of(full_record(), 1, keys);
    line.replace(line.find("\"seq\":1"), 7, "\"seq\":2");
    EXPECT_FALSE((*RecordReader(&keys).read(line))->opened);
}

TEST(Audit, PeopleAreToldApartByKeyNotByName) {
    MemoryPersonKeys one, two;
    EXPECT_NE(pseudonym(*one.key_for("sato")), pseudonym(*two.key_for("sato")));
    EXPECT_EQ(pseudonym(*one.key_for("sato")), pseudonym(*one.key_for("sato")));
    EXPECT_EQ(one.people(), std::vector<std::string>{"sato"});
    DerivedPersonKeys derived(Secret(as_bytes("0123456789abcdef")), {"a", "b"});
    EXPECT_NE(pseudonym(*derived.key_for("a")), pseudonym(*derived.key_for("b")));
}

TEST(Audit, WithoutAKeyTheRecordIsKeptAndSaysSo) {
    class NoKeys final : public PersonKeys {
    public:
        Result<Secret> key_for(std::string_view) override {
            return Error(Errc::unavailable, "the store is away");
        }
        std::vector<std::string> people() const override { return {}; }
    } keys;
    const auto line = line_of(full_record(), 1, keys);
    EXPECT_THAT(line, HasSubstr(R"("unsealed":true)"));
    EXPECT_THAT(line, Not(HasSubstr("sato")));
    EXPECT_FALSE((*RecordReader(&keys).read(line))->opened);
}

TEST(Audit, EveryEventHasAUniqueNameThatReadsBack) {
    for (std::size_t i = 0; i < std::size(event_table); ++i) {
        EXPECT_EQ(static_cast<std::size_t>(event_table[i].event), i);
        EXPECT_EQ(parse_event(event_table[i].name), event_table[i].event);
    }
    EXPECT_FALSE(parse_event("no_such"));
}

TEST(Audit, ReaderRefusesOtherFormats) {
    const RecordReader reader(nullptr);
    for (const std::string_view bad :
         {"", "{}", R"({"v":2,"seq":1})", R"({"v":1,"seq":1})",
          R"({"v":1,"seq":1,"time":"x","event":"stop","outcome":"done"})",
          R"({"v":1,"seq":1,"time":"2026-01-01T00:00:00.000Z","event":"nope","outcome":"done"})"})
        EXPECT_FALSE(reader.read(bad)) << bad;
}

}  // namespace
}  // namespace sekisho::telemetry
