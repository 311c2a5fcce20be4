#include "base/check.hpp"
#include "base/crypto.hpp"
#include "base/random.hpp"
#include "gateway/net/tls_context.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

TicketKeys::Key key_from(const Secret& secret) {
    check(secret.size_bytes() >= 32, "a ticket secret is at least 32 bytes");
    TicketKeys::Key key;
    const Secret name = derive_key(secret, "sekisho ticket name", key.name.size());
    std::ranges::copy(name.reveal(), key.name.begin());
    key.cipher = derive_key(secret, "sekisho ticket cipher");
    key.mac = derive_key(secret, "sekisho ticket mac");
    return key;
}

Secret random_secret() { return Secret(random_bytes<32>()); }

}  // namespace

TicketKeys::TicketKeys(const Secret& secret)
    : set_(std::make_shared<const Set>(Set{key_from(secret), std::nullopt})) {}

std::shared_ptr<TicketKeys> TicketKeys::random() { return std::make_shared<TicketKeys>(random_secret()); }

void TicketKeys::rotate(const Secret& secret) {
    Key next = key_from(secret);
    const std::lock_guard lock(mutex_);
    set_ = std::make_shared<const Set>(Set{std::move(next), set_->current});
}

void TicketKeys::rotate_random() { rotate(random_secret()); }

std::shared_ptr<const TicketKeys::Set> TicketKeys::get() const {
    const std::lock_guard lock(mutex_);
    return set_;
}

}  // namespace sekisho::gateway
