// Goal: the reference pages say what the tables say.
// Method: generate each page and compare; with SEKISHO_UPDATE_DOCS set the page is written instead.
#include "telemetry/audit.hpp"
#include "telemetry/log.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace sekisho::telemetry {
namespace {

void expect_current(const std::string& page, const std::string& name) {
    const std::string path = std::string(SEKISHO_SOURCE_DIR) + "/docs/reference/" + name;
    if (std::getenv("SEKISHO_UPDATE_DOCS")) std::ofstream(path, std::ios::binary) << page;
    std::ifstream file(path, std::ios::binary);
    const std::string written{std::istreambuf_iterator<char>(file), {}};
    EXPECT_TRUE(written == page) << name << " is out of date: run test_telemetry with SEKISHO_UPDATE_DOCS=1";
}

TEST(Reference, MetricsPageIsCurrent) { expect_current(metrics_reference(), "metrics.md"); }
TEST(Reference, LogFieldsPageIsCurrent) { expect_current(log_reference(), "log-fields.md"); }
TEST(Reference, AuditPageIsCurrent) { expect_current(audit_reference(), "audit.md"); }

}  // namespace
}  // namespace sekisho::telemetry
