#pragma once
// Handover is an app host's side of a sign-in: it sends a browser to the portal and takes the one-time code
// that comes back (R2, R27, R28). App hosts serve nothing else of ours but inert assets (R3).
//
// A browser has one secret per host (the -tx cookie); what it wanted travels sealed in the address, so tabs
// do not overwrite each other: the seal holds the wanted path, an end (10 minutes), the hash of the secret
// and a count of tries, and opens on this host only. The portal sees the hash and a sealed text. Where ten
// tabs were opened at once, ten secrets were made and the last one stays: a callback whose seal names another
// secret redeems nothing, but goes round once more, now with the secret that stayed and a portal that knows
// the browser already.
#include "auth/keyring.hpp"
#include "auth/session_service.hpp"
#include "gateway/portal/answers.hpp"

namespace sekisho::gateway {

class Handover {
public:
    static constexpr std::size_t wanted_bytes_max = 2048;
    // An older flow is worth no code; its browser is led round once more, to where it wanted to be.
    static constexpr Seconds lifetime{600};
    static constexpr std::uint8_t tries_max = 3;
    // A proof no older than this is as fresh as one can be asked for: whoever is refused in spite of it is
    // told so, and not sent round again.
    static constexpr Seconds proof_is_fresh{60};

    Handover(const auth::Keyring& keys, auth::SessionService& sessions) : keys_(keys), sessions_(sessions) {}

    // begin answers a request to any served host by somebody not signed in: 303 to the portal for
    // navigations, a 401 problem for scripts. The same for a host without an app (R26). Does not block.
    // A form's navigation gets a page that says that nothing was sent.
    PortalResponse begin(const PortalRequest& request) const;

    // step_up answers a navigation of somebody whose proof of a factor is too old or too weak for the app:
    // 303 to the portal, which asks for a fresh one of at least `wanted` and leads back. Does not block. A
    // form's navigation gets a page that says that nothing was sent.
    PortalResponse step_up(const PortalRequest& request, FactorStrength wanted) const;

    // answer serves an app host's /.sekisho/: start, callback, assets. May block on the store.
    PortalResponse answer(const PortalRequest& request) const;

private:
    struct Flow {
        WallTime expires{};
        std::uint8_t tries = 0;
        Digest transaction{};
        std::string wanted;
    };
    std::string seal(std::string_view host, const Flow& flow) const;
    std::optional<Flow> open(std::string_view host, std::string_view sealed) const;
    // fresh: a proof of at least this is asked for; nothing for a sign-in.
    PortalResponse to_portal(const PortalRequest& request, std::string wanted, std::uint8_t tries,
                             std::optional<FactorStrength> fresh) const;
    PortalResponse again(const PortalRequest& request, const Flow& flow) const;
    PortalResponse callback(const PortalRequest& request) const;

    const auth::Keyring& keys_;
    auth::SessionService& sessions_;
};

// is_own_path: "/.sekisho" and everything under it is ours on every host.
bool is_own_path(std::string_view path) noexcept;

}  // namespace sekisho::gateway
