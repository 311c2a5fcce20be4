#pragma once
// WhatIf asks a candidate policy about decisions that were recorded: who would have been answered otherwise.
// People appear under pseudonyms that differ from run to run (R35).
#include "base/bytes.hpp"
#include "policy/program.hpp"
#include "policy/residual.hpp"

#include <map>
#include <string>
#include <unordered_map>

namespace sekisho::policy {

// Recorded is one decision as the audit keeps it. Views need to live for the call only.
struct Recorded {
    std::string_view user, app, method, path;
    std::optional<IpAddress> client;
    WallTime at{};
    FactorStrength strength = FactorStrength::none;
    std::optional<WallTime> proven_at;
    bool allowed = false;
};

class WhatIf {
public:
    // Flips of one kind are kept apart up to this many; the rest is counted together.
    static constexpr std::size_t kinds_max = 1000;
    static constexpr std::size_t residuals_max = 50'000;  // kept between records

    // Flip is what answers of one kind would have become.
    struct Flip {
        std::string who;  // pseudonym
        std::string app;
        std::string rule;  // that decides in the candidate; empty for none
        bool gains = false;
        std::uint64_t count = 0;
        WallTime first{}, last{};
    };

    // `secret` makes the pseudonyms; throw it away afterwards.
    WhatIf(const Program& candidate, Bytes secret) : candidate_(candidate), secret_(std::move(secret)) {}

    void add(const Recorded& recorded);

    std::uint64_t judged() const noexcept { return judged_; }
    std::uint64_t flipped() const noexcept { return gained_ + lost_; }
    std::uint64_t gained() const noexcept { return gained_; }
    std::uint64_t lost() const noexcept { return lost_; }
    // Records of apps or people the candidate does not know: they are judged too, as no.
    std::uint64_t unknown() const noexcept { return unknown_; }
    std::vector<Flip> flips() const;  // most first
    std::uint64_t not_listed() const noexcept { return not_listed_; }

private:
    const Residual& residual_of(const Recorded& recorded, AppId app);
    std::string pseudonym(std::string_view user) const;

    const Program& candidate_;
    Bytes secret_;
    std::unordered_map<std::string, std::shared_ptr<const Residual>> residuals_;
    std::map<std::string, Flip> flips_;
    std::uint64_t judged_ = 0, gained_ = 0, lost_ = 0, unknown_ = 0, not_listed_ = 0;
};

}  // namespace sekisho::policy
