#pragma once
// The form of a backup: one file that says what it holds, under a key only the gateway's operator has.
//
//   sekisho backup 1\n
//   {"program":...}\n                   the manifest: one line of JSON, at most 4 MiB
//   mac 64 hexadecimal digits\n         HMAC-SHA-256 over the two lines above
//   the files' bytes, one after the other, in the order of the manifest; then nothing
//
// The manifest holds each file's SHA-256, so that the MAC covers all. The key is derived from the master key,
// which the backup never holds. Nothing here reads or writes a file.
#include "base/clock.hpp"
#include "base/crypto.hpp"

#include <string>
#include <vector>

namespace sekisho::gateway {

inline constexpr std::size_t backup_head_max = 4u << 20;  // all three lines
inline constexpr std::size_t backup_files_max = 20'000;

struct BackupFile {
    std::string name;  // "store", "checkpoints", or a segment: "audit/audit-00000001.jsonl"
    std::uint64_t size_bytes = 0;
    Digest sha256{};
};

struct BackupManifest {
    std::string program;  // version that made it
    int schema = 0;       // of the store
    std::string origin;   // the portal's host
    std::string made;     // RFC 3339, UTC
    std::vector<BackupFile> files;
};

// write_backup_head gives the three lines.
std::string write_backup_head(const BackupManifest& manifest, const Secret& master);
// backup_mac_line is the third line of a head, for its first two.
std::string backup_mac_line(std::string_view lines, const Secret& master);

struct BackupHead {
    BackupManifest manifest;
    std::uint64_t head_bytes = 0;
    std::uint64_t whole_bytes = 0;  // of the file, head and all
};
// read_backup_head reads the first bytes of a file, up to backup_head_max of them.
// Errors: Errc::malformed when this is no backup or its head is damaged; Errc::denied when it was made under
// another master key; Errc::too_large for a newer format.
Result<BackupHead> read_backup_head(std::string_view text, const Secret& master);

}  // namespace sekisho::gateway
