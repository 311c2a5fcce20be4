#pragma once
// starter_config writes the file a new gateway begins with: what is required, each key with its meaning in
// both languages from the table of keys, and the rest as an example in comments.
#include <string>
#include <vector>

namespace sekisho::config {

struct Starter {
    std::string timezone = "UTC";
    std::vector<std::string> https, redirect;  // addresses
    std::string portal_url;
    std::string chain_path, key_path;  // of the portal's certificate
    std::string data_path, master_key_path;
    std::string app_host;  // in the example
    std::string person;    // of kind ops; empty: nobody yet
};

std::string starter_config(const Starter& starter);

}  // namespace sekisho::config
