#pragma once
// AuditFiles owns the files of the audit log: the lock, the segment being written, the reserve, the
// checkpoints.
#include "telemetry/audit_chain.hpp"

#include <filesystem>
#include <sys/types.h>

namespace sekisho::telemetry {

// A descriptor that closes itself.
class OwnedDescriptor {
public:
    OwnedDescriptor() = default;
    explicit OwnedDescriptor(int descriptor) noexcept : descriptor_(descriptor) {}
    OwnedDescriptor(OwnedDescriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    OwnedDescriptor& operator=(OwnedDescriptor&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~OwnedDescriptor();
    int get() const noexcept { return descriptor_; }
    explicit operator bool() const noexcept { return descriptor_ >= 0; }

private:
    int descriptor_ = -1;
};

// What open found: where the chain goes on from, and what was wrong.
struct Recovered {
    Head head;
    Digest link{};              // hash of the last line, header lines included
    std::uint64_t segment = 0;  // 0: none yet
    std::uint64_t size_bytes = 0;
    std::uint64_t torn_bytes = 0;
    std::string damage;  // sentence; empty when the last segment is whole
    Seq checkpoint = 0;  // of the last one at the second place
};

// Thread: one.
class AuditFiles {
public:
    // Errors: Errc::exists when another process holds the lock; Errc::unavailable with the system's words.
    static Result<AuditFiles> open(const std::filesystem::path& directory,
                                   const std::filesystem::path& checkpoints);

    const Recovered& recovered() const noexcept { return recovered_; }
    std::uint64_t segment() const noexcept { return segment_; }
    std::uint64_t size_bytes() const noexcept { return size_; }
    bool has_segment() const noexcept { return static_cast<bool>(file_); }
    bool on_reserve() const noexcept { return on_reserve_; }

    // append writes and syncs; on failure the file is as it was before. Errors: Errc::too_large when there is
    // no space, Errc::unavailable otherwise.
    Result<void> append(std::string_view text);
    // start_segment begins the next segment with its header line, synced with its directory entry.
    Result<void> start_segment(std::string_view header_line);
    // start_reserve_segment does so in the reserved space. Errors: Errc::not_found when it was used already.
    Result<void> start_reserve_segment(std::string_view header_line);
    // make_reserve sets space aside unless it is; leaving the reserve segment is up to the caller.
    Result<void> make_reserve(std::uint64_t bytes);
    bool has_reserve() const;
    Result<void> append_checkpoint(std::string_view note);

private:
    AuditFiles() = default;
    Result<void> recover();
    Result<bool> recover_segment(std::uint64_t segment);
    Result<void> open_checkpoints();
    Result<void> begin_in(OwnedDescriptor file, const std::filesystem::path& temporary,
                          std::string_view header_line, bool reserve);
    std::filesystem::path path_of(std::uint64_t segment) const { return directory_ / segment_name(segment); }

    std::filesystem::path directory_, checkpoint_path_;
    OwnedDescriptor lock_, file_, checkpoints_;
    Recovered recovered_;
    std::uint64_t segment_ = 0, size_ = 0;
    off_t checkpoint_size_ = 0;
    bool on_reserve_ = false;
};

// list_segments gives the numbers of the segments in a directory, ascending.
Result<std::vector<std::uint64_t>> list_segments(const std::filesystem::path& directory);

// each_line feeds whole lines without their newline, then the rest of the file if it does not end with one. A
// line longer than 1 MiB is given in pieces. Returns the bytes of that rest. Errors: Errc::unavailable when
// the file cannot be read.
using OnLine = std::function<void(std::string_view line, bool whole)>;
Result<std::uint64_t> each_line(const std::filesystem::path& file, const OnLine& on_line);

// NoteReader gives the notes of a checkpoint file one by one.
std::function<std::optional<std::string>()> read_notes(const std::filesystem::path& file);

}  // namespace sekisho::telemetry
