#include "telemetry/audit_files_io.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sekisho::telemetry {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view reserve_name = "reserve", fresh_name = "segment.new", lock_name = "lock";
constexpr std::size_t line_bytes_max = 1u << 20;
constexpr std::string_view note_end_mark = "\n\xe2\x80\x94 ";
constexpr off_t note_bytes_max = 4096;

bool is_no_space(int error) { return error == ENOSPC || error == EDQUOT || error == EFBIG; }

Error os_error(std::string_view what, int error = errno) {
    return {is_no_space(error) ? Errc::too_large : Errc::unavailable,
            fmt::format("{}: {}", what, std::strerror(error))};
}

OwnedDescriptor open_file(const fs::path& path, int flags) {
    int descriptor;
    do descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    while (descriptor < 0 && errno == EINTR);
    return OwnedDescriptor(descriptor);
}

// Writes at `offset` and syncs; 0 or errno. A short write is followed by one that tells why.
int write_and_sync(int descriptor, std::string_view text, std::uint64_t offset) {
    while (!text.empty()) {
        const ssize_t written = ::pwrite(descriptor, text.data(), text.size(), static_cast<off_t>(offset));
        if (written < 0 && errno != EINTR) return errno;
        if (written <= 0) continue;
        text.remove_prefix(static_cast<std::size_t>(written));
        offset += static_cast<std::uint64_t>(written);
    }
    return ::fdatasync(descriptor) == 0 ? 0 : errno;
}

Result<void> sync_directory(const fs::path& directory) {
    const auto opened = open_file(directory, O_RDONLY | O_DIRECTORY);
    if (!opened || ::fsync(opened.get()) != 0) return os_error("audit directory");
    return {};
}

// The reserve as blocks without size; file systems that cannot do this get zeros, which then are given back
// at use.
int set_aside(int descriptor, std::uint64_t bytes) {
    if (::fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(bytes)) == 0) return 0;
    if (errno != EOPNOTSUPP) return errno;
    const std::string zeros(64u << 10, '\0');
    for (std::uint64_t at = 0; at < bytes; at += zeros.size()) {
        const auto part =
            std::string_view(zeros).substr(0, std::min<std::uint64_t>(zeros.size(), bytes - at));
        if (const int error = write_and_sync(descriptor, part, at)) return error;
    }
    return 0;
}

std::optional<std::uint64_t> segment_of(const std::string& name) {
    constexpr std::string_view prefix = "audit-", suffix = ".jsonl";
    if (!name.starts_with(prefix) || !name.ends_with(suffix)) return std::nullopt;
    std::uint64_t number = 0;
    const char* first = name.data() + prefix.size();
    const char* last = name.data() + name.size() - suffix.size();
    const auto read = std::from_chars(first, last, number);
    if (read.ptr != last || read.ec != std::errc{} || segment_name(number) != name) return std::nullopt;
    return number;
}

// Where the last whole note of the file ends.
off_t whole_notes(int descriptor, off_t size) {
    std::string tail(static_cast<std::size_t>(std::min(size, 2 * note_bytes_max)), '\0');
    const off_t from = size - static_cast<off_t>(tail.size());
    if (::pread(descriptor, tail.data(), tail.size(), from) != static_cast<ssize_t>(tail.size())) return size;
    for (auto end = tail.rfind("\n\n"); end != tail.npos && end > 0; end = tail.rfind("\n\n", end - 1)) {
        const auto line = tail.rfind('\n', end - 1);
        if (line != tail.npos && std::string_view(tail).substr(line).starts_with(note_end_mark))
            return from + static_cast<off_t>(end) + 2;
    }
    return from == 0 ? 0 : size;
}

}  // namespace

OwnedDescriptor::~OwnedDescriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<std::vector<std::uint64_t>> list_segments(const fs::path& directory) {
    std::error_code error;
    std::vector<std::uint64_t> segments;
    for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error))
        if (const auto segment = segment_of(at->path().filename().string())) segments.push_back(*segment);
    if (error) return Error(Errc::unavailable, fmt::format("{}: {}", directory.string(), error.message()));
    std::sort(segments.begin(), segments.end());
    return segments;
}

Result<std::uint64_t> each_line(const fs::path& path, const OnLine& on_line) {
    const auto file = open_file(path, O_RDONLY);
    if (!file) return os_error(path.string());
    std::string buffer;
    std::vector<char> chunk(256u << 10);
    while (true) {
        const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return os_error(path.string());
        if (got == 0) break;
        buffer.append(chunk.data(), static_cast<std::size_t>(got));
        std::size_t from = 0;
        for (auto end = buffer.find('\n'); end != buffer.npos; end = buffer.find('\n', from)) {
            on_line(std::string_view(buffer).substr(from, end - from), true);
            from = end + 1;
        }
        buffer.erase(0, from);
        if (buffer.size() > line_bytes_max) {
            on_line(buffer, true);
            buffer.clear();
        }
    }
    if (!buffer.empty()) on_line(buffer, false);
    return buffer.size();
}

std::function<std::optional<std::string>()> read_notes(const fs::path& path) {
    auto file = std::make_shared<std::ifstream>(path, std::ios::binary);
    return [file]() -> std::optional<std::string> {
        std::string note, line;
        while (std::getline(*file, line)) {
            if (note.empty() && line.empty()) continue;
            note.append(line).push_back('\n');
            const bool last = ("\n" + line).starts_with(note_end_mark);
            if (last || note.size() > static_cast<std::size_t>(note_bytes_max)) return note;
        }
        if (note.empty()) return std::nullopt;
        return note;
    };
}

Result<AuditFiles> AuditFiles::open(const fs::path& directory, const fs::path& checkpoints) {
    AuditFiles files;
    files.directory_ = directory;
    files.checkpoint_path_ = checkpoints;
    std::error_code error;
    fs::create_directories(directory, error);
    if (error) return Error(Errc::unavailable, fmt::format("{}: {}", directory.string(), error.message()));
    ::chmod(directory.c_str(), 0700);
    files.lock_ = open_file(directory / lock_name, O_RDWR | O_CREAT);
    if (!files.lock_) return os_error("audit lock");
    if (::flock(files.lock_.get(), LOCK_EX | LOCK_NB) != 0)
        return Error(Errc::exists, "another process writes this audit log");
    if (auto done = files.recover(); !done) return done.error();
    if (auto done = files.open_checkpoints(); !done) return done.error();
    return files;
}

Result<void> AuditFiles::recover() {
    const auto segments = list_segments(directory_);
    if (!segments) return segments.error();
    for (auto segment = segments->rbegin(); segment != segments->rend(); ++segment) {
        const auto found = recover_segment(*segment);
        if (!found) return found.error();
        if (*found) return {};
        // A segment whose header never became durable holds no record: take it away and go on from the one
        // before.
        if (::unlink(path_of(*segment).c_str()) != 0) return os_error("audit segment");
    }
    return {};
}

// False when not one whole line can be read.
Result<bool> AuditFiles::recover_segment(std::uint64_t segment) {
    ChainVerifier::Options options;
    options.first = 0;
    ChainVerifier verifier(std::move(options));
    verifier.begin_segment(segment_name(segment));
    std::optional<ChainLine> last;
    std::uint64_t size = 0, unreadable = 0;
    const auto torn = each_line(path_of(segment), [&](std::string_view line, bool whole) {
        if (!whole) return;
        verifier.line(line);
        size += line.size() + 1;
        const auto read = read_chain_line(line);
        unreadable = read ? 0 : unreadable + 1;
        if (read) last = *read;
    });
    if (!torn) return torn.error();
    recovered_.torn_bytes += *torn;
    if (size == 0) return false;
    const auto report = verifier.finish();
    recovered_.segment = segment_ = segment;
    recovered_.size_bytes = size_ = size;
    recovered_.head = report.head;
    recovered_.head.seq += unreadable;  // their numbers are taken
    if (last) recovered_.link = last->hash;
    if (!report.intact()) recovered_.damage = report.findings.front().sentence;
    file_ = open_file(path_of(segment), O_RDWR);
    if (!file_) return os_error("audit segment");
    if (*torn > 0 && (::ftruncate(file_.get(), static_cast<off_t>(size)) != 0 || ::fsync(file_.get()) != 0))
        return os_error("audit segment");
    return true;
}

Result<void> AuditFiles::open_checkpoints() {
    if (checkpoint_path_.empty()) return {};
    std::error_code error;
    if (checkpoint_path_.has_parent_path()) fs::create_directories(checkpoint_path_.parent_path(), error);
    checkpoints_ = open_file(checkpoint_path_, O_RDWR | O_CREAT);
    if (!checkpoints_) return os_error("audit checkpoints");
    checkpoint_size_ = whole_notes(checkpoints_.get(), ::lseek(checkpoints_.get(), 0, SEEK_END));
    if (::ftruncate(checkpoints_.get(), checkpoint_size_) != 0) return os_error("audit checkpoints");
    std::string tail(static_cast<std::size_t>(std::min(checkpoint_size_, note_bytes_max)), '\0');
    const off_t from = checkpoint_size_ - static_cast<off_t>(tail.size());
    if (::pread(checkpoints_.get(), tail.data(), tail.size(), from) != static_cast<ssize_t>(tail.size()))
        return os_error("audit checkpoints");
    // The last note begins behind the end of the one before it.
    const auto before = tail.size() < 3 ? std::string::npos : tail.rfind("=\n\n", tail.size() - 4);
    const auto note = tail.substr(before == tail.npos ? 0 : before + 3);
    if (note.size() > 1)
        if (const auto read = read_checkpoint(std::string_view(note).substr(0, note.size() - 1)))
            recovered_.checkpoint = read->checkpoint.head.seq;
    return {};
}

Result<void> AuditFiles::append(std::string_view text) {
    if (const int error = write_and_sync(file_.get(), text, size_)) {
        // What was written in part must not stand before the next line. Should cutting it off fail too, the
        // next write begins at the same place.
        if (::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) return os_error("audit segment", error);
        return os_error("audit segment", error);
    }
    size_ += text.size();
    return {};
}

// The header is durable before the file has its name, and the name before anything follows.
Result<void> AuditFiles::begin_in(OwnedDescriptor file, const fs::path& temporary,
                                  std::string_view header_line, bool reserve) {
    if (const int error = write_and_sync(file.get(), header_line, 0)) return os_error("audit segment", error);
    if (::rename(temporary.c_str(), path_of(segment_ + 1).c_str()) != 0) return os_error("audit segment");
    if (auto synced = sync_directory(directory_); !synced) return synced;
    file_ = std::move(file);
    size_ = header_line.size();
    on_reserve_ = reserve;
    ++segment_;
    return {};
}

Result<void> AuditFiles::start_segment(std::string_view header_line) {
    const auto temporary = directory_ / fresh_name;
    auto file = open_file(temporary, O_RDWR | O_CREAT | O_TRUNC);
    if (!file) return os_error("audit segment");
    return begin_in(std::move(file), temporary, header_line, false);
}

Result<void> AuditFiles::start_reserve_segment(std::string_view header_line) {
    const auto temporary = directory_ / reserve_name;
    auto file = open_file(temporary, O_RDWR);
    if (!file) return Error(Errc::not_found, "no reserved space is left");
    struct stat status {};
    // Zeros are given back; blocks without size must not be, since cutting a file gives those back too.
    if (::fstat(file.get(), &status) != 0 || (status.st_size > 0 && ::ftruncate(file.get(), 0) != 0))
        return os_error("audit reserve");
    return begin_in(std::move(file), temporary, header_line, true);
}

bool AuditFiles::has_reserve() const { return ::access((directory_ / reserve_name).c_str(), F_OK) == 0; }

Result<void> AuditFiles::make_reserve(std::uint64_t bytes) {
    if (bytes == 0 || has_reserve()) return {};
    const auto temporary = directory_ / "reserve.new";
    const auto file = open_file(temporary, O_RDWR | O_CREAT | O_TRUNC);
    int error = file ? set_aside(file.get(), bytes) : errno;
    if (error == 0 && ::rename(temporary.c_str(), (directory_ / reserve_name).c_str()) != 0) error = errno;
    if (error != 0) {
        ::unlink(temporary.c_str());
        return os_error("audit reserve", error);
    }
    return sync_directory(directory_);
}

Result<void> AuditFiles::append_checkpoint(std::string_view note) {
    if (checkpoint_path_.empty()) return {};
    std::string text(note);
    text.push_back('\n');
    if (const int error =
            write_and_sync(checkpoints_.get(), text, static_cast<std::uint64_t>(checkpoint_size_)))
        return os_error("audit checkpoints", error);
    checkpoint_size_ += static_cast<off_t>(text.size());
    return {};
}

}  // namespace sekisho::telemetry
