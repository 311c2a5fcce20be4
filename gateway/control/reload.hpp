#pragma once
// Reloads brings a changed configuration into force, or says why not: an invalid file, or one that loosens
// access without a word, changes nothing (R14).
#include "config/watch_io.hpp"
#include "gateway/services.hpp"
#include "gateway/snapshot.hpp"
#include "gateway/status.hpp"

#include <boost/json/object.hpp>

#include <deque>
#include <functional>
#include <mutex>
#include <string>

namespace sekisho::gateway {

enum class Loosening : std::uint8_t { refused, accepted };
// Whether a file without its end line may be loaded: only when a person asks (R14).
enum class Whole : std::uint8_t { trusted, required };

class Reloads {
public:
    Reloads(std::string config_path, SnapshotBoard& board, std::shared_ptr<const TicketKeys> tickets,
            Services& services, std::function<void()> in_force)
        : path_(std::move(config_path)),
          board_(board),
          tickets_(std::move(tickets)),
          services_(services),
          in_force_(std::move(in_force)) {}

    // reload loads, checks, compares and swaps. The result says what happened: generation, changes, what
    // waits for a restart. Errors: Errc::malformed with the diagnostics as text, Errc::denied when it
    // loosens. Thread: any pool thread; one at a time.
    Result<boost::json::object> reload(Loosening loosening, const std::string& actor,
                                       Whole whole = Whole::trusted);
    // back_to brings a former generation's configuration into force again, under a new number, whatever the
    // files say now; they are read again when they change or reload asks. Errors: Errc::not_found when it is
    // none of the last generations_max; else as reload.
    static constexpr std::size_t generations_max = 16;
    Result<boost::json::object> back_to(std::uint64_t generation, Loosening loosening,
                                        const std::string& actor);
    // files_changed is what the watch calls: loosening is never taken by itself. true: a new generation is in
    // force.
    bool files_changed(config::ChangeReason reason);

    StatusFacts facts() const;

private:
    using ModelPtr = std::shared_ptr<const config::Model>;
    // bring_in compares with what is in force and swaps; the lock is held.
    Result<boost::json::object> bring_in(ModelPtr model, Loosening loosening, const std::string& actor,
                                         SteadyTime accepted, std::optional<std::uint64_t> former);
    Result<boost::json::object> refuse(Error error, const std::string& actor);
    void record(telemetry::Event event, const std::string& actor, std::uint64_t generation,
                std::string_view reason, std::vector<telemetry::Fact> facts);

    std::string path_;
    SnapshotBoard& board_;
    std::shared_ptr<const TicketKeys> tickets_;
    Services& services_;
    std::function<void()> in_force_;
    std::mutex one_at_a_time_;
    std::deque<std::pair<std::uint64_t, ModelPtr>> former_;  // generations that were in force, oldest first
    std::atomic<bool> last_ok_{true};
    std::atomic<std::int64_t> last_tried_{0};  // milliseconds since the epoch; 0: never
};

// narrow_sessions holds whoever is signed in to what their kind of person may have in this snapshot: whoever
// became a contractor keeps no longer session than one. Nobody gets more than they were given.
void narrow_sessions(Services& services, const Snapshot& snapshot);

}  // namespace sekisho::gateway
