#pragma once
// load turns YAML files into a Model, strictly, and reports every fault at once with its place.
//
// Refused: duplicate and unknown keys, anchors, aliases, tags, several documents, what YAML 1.1 and 1.2 read
// differently (no, 017, 0x1f, 1_000, 1:30), text that is not UTF-8, and whatever passes a bound below.
#include "base/crypto.hpp"
#include "config/accepted.hpp"
#include "config/diagnostics.hpp"
#include "config/files.hpp"
#include "config/model.hpp"

#include <optional>
#include <string>
#include <vector>

namespace sekisho::config {

// Bounds of what is read; beyond each lies a diagnostic.
constexpr std::size_t file_bytes_max = 4u << 20;
constexpr std::size_t files_max = 256;
constexpr std::size_t nodes_max = 500'000;
constexpr std::size_t depth_max = 24;

struct Loaded {
    std::optional<Model> model;  // absent when any diagnostic is an error
    std::vector<Diagnostic> diagnostics;
    std::vector<Acceptance> accepted;
    Sources sources;                 // every file read, main file first; Place::file is an index into it
    bool complete() const noexcept;  // every file ends with "...": fit for automatic reload (R14)
};

// digest_of: SHA-256 over the SHA-256 of each file's name and text, in order; what Model::digest holds.
Digest digest_of(const Sources& sources);

// include_paths lists the files an include pattern (as Model::include_patterns has it) stands for, in order.
std::vector<std::string> include_paths(const Files& files, const std::string& pattern);

// load reads the main file and those it includes.
Loaded load(const std::string& path);
// load_text reads from memory: `main` names one of the files.
Loaded load_text(const MemoryFiles& files, const std::string& main);
Loaded load_from(const Files& files, const std::string& main);

}  // namespace sekisho::config
