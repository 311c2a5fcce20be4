#pragma once
// What the examples of the lint say about certificates and disks, as facts. A line such as
//     # on disk: chain=certs/wiki.pem type=RSA bits=1024
// changes one thing; everything else is as it should be.
#include "base/civil_time.hpp"
#include "config/lint_facts.hpp"

#include <map>
#include <sstream>
#include <stdexcept>
#include <string>

namespace sekisho::config {

inline WallTime lint_case_now() { return start_of_day(Date{std::chrono::year{2026} / 11 / 28}, Zone::utc()); }

using LintWords = std::map<std::string, std::string>;

inline WallTime lint_date(const std::string& text) {
    return start_of_day(parse_date(text).value(), Zone::utc());
}

// "certs/wiki.pem" covers the host that begins with "wiki.".
inline CertificateOnDisk good_certificate(const Model& model, const Certificate& certificate) {
    auto stem = certificate.chain_path.substr(certificate.chain_path.rfind('/') + 1);
    stem = stem.substr(0, stem.find('.')) + ".";
    CertificateOnDisk disk;
    disk.key_mode = 0600;
    auto& facts = disk.facts.emplace();
    if (model.portal.host.rfind(stem, 0) == 0) facts.dns_names.push_back(model.portal.host);
    for (const auto& app : model.apps)
        if (app.host.rfind(stem, 0) == 0 && facts.dns_names.empty()) facts.dns_names.push_back(app.host);
    facts.not_before = lint_date("2026-09-01");
    facts.not_after = lint_date("2027-09-01");
    facts.chain_length = 2;
    facts.key_type = "EC";
    facts.key_bits = 256;
    facts.signature_digest = "SHA256";
    facts.public_key = certificate.chain_path;
    return disk;
}

inline void change_certificate(CertificateOnDisk& disk, const LintWords& words) {
    auto& facts = *disk.facts;
    for (const auto& [key, value] : words) {
        if (key == "ends") facts.not_after = lint_date(value);
        if (key == "begins") facts.not_before = lint_date(value);
        if (key == "type") facts.key_type = value;
        if (key == "bits") facts.key_bits = static_cast<unsigned>(std::stoul(value));
        if (key == "digest") facts.signature_digest = value;
        if (key == "authority") facts.is_authority = value == "yes";
        if (key == "self_issued") facts.is_self_issued = value == "yes";
        if (key == "length") facts.chain_length = std::stoul(value);
        if (key == "public_key") facts.public_key = value;
        if (key == "key_mode") disk.key_mode = static_cast<std::uint32_t>(std::stoul(value, nullptr, 8));
        if (key != "names") continue;
        facts.dns_names.clear();
        std::istringstream names(value);
        for (std::string name; std::getline(names, name, ',');) facts.dns_names.push_back(name);
    }
}

inline void change_place(LintFacts& facts, const LintWords& words) {
    const auto& place = words.at("place");
    auto& disk = place == "data" ? facts.data : place == "audit" ? facts.audit : facts.checkpoints;
    disk->device = std::stoul(words.at("device"));
    if (words.count("total_gib") > 0) disk->total_bytes = std::stoull(words.at("total_gib")) << 30;
}

inline void change_facts(LintFacts& facts, const Model& model, const LintWords& words) {
    if (words.count("clock") > 0) facts.clock_synchronised = words.at("clock") == "synchronised";
    if (words.count("place") > 0) change_place(facts, words);
    for (std::size_t i = 0; words.count("chain") > 0 && i < model.tls.certificates.size(); ++i)
        if (model.tls.certificates[i].chain_path == words.at("chain"))
            change_certificate(facts.certificates[i], words);
    for (std::size_t i = 0; words.count("ca") > 0 && i < model.upstreams.size(); ++i)
        if (model.upstreams[i].ca_path == words.at("ca"))
            facts.authorities[i].emplace().not_after = lint_date(words.at("ends"));
}

inline LintFacts facts_of_case(const std::string& text, const Model& model) {
    constexpr std::uint64_t large = 500ull << 30;
    LintFacts facts;
    facts.now = lint_case_now();
    for (const auto& certificate : model.tls.certificates)
        facts.certificates.push_back(good_certificate(model, certificate));
    facts.authorities.resize(model.upstreams.size());
    facts.data = facts.audit = DiskFacts{1, large, large};
    facts.checkpoints = DiskFacts{2, large, large};
    facts.clock_synchronised = true;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        constexpr std::string_view mark = "# on disk: ";
        if (line.rfind(mark, 0) != 0) continue;
        LintWords words;
        std::istringstream pairs(line.substr(mark.size()));
        for (std::string pair; pairs >> pair;)
            words[pair.substr(0, pair.find('='))] = pair.substr(pair.find('=') + 1);
        change_facts(facts, model, words);
    }
    return facts;
}

}  // namespace sekisho::config
