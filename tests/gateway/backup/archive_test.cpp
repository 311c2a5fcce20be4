// Goal: a backup's head says what was written, only under the key it was made with, and any damage is found.
// Method: one good head, cut and changed at each byte; names and orders that must not pass.
#include "gateway/backup/archive.hpp"

#include <gtest/gtest.h>

namespace sekisho::gateway {
namespace {

Secret key(std::uint8_t fill = 7) { return Secret(Bytes(32, fill)); }

BackupManifest manifest() {
    BackupManifest out{"0.1.0", 2, "portal.example", "2026-11-28T00:00:00Z", {}};
    out.files.push_back({"store", 4096, sha256(as_bytes("a"))});
    out.files.push_back({"checkpoints", 12, sha256(as_bytes("b"))});
    out.files.push_back({"audit/audit-00000001.jsonl", 0, sha256(as_bytes("c"))});
    return out;
}

TEST(BackupHead, SaysWhatWasWritten) {
    const auto text = write_backup_head(manifest(), key());
    const auto head = read_backup_head(text + "bytes of files", key());
    ASSERT_TRUE(head) << head.error().detail();
    EXPECT_EQ(head->head_bytes, text.size());
    EXPECT_EQ(head->whole_bytes, text.size() + 4096 + 12);
    EXPECT_EQ(head->manifest.origin, "portal.example");
    EXPECT_EQ(head->manifest.schema, 2);
    ASSERT_EQ(head->manifest.files.size(), 3u);
    EXPECT_EQ(head->manifest.files[2].name, "audit/audit-00000001.jsonl");
    EXPECT_EQ(head->manifest.files[0].sha256, sha256(as_bytes("a")));
}

TEST(BackupHead, EveryProperPrefixIsRefused) {
    const auto text = write_backup_head(manifest(), key());
    for (std::size_t n = 0; n < text.size(); ++n)
        ASSERT_FALSE(read_backup_head(std::string_view(text).substr(0, n), key())) << n;
}

TEST(BackupHead, EveryChangedByteIsFound) {
    const auto text = write_backup_head(manifest(), key());
    for (std::size_t n = 0; n < text.size(); ++n) {
        auto damaged = text;
        damaged[n] = static_cast<char>(damaged[n] ^ 1);
        ASSERT_FALSE(read_backup_head(damaged, key())) << n;
    }
}

TEST(BackupHead, AnotherKeyIsToldFromDamage) {
    auto text = write_backup_head(manifest(), key());
    const auto other = read_backup_head(text, key(8));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code(), Errc::denied);
    text[text.find("portal")] = 'q';
    EXPECT_EQ(read_backup_head(text, key()).error().code(), Errc::malformed);
}

TEST(BackupHead, ANewerFormatIsTold) {
    EXPECT_EQ(read_backup_head("sekisho backup 2\n{}\n", key()).error().code(), Errc::too_large);
    EXPECT_EQ(read_backup_head("PK", key()).error().code(), Errc::malformed);
}

// Even under the right key nothing is written outside its place.
TEST(BackupHead, OnlyKnownNamesEachOnceTheStoreFirst) {
    const auto with = [](std::vector<std::string> names) {
        auto changed = manifest();
        changed.files.clear();
        for (auto& name : names) changed.files.push_back({std::move(name), 1, {}});
        return read_backup_head(write_backup_head(changed, key()), key()).has_value();
    };
    EXPECT_TRUE(with({"store"}));
    EXPECT_TRUE(with({"store", "audit/audit-00000009.jsonl", "checkpoints"}));
    EXPECT_FALSE(with({}));
    EXPECT_FALSE(with({"checkpoints", "store"}));
    EXPECT_FALSE(with({"store", "store"}));
    for (const char* name : {"audit/../../etc/passwd", "/etc/passwd", "audit/audit-1.jsonl",
                             "audit/audit-0000000a.jsonl", "audit/", "", "store/", "master.key"})
        EXPECT_FALSE(with({"store", name})) << name;
}

}  // namespace
}  // namespace sekisho::gateway
