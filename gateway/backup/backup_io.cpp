#include "gateway/backup/backup_io.hpp"

#include "auth/data_directory.hpp"
#include "auth/keyring.hpp"
#include "auth/store/schema.hpp"
#include "auth/store/sqlite_store.hpp"
#include "base/civil_time.hpp"
#include "base/crypto_stream.hpp"
#include "gateway/backup/files_io.hpp"
#include "telemetry/audit_files_io.hpp"

#include <fmt/format.h>

namespace sekisho::gateway {
namespace {

namespace fs = std::filesystem;

// A file on disk that goes into the backup: its first `listed.size_bytes` bytes.
struct Source {
    BackupFile listed;
    fs::path path;
};

// Only whole lines: a gateway may be writing the next one.
Result<Source> list_source(const std::string& name, const fs::path& path, std::string_view end_of_whole) {
    auto file = open_to_read(path);
    if (!file) return file.error();
    const auto size = size_of(*file);
    if (!size) return size.error();
    const auto whole = last_whole(*file, *size, end_of_whole);
    if (!whole) return whole.error();
    Source source{{name, *whole, {}}, path};
    Sha256Stream sum;
    if (auto read = each_piece(*file, 0, *whole,
                               [&](ByteView piece) {
                                   sum.add(piece);
                                   return Result<>();
                               });
        !read)
        return read.error();
    source.listed.sha256 = sum.finish();
    return source;
}

// Checkpoints before segments: none may speak of a record that the segments do not hold yet.
Result<std::vector<Source>> list_sources(const config::Model& model) {
    std::vector<Source> sources;
    const fs::path checkpoints = model.audit.checkpoint_path, directory = model.audit.directory;
    if (!checkpoints.empty() && fs::exists(checkpoints)) {
        auto source = list_source("checkpoints", checkpoints, "=\n\n");
        if (!source) return source.error();
        sources.push_back(std::move(*source));
    }
    const auto segments = telemetry::list_segments(directory);
    if (!segments && segments.error().code() != Errc::not_found && fs::exists(directory))
        return segments.error();
    for (const auto segment : segments ? *segments : std::vector<std::uint64_t>()) {
        const auto name = telemetry::segment_name(segment);
        auto source = list_source("audit/" + name, directory / name, "\n");
        if (!source) return source.error();
        sources.push_back(std::move(*source));
    }
    if (sources.size() + 1 > backup_files_max)
        return Error(Errc::too_large,
                     fmt::format("more than {} audit segments: move old ones away first", backup_files_max));
    return sources;
}

Result<> copy_source(const Source& source, int output) {
    auto file = open_to_read(source.path);
    if (!file) return file.error();
    Sha256Stream sum;
    auto copied = each_piece(*file, 0, source.listed.size_bytes, [&](ByteView piece) {
        sum.add(piece);
        return write_whole(output, piece);
    });
    if (copied && sum.finish() != source.listed.sha256)
        return Error(Errc::unavailable, source.path.string() + " changed while it was copied: try again");
    return copied;
}

std::string store_path(const config::Model& model) { return model.store.data_directory + "/sekisho.db"; }

// Reads the head, then every byte, before anything is believed.
Result<BackupHead> verify(const UniqueFd& file, const Secret& master) {
    const auto size = size_of(file);
    if (!size) return size.error();
    std::string text;
    const auto front = std::min<std::uint64_t>(*size, backup_head_max);
    if (auto read = each_piece(file, 0, front,
                               [&](ByteView piece) {
                                   text += as_text(piece);
                                   return Result<>();
                               });
        !read)
        return read.error();
    auto head = read_backup_head(text, master);
    if (!head) return head;
    if (head->whole_bytes != *size)
        return Error(Errc::malformed, fmt::format("the backup is damaged: it has {} bytes and should have {}",
                                                  *size, head->whole_bytes));
    std::uint64_t at = head->head_bytes;
    for (const auto& listed : head->manifest.files) {
        Sha256Stream sum;
        if (auto read = each_piece(file, at, listed.size_bytes,
                                   [&](ByteView piece) {
                                       sum.add(piece);
                                       return Result<>();
                                   });
            !read)
            return read.error();
        if (sum.finish() != listed.sha256)
            return Error(Errc::malformed,
                         fmt::format("the backup is damaged: its part \"{}\" was changed", listed.name));
        at += listed.size_bytes;
    }
    if (head->manifest.schema > auth::schema_version())
        return Error(
            Errc::denied,
            fmt::format(
                "the backup has schema {}, this program knows {}: restore it with sekisho {} or newer",
                head->manifest.schema, auth::schema_version(), head->manifest.program));
    return head;
}

Result<> must_be_empty(const config::Model& model) {
    const auto taken = [](const fs::path& what) {
        return Error(Errc::exists, what.string() + " is there already: restore into an empty data directory");
    };
    for (const char* suffix : {"", "-wal"})
        if (const fs::path store = store_path(model) + suffix; fs::exists(store)) return taken(store);
    const fs::path audit = model.audit.directory;
    if (!fs::exists(audit)) return {};
    const auto segments = telemetry::list_segments(audit);
    if (!segments) return segments.error();
    if (!segments->empty()) return taken(audit / telemetry::segment_name(segments->front()));
    return {};
}

// Everything is written beside its place first, and moved there when all of it stands.
class Staging {
public:
    Staging(const config::Model& model, Restored& out)
        : model_(model),
          out_(out),
          data_(fs::path(model.store.data_directory) / "restoring"),
          audit_(fs::path(model.audit.directory) / "restoring") {}
    ~Staging() { clear(); }
    Staging(const Staging&) = delete;
    Staging& operator=(const Staging&) = delete;

    Result<> write(const UniqueFd& from, const BackupHead& head);
    Result<> settle(WallTime now, const Secret& master);

private:
    void clear() const noexcept {
        std::error_code ignored;
        fs::remove_all(data_, ignored);
        fs::remove_all(audit_, ignored);
    }
    Result<> move_all();
    fs::path staged(const std::string& name) const {
        return name.starts_with("audit/") ? audit_ / name.substr(6) : data_ / name;
    }
    fs::path settled(const std::string& name) const {
        if (name == "store") return store_path(model_);
        if (name == "checkpoints") return model_.audit.checkpoint_path;
        return fs::path(model_.audit.directory) / name.substr(6);
    }

    const config::Model& model_;
    Restored& out_;
    const fs::path data_, audit_;
};

Result<> Staging::write(const UniqueFd& from, const BackupHead& head) {
    clear();
    for (const auto& folder : {data_, audit_}) {
        std::error_code failed;
        fs::create_directories(folder, failed);
        if (failed) return Error(Errc::unavailable, fmt::format("{}: {}", folder.string(), failed.message()));
        fs::permissions(folder.parent_path(), fs::perms::owner_all, failed);
        fs::permissions(folder, fs::perms::owner_all, failed);
    }
    std::uint64_t at = head.head_bytes;
    for (const auto& listed : head.manifest.files) {
        auto to = create_new(staged(listed.name));
        if (!to) return to.error();
        // What is installed is judged, not what was read before: the file may have changed in between.
        Sha256Stream sum;
        auto copied = each_piece(from, at, listed.size_bytes, [&](ByteView piece) {
            sum.add(piece);
            return write_whole(to->get(), piece);
        });
        if (copied && sum.finish() != listed.sha256)
            return Error(
                Errc::malformed,
                fmt::format("the backup changed while it was read, in its part \"{}\"", listed.name));
        if (copied) copied = sync(*to, staged(listed.name));
        if (!copied) return copied;
        at += listed.size_bytes;
    }
    return {};
}

Result<> Staging::settle(WallTime now, const Secret& master) {
    const auto store = staged("store").string();
    auto forgotten = auth::forget_what_may_not_return(store, now);
    if (!forgotten) return forgotten.error();
    out_.forgotten = *forgotten;
    // Opened as the gateway will: a store it cannot work with is found here.
    auto opened = auth::open_sqlite_store(store);
    if (!opened) return opened.error();
    if (auto keys = auth::Keyring::open(**opened, system_clock_face(), Secret(master.reveal())); !keys)
        return keys.error();
    opened->reset();
    return move_all();
}

// The store last: until it stands there is no state, and a further try begins anew.
Result<> Staging::move_all() {
    std::vector<fs::path> moved;
    const auto undo = [&](const std::error_code& failed, const fs::path& what) {
        std::error_code ignored;
        for (const auto& path : moved) fs::remove(path, ignored);
        return Error(Errc::unavailable, fmt::format("{}: {}", what.string(), failed.message()));
    };
    const auto& files = out_.manifest.files;
    for (auto file = files.rbegin(); file != files.rend(); ++file) {
        const auto to = settled(file->name);
        std::error_code failed;
        if (file->name == "checkpoints") {
            if (to.empty()) continue;
            out_.checkpoints_kept = fs::exists(to) && fs::file_size(to, failed) > 0;
            if (out_.checkpoints_kept) continue;
            if (to.has_parent_path()) fs::create_directories(to.parent_path(), failed);
            fs::copy_file(staged(file->name), to, fs::copy_options::overwrite_existing,
                          failed);  // another disk
        } else {
            fs::rename(staged(file->name), to, failed);
        }
        if (failed) return undo(failed, to);
        moved.push_back(to);
    }
    return sync_folders({model_.store.data_directory, model_.audit.directory});
}

}  // namespace

Result<BackupManifest> write_backup(const config::Model& model, const Secret& master, WallTime now,
                                    int output) {
    const auto store = auth::snapshot_store(store_path(model));
    if (!store) return store.error();
    const auto sources = list_sources(model);
    if (!sources) return sources.error();
    BackupManifest manifest{
        SEKISHO_VERSION, auth::schema_of(*store), model.portal.host, to_rfc3339_utc(now), {}};
    manifest.files.push_back({"store", store->size(), sha256(*store)});
    for (const auto& source : *sources) manifest.files.push_back(source.listed);
    const auto head = write_backup_head(manifest, master);
    if (head.size() > backup_head_max) return Error(Errc::too_large, "the backup's manifest is too large");
    if (auto done = write_whole(output, as_bytes(head)); !done) return done.error();
    if (auto done = write_whole(output, *store); !done) return done.error();
    for (const auto& source : *sources)
        if (auto done = copy_source(source, output); !done) return done.error();
    return manifest;
}

Result<Restored> restore_backup(const config::Model& model, const Secret& master, WallTime now,
                                const UniqueFd& file) {
    const auto head = verify(file, master);
    if (!head) return head.error();
    const auto lock = auth::DataDirectory::open(model.store.data_directory);
    if (!lock) return lock.error();
    if (auto empty = must_be_empty(model); !empty) return empty.error();
    Restored restored;
    restored.manifest = head->manifest;
    Staging staging(model, restored);
    if (auto written = staging.write(file, *head); !written) return written.error();
    if (auto settled = staging.settle(now, master); !settled) return settled.error();
    return restored;
}

}  // namespace sekisho::gateway
