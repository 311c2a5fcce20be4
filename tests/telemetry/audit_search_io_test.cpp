// Goal: records are found by what people ask for, opened as far as keys allow, and shown without steering a
// terminal. Method: one small log, a table of questions; a record full of control characters.
#include "telemetry/audit_search_io.hpp"

#include "audit_support.hpp"
#include "telemetry/line_reader.hpp"

#include <gtest/gtest.h>

namespace sekisho::telemetry {
namespace {

using namespace std::chrono_literals;
using test::refusal;

class AuditSearch : public ::testing::Test {
protected:
    AuditSearch() {
        log.begin_segment();
        auto record = refusal("sato", "wiki");
        add(record);
        record = refusal("ishii", "files");
        record.reason = "part";
        record.request_id = "01JDXX";
        record.time += 1h;
        add(record);
        record = refusal("ishii", "wiki");
        record.event = Event::decision_allow;
        record.outcome = Outcome::allowed;
        record.session = "4T9K2M";
        record.time += 2h;
        add(record);
        test::write_file(folder / segment_name(1), log.text(0));
    }
    void add(const Record& record) { log.add(record); }
    std::vector<Seq> ask(const AuditQuery& query) {
        std::vector<Seq> found;
        const auto done =
            search_audit(folder / "", query, log.keys.get(),
                         [&](const ReadRecord& read, std::string_view) { found.push_back(read.seq); });
        EXPECT_TRUE(done);
        return found;
    }

    test::Folder folder;
    test::MemoryLog log;
};

TEST_F(AuditSearch, FindsByEachQuestion) {
    const WallTime noon = refusal("", "").time;
    AuditQuery query;
    EXPECT_EQ(ask(query), (std::vector<Seq>{1, 2, 3}));
    query.user = "ishii";
    EXPECT_EQ(ask(query), (std::vector<Seq>{2, 3}));
    query.app = "files";
    EXPECT_EQ(ask(query), (std::vector<Seq>{2}));
    query = {};
    query.event = Event::decision_allow;
    EXPECT_EQ(ask(query), (std::vector<Seq>{3}));
    query = {};
    query.reason = "part";
    EXPECT_EQ(ask(query), (std::vector<Seq>{2}));
    query = {};
    query.request_id = "01JDXX";
    EXPECT_EQ(ask(query), (std::vector<Seq>{2}));
    query = {};
    query.session = "4T9K2M";
    EXPECT_EQ(ask(query), (std::vector<Seq>{3}));
    query = {};
    query.from = noon + 1h;
    query.to = noon + 2h;
    EXPECT_EQ(ask(query), (std::vector<Seq>{2}));
}

TEST_F(AuditSearch, TheLimitIsSaid) {
    AuditQuery query;
    query.limit = 2;
    const auto done =
        search_audit(folder / "", query, log.keys.get(), [](const ReadRecord&, std::string_view) {});
    ASSERT_TRUE(done);
    EXPECT_EQ(done->matched, 2u);
    EXPECT_EQ(done->read, 3u);
    EXPECT_TRUE(done->limited);
}

TEST_F(AuditSearch, AUserWithoutAKeyCannotBeFound) {
    log.keys->erase("ishii");
    AuditQuery query;
    query.user = "ishii";
    const auto done =
        search_audit(folder / "", query, log.keys.get(), [](const ReadRecord&, std::string_view) {});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), Errc::not_found);
    query = {};
    EXPECT_EQ(ask(query).size(), 3u);
}

TEST_F(AuditSearch, AnEmptyFolderIsAnError) {
    const test::Folder empty;
    EXPECT_EQ(search_audit(empty / "", {}, nullptr, {}).error().code(), Errc::not_found);
    VerifyFiles files;
    files.directory = empty / "";
    EXPECT_EQ(verify_audit(files).error().code(), Errc::not_found);
    files.directory = folder / "";
    files.checkpoints = empty / "none";
    EXPECT_EQ(verify_audit(files).error().code(), Errc::unavailable);
}

TEST_F(AuditSearch, DamagedLinesAreCountedNotShown) {
    test::write_file(folder / segment_name(1), log.text(0) + "garbage\n");
    const auto done =
        search_audit(folder / "", {}, log.keys.get(), [](const ReadRecord&, std::string_view) {});
    ASSERT_TRUE(done);
    EXPECT_EQ(done->unreadable, 1u);
    EXPECT_EQ(done->read, 3u);
}

TEST(AuditShow, NothingSteersTheTerminal) {
    ReadRecord read;
    read.seq = 7;
    read.opened = true;
    read.record = refusal("sato", "wiki");
    read.record.agent =
        "x\x1b]0;owned\a\r\n\xc2\x9b"
        "31m\xe2\x80\xae";
    read.record.facts.push_back({"n\x1b", "v\x1b"});
    const auto line = to_terminal(read);
    for (const char c : line) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) << line;
    EXPECT_EQ(line.find("\xc2\x9b"), line.npos);
    EXPECT_EQ(line.find("\xe2\x80\xae"), line.npos);
    EXPECT_NE(line.find("user=sato"), line.npos);
    const auto json = to_json(read);
    EXPECT_EQ(json.find('\n'), json.size() - 1);
    EXPECT_EQ(json.find('\x1b'), json.npos);
    const auto fields = read_line(std::string_view(json).substr(0, json.size() - 1));
    ASSERT_TRUE(fields) << json;
    EXPECT_EQ(fields->text("facts.mfa"), "otp");
}

}  // namespace
}  // namespace sekisho::telemetry
