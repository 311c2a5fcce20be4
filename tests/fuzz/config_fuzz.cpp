// Any text gives an answer: a model or an error, in bounds, printable in both languages. A model that loads
// is equal to itself. The lint looks at every model the loader accepts.
#include "config/check.hpp"
#include "config/diff.hpp"
#include "config/load.hpp"
#include "config/policy_files.hpp"
#include "config/sarif.hpp"

#include <cstddef>
#include <cstdint>

using namespace sekisho;
using namespace sekisho::config;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    MemoryFiles files;
    files.put("main.yaml", text);
    files.put("conf.d/a.yaml", "groups: {sales: Sales}\n...\n");
    CheckOptions options;
    options.files = false;
    options.lint = Lint::all;
    options.now = WallTime{std::chrono::seconds{1'800'000'000}};
    const auto loaded = load_checked_from(files, "main.yaml", options);
    if (loaded.model.has_value() == has_error(loaded.diagnostics)) __builtin_trap();
    if (loaded.diagnostics.size() > 2 * (Findings::findings_max + 1)) __builtin_trap();
    for (const auto language : {Language::en, Language::ja})
        if (to_text(loaded.diagnostics, language).find('\x1b') != std::string::npos) __builtin_trap();
    (void)to_json(loaded.diagnostics);
    (void)to_sarif(loaded.diagnostics, "0", Language::ja);
    if (loaded.model && diff(*loaded.model, *loaded.model).loosens()) __builtin_trap();
    // The same text as cases and as properties of a policy.
    const auto cases = read_cases(files, "main.yaml");
    if (cases.cases.has_value() == has_error(cases.diagnostics)) __builtin_trap();
    Model model;
    const auto properties = read_properties(files, "main.yaml", model);
    if (properties.added.has_value() == has_error(properties.diagnostics)) __builtin_trap();
    return 0;
}
