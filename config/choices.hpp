#pragma once
// The words of every closed set of choices, for reading and for printing.
#include "config/model.hpp"

#include <string_view>

namespace sekisho::config {

template <class Choice>
struct Word {
    std::string_view text;
    Choice choice;
};

inline constexpr Word<PersonKind> person_kinds[] = {
    {"staff", PersonKind::staff}, {"contractor", PersonKind::contractor}, {"ops", PersonKind::ops}};
inline constexpr Word<FactorStrength> strengths[] = {{"password", FactorStrength::password},
                                                     {"recovery", FactorStrength::recovery},
                                                     {"otp", FactorStrength::otp},
                                                     {"passkey", FactorStrength::passkey},
                                                     {"passkey-device", FactorStrength::passkey_device}};
inline constexpr Word<CalendarBase> calendar_bases[] = {
    {"none", CalendarBase::none}, {"japan", CalendarBase::japan}, {"japan_bank", CalendarBase::japan_bank}};
inline constexpr Word<DaysOf> days_of[] = {{"business_days", DaysOf::business_days},
                                           {"closed_days", DaysOf::closed_days},
                                           {"holidays", DaysOf::holidays},
                                           {"half_days", DaysOf::half_days},
                                           {"maintenance", DaysOf::maintenance}};
inline constexpr Word<PathCase> path_cases[] = {{"sensitive", PathCase::sensitive},
                                                {"insensitive", PathCase::insensitive}};
inline constexpr Word<UpstreamProtocol> upstream_protocols[] = {{"http1", UpstreamProtocol::http1},
                                                                {"http2", UpstreamProtocol::http2}};
inline constexpr Word<Language> languages[] = {{"ja", Language::ja}, {"en", Language::en}};
inline constexpr Word<ClientCertificates::Demand> certificate_demands[] = {
    {"request", ClientCertificates::Demand::request}, {"require", ClientCertificates::Demand::require}};
inline constexpr Word<OnAuditFailure> audit_failures[] = {
    {"refuse", OnAuditFailure::refuse}, {"serve_and_count", OnAuditFailure::serve_and_count}};

}  // namespace sekisho::config
