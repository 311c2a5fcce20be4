#include "telemetry/audit_queue.hpp"

#include "base/ip.hpp"
#include "telemetry/line_text.hpp"

#include <algorithm>

namespace sekisho::telemetry {
namespace {

// Sources beyond these share one window for each event and reason.
constexpr std::size_t windows_max = 1024;

bool is_anonymous_refusal(const Record& record) {
    return record.user.empty() && record.outcome == Outcome::denied &&
           definition(record.event).event_class == EventClass::ordinary && record.event != Event::coalesced;
}

std::string source_of(const Record& record) {
    const auto address = parse_ip(record.client);
    return address ? to_text(address->source_key()) : record.client;
}

std::string window_key(const Record& record, std::string_view source) {
    std::string key(to_text(record.event));
    return key.append(1, '\n').append(record.reason).append(1, '\n').append(source);
}

// Room that only privileged records may use.
constexpr std::size_t extra(std::size_t records_max) { return records_max / 8 + 1; }

}  // namespace

bool AuditQueue::has_room(const WaitingRecord& waiting) const noexcept {
    return queue_.size() < records_max_ + (waiting.privileged() ? extra(records_max_) : 0);
}

void AuditQueue::push_back(WaitingRecord waiting) {
    if (waiting.privileged()) ++privileged_;
    queue_.push_back(std::move(waiting));
}

// The first refusal of a window is a record of its own; those that follow are counted.
bool AuditQueue::coalesce(const Record& record, SteadyTime now) {
    auto key = window_key(record, source_of(record));
    auto at = windows_.find(key);
    if (at == windows_.end() && windows_.size() >= windows_max) {
        key = window_key(record, "*");
        at = windows_.find(key);
    }
    if (at != windows_.end() && now < at->second.end) {
        ++at->second.further;
        return true;
    }
    if (at == windows_.end() || at->second.further == 0) {
        Record first = record;
        if (key.ends_with("\n*")) first.client.clear();
        windows_.insert_or_assign(std::move(key), Window{std::move(first), now + window_, 0});
        return false;
    }
    // The window is over but was not closed yet: count one more rather than lose the count.
    ++at->second.further;
    return true;
}

AuditQueue::Put AuditQueue::put(WaitingRecord& waiting, SteadyTime now) {
    if (window_.count() > 0 && is_anonymous_refusal(waiting.record) && coalesce(waiting.record, now))
        return Put::coalesced;
    if (!has_room(waiting)) {
        ++lost_;
        return Put::lost;
    }
    push_back(std::move(waiting));
    return Put::queued;
}

void AuditQueue::close_windows(SteadyTime now, Windows which) {
    for (auto at = windows_.begin(); at != windows_.end();) {
        auto& window = at->second;
        if (which == Windows::over && now < window.end) {
            ++at;
            continue;
        }
        if (window.further > 0) {
            std::string since;
            append_time(since, window.first.time);
            Record record = std::move(window.first);
            record.facts = {{"event", std::string(to_text(record.event))}, {"since", std::move(since)}};
            record.event = Event::coalesced;
            record.time = {};
            record.count = window.further;
            record.request_id.clear();
            WaitingRecord waiting{std::move(record), {}};
            if (has_room(waiting))
                push_back(std::move(waiting));
            else
                lost_ += window.further;
        }
        at = windows_.erase(at);
    }
}

std::optional<SteadyTime> AuditQueue::next_window() const noexcept {
    std::optional<SteadyTime> next;
    for (const auto& [key, window] : windows_)
        if (!next || window.end < *next) next = window.end;
    return next;
}

std::vector<WaitingRecord> AuditQueue::take(std::size_t max, Take which) {
    std::vector<WaitingRecord> taken;
    if (which == Take::any) {
        while (!queue_.empty() && taken.size() < max) {
            taken.push_back(std::move(queue_.front()));
            queue_.pop_front();
        }
    } else if (privileged_ > 0) {
        std::deque<WaitingRecord> rest;
        for (auto& waiting : queue_)
            if (waiting.privileged() && taken.size() < max)
                taken.push_back(std::move(waiting));
            else
                rest.push_back(std::move(waiting));
        queue_ = std::move(rest);
    }
    for (const auto& waiting : taken) privileged_ -= waiting.privileged() ? 1 : 0;
    return taken;
}

void AuditQueue::put_back(std::vector<WaitingRecord> records) {
    for (auto at = records.rbegin(); at != records.rend(); ++at) {
        privileged_ += at->privileged() ? 1 : 0;
        queue_.push_front(std::move(*at));
    }
}

}  // namespace sekisho::telemetry
