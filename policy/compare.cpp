#include "policy/compare.hpp"

#include "base/crypto.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace sekisho::policy {
namespace {

// Gathers the flips in one direction of one class of people and one app.
struct Gathering {
    std::optional<Shift> shift;
    std::map<WallTime, Seconds> moments;

    void add(const Probe& probe, const Decision& before, const Decision& now) {
        if (!shift) shift = Shift{probe.app, {}, now.allow, {}, {}, {}, probe, before, now};
        shift->methods.insert(probe.method);
        shift->paths.insert(probe.path);
        moments.emplace(probe.now, probe.lasts);
    }
    void finish(const std::vector<std::string>& users, std::vector<Shift>& out) {
        if (!shift) return;
        shift->users = users;
        for (const auto& [moment, lasts] : moments) shift->lasts += lasts;
        out.push_back(std::move(*shift));
    }
};

std::string hex(const Digest& digest) {
    std::string out;
    for (const auto byte : digest) out += fmt::format("{:02x}", byte);
    return out;
}

}  // namespace

bool Comparison::gains() const noexcept {
    return std::any_of(shifts.begin(), shifts.end(), [](const Shift& shift) { return shift.gains; });
}

std::vector<std::string> Comparison::lines(Horizon horizon) const {
    const auto days = std::chrono::duration_cast<std::chrono::hours>(horizon.to - horizon.from).count() / 24;
    std::vector<std::string> lines;
    for (const auto& shift : shifts) {
        const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(shift.lasts).count();
        lines.push_back(fmt::format("{} {} {} {} {} {}h{:02}m of {}d", shift.gains ? '+' : '-',
                                    fmt::join(shift.users, ","), shift.app, fmt::join(shift.methods, ","),
                                    fmt::join(shift.paths, ","), minutes / 60, minutes % 60, days));
    }
    return lines;
}

std::string Comparison::signature(Horizon horizon) const {
    std::string all;
    for (const auto& line : lines(horizon)) all += line + "\n";
    return hex(sha256(as_bytes(all)));
}

Result<Comparison> compare(const View& before, const View& now, Horizon horizon) {
    Space space({before, now}, horizon);
    Comparison out;
    for (const auto& app : space.apps())
        for (const auto& people : space.classes(app)) {
            const auto& user = people.users.front();
            const Observer old(*before.program, user, app), fresh(*now.program, user, app);
            Gathering gained, lost;
            const auto walked = space.walk(user, app, [&](const Probe& probe) {
                if (!probe.client || !probe.age) return true;  // what never happens is nobody's gain
                const auto a = old.ask(probe).decision, b = fresh.ask(probe).decision;
                if (a.allow != b.allow) (b.allow ? gained : lost).add(probe, a, b);
                return true;
            });
            if (!walked) return walked.error();
            gained.finish(people.users, out.shifts);
            lost.finish(people.users, out.shifts);
        }
    return out;
}

}  // namespace sekisho::policy
