#pragma once
// A store's whole content as bytes, taken while a gateway works in it, and what must be done to such bytes
// before a gateway may work with them again.
#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

#include <string>

namespace sekisho::auth {

// snapshot_store copies the store at one moment, by SQLite's online backup; writers go on meanwhile. At most
// 1 GiB. Errors: Errc::not_found when there is no store, Errc::too_large, Errc::unavailable.
Result<Bytes> snapshot_store(const std::string& path);

// schema_of reads the schema's number from a store's first bytes; 0 when they are none.
// Source: the SQLite file format, section 1.3: the user version stands at byte 60.
int schema_of(ByteView store) noexcept;

// What forget_what_may_not_return took away.
struct Forgotten {
    std::int64_t sessions = 0, tokens = 0, links = 0, browsers = 0, codes = 0;
};
// forget_what_may_not_return: a copy of the past may not bring back what ended since (R9). Ends every
// session, service token, activation link, known browser and recovery code, and every one-time code up to
// `now`. Brings the schema up to date first. Errors: Errc::denied when the schema is newer than this program,
// Errc::unavailable.
Result<Forgotten> forget_what_may_not_return(const std::string& path, WallTime now);

}  // namespace sekisho::auth
