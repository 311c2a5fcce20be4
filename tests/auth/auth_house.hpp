#pragma once
// AuthHouse is the whole auth floor over one SQLite file in a directory of its own, with a clock that stands
// still and hashes that cost next to nothing.
#include "auth/accounts.hpp"
#include "auth/code_tokens.hpp"
#include "auth/data_directory.hpp"
#include "auth/jwt.hpp"
#include "auth/sign_in.hpp"
#include "auth/store/sqlite_store.hpp"
#include "auth/totp.hpp"
#include "base/base64.hpp"

#include <gtest/gtest.h>

#include <barrier>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace sekisho::auth::test {

inline constexpr HashCost cheap{8, 1};

class Directory {
public:
    Directory() {
        std::string pattern = "/tmp/sekisho-auth-XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr) std::abort();
        path_ = pattern;
    }
    ~Directory() { std::filesystem::remove_all(path_); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

// all_bytes of every file under a directory, one after the other.
inline std::string all_bytes(const std::string& directory) {
    std::string out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        if (!entry.is_regular_file()) continue;
        std::ifstream file(entry.path(), std::ios::binary);
        out.append(std::istreambuf_iterator<char>(file), {});
    }
    return out;
}

// at_once runs `work(i)` on `count` threads that all start together.
template <class Work>
void at_once(std::size_t count, Work work) {
    std::barrier gate(static_cast<std::ptrdiff_t>(count));
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < count; ++i)
        threads.emplace_back([&, i] {
            gate.arrive_and_wait();
            work(i);
        });
    for (auto& thread : threads) thread.join();
}

inline IpAddress address(std::uint32_t number) {
    IpAddress out;
    out.octets[10] = out.octets[11] = 0xff;
    for (std::size_t i = 0; i < 4; ++i) out.octets[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    return out;
}

// Person is what an activated account's owner holds.
struct Person {
    std::string name, password;
    Secret totp_secret;
    std::vector<std::string> recovery_codes;
    std::string known_browser;
};

class AuthHouse {
public:
    explicit AuthHouse(const std::string& data, ManualClock& at, HashCost cost = cheap)
        : clock(at), store(open_sqlite_store(data + "/sekisho.db").value()) {
        keys = Keyring::open(*store, clock, Secret(as_bytes("master key of thirty-two bytes!!"))).value();
        hasher = std::make_unique<PasswordHasher>(*keys, pool, cost);
        throttle = std::make_unique<Throttle>(*store, clock, *keys);
        sessions = std::make_unique<SessionService>(*store, clock, log);
        sign_in = std::make_unique<SignIn>(*store, clock, *keys, *hasher, *throttle, *sessions);
        passkeys = std::make_unique<Passkeys>(
            *store, clock, *keys, *sessions,
            PasskeyRules{{{"portal.test"}, {"https://portal.test"}}, AttestationPolicy{}});
        activation = std::make_unique<Activation>(*store, clock, *keys, *hasher, *sessions, "Mihon Bank");
        code_tokens = std::make_unique<CodeTokens>(*store, clock, *keys, *sessions, "Mihon Bank");
        tokens = std::make_unique<ServiceTokens>(*store, clock, log);
        accounts = std::make_unique<Accounts>(*store, clock, *activation, *sessions, *tokens);
        EXPECT_TRUE(throttle->load());
        EXPECT_TRUE(sessions->load());
        EXPECT_TRUE(tokens->load());
    }

    // activated goes the whole way: account, link, password, code. Ends with the next code ready for use.
    Person activated(std::string name, std::string password = "three blind mice run") {
        Person person{std::move(name), std::move(password), {}, {}, {}};
        walk(accounts->add(person.name).value().link->token, person);
        return person;
    }

    void walk(const std::string& token, Person& person) {
        EXPECT_FALSE(activation->set_password(token, person.password).value());
        person.totp_secret = secret_of(activation->offer_totp(token).value());
        auto done = activation->confirm(token, code(person)).value();
        EXPECT_EQ(done.outcome, EnrolOutcome::done);
        person.recovery_codes = std::move(done.recovery_codes);
        clock.advance(Seconds{60});
    }

    static Secret secret_of(const TotpOffer& offer) {
        std::string text;
        for (const char c : offer.spaced)
            if (c != ' ') text.push_back(c);
        return Secret(ByteView(from_base32(text).value()));
    }

    std::string code(const Person& person, Seconds later = Seconds{0}) const {
        return totp(person.totp_secret, clock.wall() + later);
    }

    SignInAttempt attempt(const Person& person, std::string code_typed,
                          std::uint32_t from = 0x0a000001) const {
        return {person.name,
                person.password,
                std::move(code_typed),
                {address(from), "Test browser", person.known_browser},
                {}};
    }

    SignInResult try_code(const Person& person, std::string code_typed, std::uint32_t from = 0x0a000001) {
        return sign_in->sign_in(attempt(person, std::move(code_typed), from)).value();
    }

    // signed_in signs in and moves on to the next code.
    Issued signed_in(Person& person) {
        auto result = try_code(person, code(person));
        EXPECT_EQ(result.outcome, SignInOutcome::signed_in) << to_text(result.finding);
        if (!result.known_browser.empty()) person.known_browser = result.known_browser;
        clock.advance(Seconds{60});
        return result.session.value();
    }

    ManualClock& clock;
    std::unique_ptr<Store> store;
    HashPool pool{2, 4096, Millis{60'000}};
    std::unique_ptr<Keyring> keys;
    std::unique_ptr<PasswordHasher> hasher;
    std::unique_ptr<Throttle> throttle;
    SessionLog log;
    std::unique_ptr<SessionService> sessions;
    std::unique_ptr<SignIn> sign_in;
    std::unique_ptr<Passkeys> passkeys;
    std::unique_ptr<Activation> activation;
    std::unique_ptr<CodeTokens> code_tokens;
    std::unique_ptr<ServiceTokens> tokens;
    std::unique_ptr<Accounts> accounts;
};

// A Tuesday morning.
inline WallTime morning() { return WallTime{Seconds{1'795'600'000}}; }

// Everything a test usually wants.
class AuthTest : public ::testing::Test {
protected:
    Directory directory;
    ManualClock clock{morning()};
    std::unique_ptr<AuthHouse> house = std::make_unique<AuthHouse>(directory.path(), clock);

    // restart closes everything and opens it again from the file.
    void restart() {
        house.reset();
        house = std::make_unique<AuthHouse>(directory.path(), clock);
    }
};

}  // namespace sekisho::auth::test
