#pragma once
// Words for tests of the configuration: a good file, changed in one place.
#include "config/check.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace sekisho::config {

inline std::string file_text(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline std::string example_text(const std::string& source_dir) {
    return file_text(source_dir + "/docs/examples/sekisho.yaml");
}

// The smallest configuration that loads: 17 lines, so that what is appended begins on line 18.
inline std::string small_text() {
    return "version: 1\n"
           "listen: {https: [\"127.0.0.1:8443\"]}\n"
           "portal: {url: \"https://portal.localhost:8443\"}\n"
           "tls: {certificates: [{chain: a.pem, key: a.key}]}\n"
           "store: {data: data, master_key: {file: master.key}}\n"
           "audit: {checkpoints: elsewhere/checkpoints.log}\n"
           "networks: {office: [10.0.0.0/8]}\n"
           "groups: {finance: Finance}\n"
           "people:\n"
           "  sato: {kind: staff, groups: [finance]}\n"
           "  ishii: {kind: contractor, org: aoba}\n"
           "orgs:\n"
           "  aoba: {name: Aoba, sponsor: sato, contract: {from: 2026-04-01, to: 2027-03-31}}\n"
           "upstreams: {wiki: {url: \"http://127.0.0.1:9001\"}}\n"
           "apps:\n"
           "  wiki: {title: Wiki, host: wiki.localhost, upstream: wiki, tier: general}\n"
           "rules: [{id: r1, allow: {who: \"kind:staff\", app: wiki}}]\n"
           "...\n";
}

inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const auto at = text.find(from);
    if (at == std::string::npos) throw std::runtime_error("the good file has no " + std::string(from));
    return text.replace(at, from.size(), to);
}

// load_small loads the small file with one replacement, and checks it without opening files.
inline Loaded load_small(std::string_view from = {}, std::string_view to = {}) {
    const auto text = from.empty() ? small_text() : replaced(small_text(), from, to);
    CheckOptions options;
    options.files = false;
    return load_checked_from(MemoryFiles().put("main.yaml", text), "main.yaml", options);
}

inline Loaded load_string(const std::string& text) {
    CheckOptions options;
    options.files = false;
    return load_checked_from(MemoryFiles().put("main.yaml", text), "main.yaml", options);
}

}  // namespace sekisho::config
