#include "gateway/net/resolver_io.hpp"

#include "gateway/net/reactor_io.hpp"
#include "gateway/net/socket_address_io.hpp"
#include "gateway/net/target_rules.hpp"

// ares_getsock is the only way both Debians' versions have; newer ones call it deprecated.
#define CARES_NO_DEPRECATED
#include <ares.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <mutex>
#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>

namespace sekisho::gateway {
namespace {

using Addresses = std::vector<IpAddress>;

struct Question {
    Reactor* reactor;
    std::function<void(Resolver::Answer)> done;
};

struct Entry {
    Addresses good;  // the last good answer; empty = none yet
    SteadyTime fresh_until{};
    bool asked = false;  // a query is under way
    std::vector<Question> waiting;
};

// localhost and everything below it is this machine (RFC 6761 section 6.3).
std::optional<Addresses> known_without_asking(std::string_view host) {
    if (const auto literal = parse_ip(host)) return Addresses{*literal};
    if (host == "localhost" || host.ends_with(".localhost"))
        return Addresses{*parse_ip("127.0.0.1"), *parse_ip("::1")};
    return std::nullopt;
}

Error failure(const std::string& host, int status) {
    Errc code = Errc::unavailable;
    if (status == ARES_ENOTFOUND || status == ARES_ENODATA || status == ARES_EBADNAME) code = Errc::not_found;
    if (status == ARES_ETIMEOUT) code = Errc::timed_out;
    return Error(code, fmt::format("{}: {}", host, ares_strerror(status)));
}

void answer(Question question, Resolver::Answer result) {
    question.reactor->post([done = std::move(question.done), result = std::move(result)] { done(result); });
}

}  // namespace

struct Resolver::Impl {
    struct Query {
        Impl* owner;
        std::string host;
    };

    ResolverOptions options;
    ares_channel channel = nullptr;  // the thread's own
    UniqueFd wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    std::mutex mutex;
    std::map<std::string, Entry, std::less<>> names;  // guarded by mutex, as the two below
    std::vector<std::string> to_ask;
    bool stopping = false;
    std::thread thread;

    ~Impl() {
        {
            const std::lock_guard lock(mutex);
            stopping = true;
            for (auto& [host, entry] : names) entry.waiting.clear();
        }
        ring();
        if (thread.joinable()) thread.join();
        if (channel) ares_destroy(channel);
    }

    SteadyTime now() const { return (options.clock ? *options.clock : system_clock_face()).steady(); }

    void ring() {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(wake.get(), &one, sizeof one);
    }

    // ask: with the mutex held.
    void ask(const std::string& host, Entry& entry) {
        if (entry.asked) return;
        entry.asked = true;
        to_ask.push_back(host);
        ring();
    }

    Result<void> open();
    void loop();
    void begin_queries();
    void wait_for_sockets();
    Entry* entry_for(const std::string& host);
    void finish(const std::string& host, int status, const ares_addrinfo* found);
    void keep(Entry& entry, Addresses addresses, Seconds ttl);

    static void on_answer(void* arg, int status, int, ares_addrinfo* found) {
        const std::unique_ptr<Query> query(static_cast<Query*>(arg));
        query->owner->finish(query->host, status, found);
        if (found) ares_freeaddrinfo(found);
    }
};

Result<void> Resolver::Impl::open() {
    static const int library = ares_library_init(ARES_LIB_INIT_ALL);
    ares_options settings{};
    settings.timeout = static_cast<int>(options.query_timeout.count());
    settings.tries = 2;
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
#ifdef ARES_OPT_QUERY_CACHE
    // c-ares 1.31 and later keep answers themselves, and would give an old one after ours has run out.
    settings.qcache_max_ttl = 0;
    mask |= ARES_OPT_QUERY_CACHE;
#endif
    int status = library;
    if (status == ARES_SUCCESS) status = ares_init_options(&channel, &settings, mask);
    if (status == ARES_SUCCESS && !options.servers.empty())
        status = ares_set_servers_ports_csv(channel, options.servers.c_str());
    if (status == ARES_SUCCESS && wake) return {};
    return Error(Errc::unavailable, fmt::format("the resolver can't start: {}", ares_strerror(status)));
}

void Resolver::Impl::loop() {
    for (;;) {
        {
            const std::lock_guard lock(mutex);
            if (stopping) return;
        }
        begin_queries();
        wait_for_sockets();
    }
}

void Resolver::Impl::begin_queries() {
    std::vector<std::string> hosts;
    {
        const std::lock_guard lock(mutex);
        hosts.swap(to_ask);
    }
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    for (auto& host : hosts) {
        auto* query = new Query{this, host};  // on_answer takes it back
        ares_getaddrinfo(channel, host.c_str(), nullptr, &hints, on_answer, query);
    }
}

void Resolver::Impl::wait_for_sockets() {
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    const int mask = ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);
    std::vector<pollfd> polled{{wake.get(), POLLIN, 0}};
    for (int i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
        const short events = static_cast<short>((ARES_GETSOCK_READABLE(mask, i) ? POLLIN : 0) |
                                                (ARES_GETSOCK_WRITABLE(mask, i) ? POLLOUT : 0));
        if (events != 0) polled.push_back({sockets[i], events, 0});
    }
    timeval longest{60, 0};
    timeval until{};
    const timeval* wait = ares_timeout(channel, &longest, &until);
    ::poll(polled.data(), polled.size(), static_cast<int>(wait->tv_sec * 1000 + wait->tv_usec / 1000 + 1));
    std::uint64_t drained = 0;
    [[maybe_unused]] const auto got = ::read(wake.get(), &drained, sizeof drained);
    for (const auto& one : std::span(polled).subspan(1)) {
        const bool readable = (one.revents & (POLLIN | POLLERR | POLLHUP)) != 0;
        const bool writable = (one.revents & POLLOUT) != 0;
        ares_process_fd(channel, readable ? one.fd : ARES_SOCKET_BAD, writable ? one.fd : ARES_SOCKET_BAD);
    }
    ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // time-outs
}

void Resolver::Impl::finish(const std::string& host, int status, const ares_addrinfo* found) {
    Addresses addresses;
    Seconds ttl = options.ttl_max;
    bool forbidden = false;
    for (const auto* node = found ? found->nodes : nullptr; node; node = node->ai_next) {
        SocketAddress address;
        if (node->ai_addrlen > sizeof address.storage) continue;
        std::copy_n(reinterpret_cast<const char*>(node->ai_addr), node->ai_addrlen,
                    reinterpret_cast<char*>(&address.storage));
        const IpAddress ip = address_of(address);
        if (forbidden_target(ip)) {
            forbidden = true;
            continue;
        }
        addresses.push_back(ip);
        ttl = std::min(ttl, Seconds(node->ai_ttl));
    }
    const std::lock_guard lock(mutex);
    const auto place = names.find(host);
    if (place == names.end()) return;
    Entry& entry = place->second;
    const bool answered = !addresses.empty();
    keep(entry, std::move(addresses), ttl);
    Answer result = failure(host, status == ARES_SUCCESS ? ARES_ENODATA : status);
    if (!entry.good.empty())
        result = entry.good;
    else if (forbidden && !answered)
        result = Error(Errc::denied, fmt::format("{}: resolves to addresses no upstream may have", host));
    for (auto& question : entry.waiting) answer(std::move(question), result);
    entry.waiting.clear();
}

// keep: with the mutex held. A failed query leaves the last good answer in force and is repeated soon.
void Resolver::Impl::keep(Entry& entry, Addresses addresses, Seconds ttl) {
    entry.asked = false;
    const bool good = !addresses.empty();
    if (good) entry.good = std::move(addresses);
    entry.fresh_until = now() + (good ? std::clamp(ttl, options.ttl_min, options.ttl_max) : options.ttl_min);
}

// entry_for: with the mutex held; null when no more names can be remembered.
Entry* Resolver::Impl::entry_for(const std::string& host) {
    const auto found = names.find(host);
    if (found != names.end()) return &found->second;
    if (names.size() >= options.names_max)
        std::erase_if(names, [this](const auto& item) {
            return !item.second.asked && item.second.fresh_until < now();
        });
    return names.size() >= options.names_max ? nullptr : &names[host];
}

Resolver::Resolver(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Resolver::~Resolver() = default;

Result<std::unique_ptr<Resolver>> Resolver::create(ResolverOptions options) {
    auto impl = std::make_unique<Impl>();
    impl->options = std::move(options);
    if (auto opened = impl->open(); !opened) return opened.error();
    impl->thread = std::thread([raw = impl.get()] { raw->loop(); });
    return std::unique_ptr<Resolver>(new Resolver(std::move(impl)));
}

std::optional<std::vector<IpAddress>> Resolver::peek(std::string_view host) {
    if (auto known = known_without_asking(host)) return known;
    const std::lock_guard lock(impl_->mutex);
    const auto found = impl_->names.find(host);
    if (found == impl_->names.end() || found->second.good.empty()) return std::nullopt;
    if (found->second.fresh_until <= impl_->now()) impl_->ask(found->first, found->second);
    return found->second.good;
}

void Resolver::resolve(Reactor& reactor, const std::string& host, std::function<void(Answer)> done) {
    if (auto ready = peek(host)) return answer({&reactor, std::move(done)}, std::move(*ready));
    const std::lock_guard lock(impl_->mutex);
    Entry* entry = impl_->entry_for(host);
    if (!entry) return answer({&reactor, std::move(done)}, Error(Errc::too_large, "too many host names"));
    entry->waiting.push_back({&reactor, std::move(done)});
    impl_->ask(host, *entry);
}

}  // namespace sekisho::gateway
