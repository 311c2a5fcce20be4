#pragma once
// TestPki is a certificate authority for one test: a root and leaves as PEM files in a directory of its own.
#include "config/model.hpp"

#include <string>
#include <vector>

struct evp_pkey_st;
struct x509_st;

namespace sekisho::test {

enum class LeafKey : std::uint8_t { ecdsa, rsa };
enum class LeafAge : std::uint8_t { valid, expired };
enum class LeafUse : std::uint8_t { server, client };
enum class StapleSays : std::uint8_t { good, revoked };

class TestPki {
public:
    TestPki();
    ~TestPki();  // removes the directory
    TestPki(const TestPki&) = delete;
    TestPki& operator=(const TestPki&) = delete;

    // leaf makes a certificate for DNS names; "*.corp.test" and address literals ("127.0.0.1") work too.
    config::Certificate leaf(const std::vector<std::string>& names, LeafKey key = LeafKey::ecdsa,
                             LeafAge age = LeafAge::valid, LeafUse use = LeafUse::server);
    // staple writes an OCSP response about a leaf, signed by the root, and puts the root into the leaf's
    // chain file. Valid from now on for `seconds`, which may be negative. `serial` 0 = the leaf's own.
    std::string staple(const config::Certificate& of, StapleSays says = StapleSays::good, long seconds = 3600,
                       long serial = 0);
    // crl writes the root's revocation list, valid for `seconds`.
    std::string crl(const std::vector<config::Certificate>& revoked, long seconds = 3600);
    const std::string& root_path() const noexcept { return root_path_; }
    const std::string& directory() const noexcept { return directory_; }

private:
    std::string directory_, root_path_;
    evp_pkey_st* root_key_ = nullptr;
    x509_st* root_ = nullptr;
    long serial_ = 1;
};

}  // namespace sekisho::test
