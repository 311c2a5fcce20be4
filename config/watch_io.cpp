// Watching files by inotify on their folders: editors and deployment tools replace files by renaming.
#include "config/watch_io.hpp"

#include "config/load.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <sys/inotify.h>
#include <unistd.h>

namespace sekisho::config {
namespace {

// Rename and close begin the wait; further writing prolongs it.
constexpr std::uint32_t begins = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_Q_OVERFLOW;
constexpr std::uint32_t wanted = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_MODIFY;

// Seen is what the files of a configuration say: nothing where that is what was known already.
struct Seen {
    std::optional<ChangeReason> reason;
    Bytes digest;  // ready
};

Seen look_at(const std::string& main, const std::vector<std::string>& patterns,
             const std::vector<std::string>& imports, const Bytes& known) {
    const DiskFiles disk;
    Sources sources;
    std::vector<std::string> paths{main};
    for (const auto& pattern : patterns)
        for (auto& path : include_paths(disk, pattern)) paths.push_back(std::move(path));
    paths.insert(paths.end(), imports.begin(), imports.end());
    for (const auto& path : paths) {
        auto text = disk.read(path, file_bytes_max);
        if (!text) return {ChangeReason::unreadable, {}};
        if (text->rfind("\xEF\xBB\xBF", 0) == 0) text->erase(0, 3);
        const bool calendar = std::find(imports.begin(), imports.end(), path) != imports.end();
        const bool ended = calendar ? is_whole_icalendar(*text) : has_end_marker(*text);
        sources.push_back({path, std::move(*text), ended});
    }
    const auto digest = digest_of(sources);
    if (Bytes(digest.begin(), digest.end()) == known) return {};
    if (!std::all_of(sources.begin(), sources.end(), [](const Source& s) { return s.ended; }))
        return {ChangeReason::incomplete, {}};
    return {ChangeReason::ready, Bytes(digest.begin(), digest.end())};
}

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }
std::string watched_folder(const std::string& path) {
    const auto folder = folder_of(path);
    return folder.empty() ? "." : folder;
}

}  // namespace

struct Watch::Impl : std::enable_shared_from_this<Watch::Impl> {
    Impl(boost::asio::io_context& context, const Clock& clock_given, Elsewhere elsewhere_given,
         Handler handler_given)
        : descriptor(context),
          timer(context),
          clock(clock_given),
          elsewhere(std::move(elsewhere_given)),
          handler(std::move(handler_given)) {
        const int number = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (number >= 0) descriptor.assign(number);
    }

    void wait_events() {
        if (!descriptor.is_open()) return;
        descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                              [self = shared_from_this()](const boost::system::error_code& error) {
                                  if (error) return;
                                  self->drain();
                                  self->wait_events();
                              });
    }

    void drain() {
        alignas(inotify_event) std::array<char, 16384> buffer;
        for (;;) {
            const auto got = ::read(descriptor.native_handle(), buffer.data(), buffer.size());
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return;
            for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
                inotify_event event{};
                std::memcpy(&event, buffer.data() + at, sizeof event);
                const char* name = event.len > 0 ? buffer.data() + at + sizeof event : "";
                note(event, name);
                at += sizeof event + event.len;
            }
        }
    }

    void note(const inotify_event& event, const std::string& name) {
        const auto folder = folders.find(event.wd);
        const bool ours =
            (event.mask & IN_Q_OVERFLOW) != 0 || (folder != folders.end() && concerns(folder->second, name));
        if (!ours || ((event.mask & begins) == 0 && !pending)) return;
        arm();
    }

    // A name that starts with ".." is how volumes of container platforms swap whole folders.
    bool concerns(const std::string& folder, const std::string& name) const {
        if (name.rfind("..", 0) == 0 || names.count(folder + "/" + name) > 0) return true;
        return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
            return watched_folder(pattern) == folder && glob_matches(name_of(pattern), name);
        });
    }

    void arm() {
        pending = true;
        last_event = clock.steady();
        wait_stable();
    }

    void wait_stable() {
        timer.expires_after(stable_for);
        timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
            if (error || !self->pending) return;
            if (self->clock.steady() - self->last_event < stable_for) return self->wait_stable();
            self->pending = false;
            self->judge();
        });
    }

    // This thread waits for no disk: another one reads.
    void judge() {
        auto job = [self = shared_from_this(), number = ++follows_and_looks, main = main, patterns = patterns,
                    imports = imports, known = known] {
            auto seen = look_at(main, patterns, imports, known);
            boost::asio::post(self->timer.get_executor(), [self, number, seen = std::move(seen)]() mutable {
                self->take(number, std::move(seen));
            });
        };
        if (!elsewhere || !elsewhere(std::move(job))) arm();
    }

    void take(std::uint64_t number, Seen seen) {
        // Something else is followed by now, or is being looked at again.
        if (number != follows_and_looks || !seen.reason) return;
        // Told once: a refused reload is not tried again until something differs anew.
        if (*seen.reason == ChangeReason::ready) known = std::move(seen.digest);
        tell(*seen.reason);
    }

    void tell(ChangeReason reason) {
        if (handler) handler(reason);
    }

    void follow(const Model& model) {
        if (!descriptor.is_open() || model.files.empty()) return;
        for (const auto& [number, folder] : folders) ::inotify_rm_watch(descriptor.native_handle(), number);
        folders.clear();
        names.clear();
        main = model.files.front();
        patterns = model.include_patterns;
        imports.clear();
        for (const auto& calendar : model.calendars)
            imports.insert(imports.end(), calendar.imports.begin(), calendar.imports.end());
        known = model.digest;
        ++follows_and_looks;
        std::set<std::string> wanted_folders;
        for (const auto& file : model.files) {
            names.insert(watched_folder(file) + "/" + name_of(file));
            wanted_folders.insert(watched_folder(file));
        }
        for (const auto& pattern : patterns) wanted_folders.insert(watched_folder(pattern));
        for (const auto& folder : wanted_folders) {
            const int number = ::inotify_add_watch(descriptor.native_handle(), folder.c_str(), wanted);
            if (number >= 0) folders.emplace(number, folder);
        }
        arm();  // what changed between reading and watching
    }

    boost::asio::posix::stream_descriptor descriptor;
    boost::asio::steady_timer timer;
    const Clock& clock;
    Elsewhere elsewhere;
    Handler handler;
    std::uint64_t follows_and_looks = 0;  // an outcome of an earlier number counts no more
    std::map<int, std::string> folders;
    std::set<std::string> names;
    std::vector<std::string> patterns;
    std::vector<std::string> imports;  // by calendars
    std::string main;
    Bytes known;
    SteadyTime last_event{};
    bool pending = false;
};

Watch::Watch(boost::asio::io_context& context, const Clock& clock, Elsewhere elsewhere, Handler handler)
    : impl_(std::make_shared<Impl>(context, clock, std::move(elsewhere), std::move(handler))) {
    impl_->wait_events();
}

Watch::~Watch() {
    impl_->handler = nullptr;
    impl_->elsewhere = nullptr;
    impl_->pending = false;
    boost::system::error_code ignored;
    impl_->descriptor.close(ignored);
    impl_->timer.cancel();
}

void Watch::follow(const Model& model) { impl_->follow(model); }
bool Watch::working() const noexcept { return impl_->descriptor.is_open() && !impl_->folders.empty(); }

}  // namespace sekisho::config
