#pragma once
// Backup and restore of a gateway's state: store, audit segments, checkpoints. Never the master key, never
// the configuration.
#include "auth/store/snapshot_io.hpp"
#include "config/model.hpp"
#include "gateway/backup/archive.hpp"
#include "gateway/net/descriptor_io.hpp"

namespace sekisho::gateway {

// write_backup writes a consistent copy to a new file of mode 0600 while a gateway may run: the store at one
// moment, then every whole line of the audit, which so covers all the store holds. On failure no file is
// left. `output` is open for writing and empty. Errors: what store and files report; Errc::unavailable when
// `output` cannot be written.
Result<BackupManifest> write_backup(const config::Model& model, const Secret& master, WallTime now,
                                    int output);

struct Restored {
    BackupManifest manifest;
    auth::Forgotten forgotten;
    bool checkpoints_kept = false;  // there were some already; the backup's were left in it
};
// restore_backup puts a backup into an empty data directory under its lock, after every byte of it was
// verified. Past rights do not come back: see auth::forget_what_may_not_return. On failure nothing has
// changed. Errors: Errc::exists when a gateway runs or the directories hold something; Errc::malformed names
// the damaged part; Errc::denied for another master key, or a schema newer than this program's.
Result<Restored> restore_backup(const config::Model& model, const Secret& master, WallTime now,
                                const UniqueFd& file);

}  // namespace sekisho::gateway
