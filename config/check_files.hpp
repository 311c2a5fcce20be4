#pragma once
// check_files opens what a model names: certificates, keys, authorities and secrets.
#include "config/check.hpp"

namespace sekisho::config {

void check_files(const Model& model, const CheckOptions& options, Findings& findings);

}  // namespace sekisho::config
