// Rules about acceptances themselves; they run last, when it is known which of them were of use.
#include "base/civil_time.hpp"
#include "config/lint_view.hpp"

namespace sekisho::config {
namespace {

constexpr auto W = Severity::warning;
constexpr auto A = Severity::advice;
constexpr auto until_far = std::chrono::days{366};

std::string path_of(std::size_t index) { return "accept[" + std::to_string(index) + "]"; }

void look_over(const LintView& view, LintReport& report) {
    for (std::size_t i = 0; i < view.facts.accepted.size(); ++i) {
        const auto& acceptance = view.facts.accepted[i];
        if (!report.in_force(acceptance))
            report.at(path_of(i) + ".until", {acceptance.rule, sekisho::to_text(acceptance.until)});
    }
}

void look_unused(const LintView& view, LintReport& report) {
    for (std::size_t i = 0; i < view.facts.accepted.size(); ++i)
        if (report.in_force(view.facts.accepted[i]) && !report.used(i))
            report.at(path_of(i) + ".rule", {view.facts.accepted[i].rule});
}

void look_far(const LintView& view, LintReport& report) {
    const auto zone = Zone::find(view.model.timezone);
    if (view.facts.now == WallTime{} || !zone) return;
    const auto today = std::chrono::sys_days(date_at(view.facts.now, *zone));
    for (std::size_t i = 0; i < view.facts.accepted.size(); ++i) {
        const auto& acceptance = view.facts.accepted[i];
        if (report.used(i) && std::chrono::sys_days(acceptance.until) - today > until_far)
            report.at(path_of(i) + ".until", {acceptance.rule, sekisho::to_text(acceptance.until)});
    }
}

constexpr LintRule rules[] = {
    {{"acceptance-over", W, "the acceptance of {0} ended on {1}", "「{0}」の承認は {1} に終わっています",
      "mend what was accepted, or write a new date with the reason it is still right",
      "元の指摘を直すか、なお必要な理由とともに新しい期限を書いてください"},
     "Somebody meant to look again by that day. Until then the finding was not shown.",
     "aquasecurity/trivy issue 1779: users asked for end dates because exceptions without one stay for ever.",
     look_over},
    {{"acceptance-unused", A, "nothing is found any more that the acceptance of {0} is about",
      "「{0}」の承認に当てはまる指摘は、もうありません", "remove it", "削除してください"},
     "Left in place it hides the same mistake when it is made again, by somebody who knows nothing of the "
     "reason.",
     "Linters learned it one after the other: ESLint's --report-unused-disable-directives is the best known.",
     look_unused},
    {{"acceptance-far", A, "the acceptance of {0} lasts until {1}, longer than a year",
      "「{0}」の承認が {1} まで、1 年を超えて続きます", "write a date within a year",
      "1 年以内の期限にしてください"},
     "A date nobody will live to see in this job is no date.",
     "aquasecurity/trivy issues 1779 and 2018: end dates are asked for so that exceptions are looked at "
     "again.",
     look_far},
};

}  // namespace

std::span<const LintRule> lint_rules_accepted() { return rules; }

}  // namespace sekisho::config
