#include "gateway/server_io.hpp"

#include "config/watch_io.hpp"
#include "gateway/control/admin_socket_io.hpp"
#include "gateway/control/lease.hpp"
#include "gateway/control/operations.hpp"
#include "gateway/control/reload.hpp"
#include "gateway/control/scrapes.hpp"
#include "gateway/notify/outbox_io.hpp"
#include "gateway/ops/ops_listener_io.hpp"
#include "gateway/page_responder.hpp"
#include "gateway/status.hpp"
#include "gateway/worker_io.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <limits>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace sekisho::gateway {
namespace {

namespace asio = boost::asio;
using telemetry::FieldName;

constexpr unsigned page_threads = 4, hashing_threads = 8, ending_threads = 2, act_threads = 2,
                   admin_threads = 4;
constexpr std::size_t admin_queue = 64;
constexpr Millis clock_step_noticed{200};
constexpr Seconds tls_files_looked_at_every{2};

unsigned worker_count(const config::Limits& limits) {
    return limits.workers != 0 ? limits.workers : std::max(1u, std::thread::hardware_concurrency());
}

ConnectionBounds bounds_of(const config::Limits& limits) noexcept {
    return {limits.connections, limits.connections_per_address, limits.handshakes_per_address,
            limits.handshake_rate};
}

// Where the descriptors end that peers may make us use.
int descriptors_end(const config::Limits& limits) noexcept {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return std::numeric_limits<int>::max();
    const auto most = std::min<rlim_t>(files.rlim_cur, std::numeric_limits<int>::max());
    return static_cast<int>(most - std::min<rlim_t>(limits.reserved_descriptors, most / 2));
}

// As label_values::session_end.
std::uint8_t end_label(auth::EndReason reason) noexcept {
    switch (reason) {
        case auth::EndReason::signed_out:
            return 0;
        case auth::EndReason::ended_by_person:
            return 1;
        case auth::EndReason::ended_by_admin:
            return 2;
        case auth::EndReason::idle:
            return 3;
        case auth::EndReason::absolute:
            return 4;
        case auth::EndReason::account:
            return 5;
        default:
            return 7;
    }
}

}  // namespace

void harden_process() noexcept {
    std::signal(SIGPIPE, SIG_IGN);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    ::prctl(PR_SET_DUMPABLE, 0);  // the leak checker of sanitizer builds must attach
#endif
    rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &files);
    }
}

struct Server::Impl {
    Impl(config::Loaded loaded, std::string path, std::unique_ptr<Services> opened,
         std::unique_ptr<Resolver> names, Inherited given)
        : inherited(std::move(given)),
          services(std::move(opened)),
          resolver(std::move(names)),
          tickets(TicketKeys::random()),
          reloads(std::move(path), board, tickets, *services, [this] { nudge(); }),
          status(services->registry, services->clock, [this] { return facts(); }),
          portal({*services->store, *services->keys, services->sign_in, services->passkeys,
                  services->code_tokens, services->activation, services->sessions, services->assertions,
                  status}),
          handover(*services->keys, services->sessions),
          model(std::make_shared<config::Model>(std::move(*loaded.model))),
          pages("pages", page_threads, model->limits.page_queue),
          hashing("sign-in", hashing_threads, model->limits.hash_queue),
          acts("acts", act_threads, model->limits.page_queue),
          administration("admin", admin_threads, admin_queue),
          ends("ends", ending_threads, model->limits.page_queue),
          responder({portal, handover, services->session_log, pages, hashing, ends, acts, *services->audit,
                     services->registry.shared(), services->notices, limit_labels(services->registry)}),
          operations(*services, model->portal.url) {}

    Result<> open();
    Result<> open_listeners_of(const std::vector<config::Endpoint>& endpoints, bool redirect_only);
    void add_verbs();
    void tick();
    void each_second();
    void sweep();
    void refresh_tls_files();
    void follow_files();
    void handle_signal(int number);
    void begin_drain();
    void announce();
    void count_ends();
    void nudge() {
        services->notices.use(board.get()->model);
        if (limits) limits->change(bounds_of(board.get()->model->limits));
        for (auto& worker : workers) worker->nudge();
    }
    StatusFacts facts();
    OpsReply ops_answer(std::string_view path);
    std::string not_ready() const;
    std::vector<telemetry::Sample> view_ages() const;
    void renew_lease();

    asio::io_context loop{1};
    Inherited inherited;
    std::unique_ptr<Services> services;
    std::unique_ptr<Resolver> resolver;
    std::unique_ptr<Outbox> outbox;
    UpstreamStates upstreams;
    std::shared_ptr<TicketKeys> tickets;
    Lease lease{services->clock};
    SnapshotBoard board;
    Reloads reloads;
    StatusBoard status;
    Portal portal;
    Handover handover;
    std::shared_ptr<const config::Model> model;  // what the process was started with
    BlockingPool pages, hashing;
    // What ends access has threads of its own, whose jobs wait for nothing, so it takes effect whatever a
    // disk or a crowd of strangers does (R8, R20). What it leaves to write goes to the two before it.
    BlockingPool acts, administration, ends;
    std::atomic<bool> ending_due{false}, sweeping{false};  // one at a time of each
    PageResponder responder;
    Operations operations;
    std::shared_ptr<ConnectionLimits> limits;
    std::vector<std::unique_ptr<Worker>> workers;
    std::vector<std::thread> threads;
    std::thread drainer;  // joins the workers while the loop still answers
    std::vector<config::Endpoint> https_ports, redirect_ports;
    std::unique_ptr<OpsListener> ops;
    std::unique_ptr<AdminSocket> admin;
    std::unique_ptr<config::Watch> watch;
    asio::signal_set signals{loop, SIGTERM, SIGINT, SIGHUP};
    asio::steady_timer timer{loop}, drain_timer{loop};
    SteadyTime last_second{}, last_rotation{}, last_files{};
    Millis wall_offset{0};
    std::vector<ReactorLoad> last_loads;
    mutable std::mutex busy_mutex;
    std::vector<double> busy_ratios;  // of the last second, by worker
    std::mutex ends_mutex;
    std::uint64_t ends_seen = 0;  // of the session log
    std::atomic<bool> draining{false};
#ifdef SEKISHO_TEST_HOOKS
    Millis shifted{0};
#endif
};

Result<> Server::Impl::open() {
    auto first = make_snapshot(model, 1, tickets, services->registry);
    if (!first) return first.error();
    board.post(*first);
    narrow_sessions(*services, **first);  // the files may have changed since it last ran
    limits = ConnectionLimits::create(bounds_of(model->limits));
    const WorkerShared shared{services->clock,
                              board,
                              services->session_log,
                              services->assertions,
                              responder,
                              *resolver,
                              upstreams,
                              services->registry,
                              services->lines,
                              *services->audit,
                              lease};
    // Keys of assertions are made, a few milliseconds each with the store's sync, before a request could wait
    // for one; a later start reads them back, about a millisecond each.
    for (const auto& app : model->apps)
        if (app.assertion)
            if (auto warmed = services->assertions.warm(app.name); !warmed) return warmed.error();
    for (unsigned i = 0; i < worker_count(model->limits); ++i)
        workers.push_back(std::make_unique<Worker>(shared));
    for (auto& worker : workers) worker->reactor().end_descriptors_at(descriptors_end(model->limits));
    if (auto opened = open_listeners_of(model->listen.https, false); !opened) return opened.error();
    if (auto opened = open_listeners_of(model->listen.http_redirect, true); !opened) return opened.error();
    if (auto all = inherited.sockets.all_taken(); !all) return all.error();
    auto listener =
        OpsListener::open(loop, model->ops, [this](std::string_view path) { return ops_answer(path); });
    if (!listener) return listener.error();
    ops = std::move(*listener);
    add_verbs();
    auto socket = AdminSocket::open(loop, model->ops.admin_socket, ends, administration,
                                    [this](const std::string& request) { return operations.take(request); });
    if (!socket) return socket.error();
    admin = std::move(*socket);
    watch = std::make_unique<config::Watch>(
        loop, services->clock,
        [this](std::function<void()> job) { return administration.submit(std::move(job)); },
        [this](config::ChangeReason reason) {
            (void)administration.submit([this, reason] {
                // What came into force may name other files.
                if (reloads.files_changed(reason)) asio::post(loop, [this] { follow_files(); });
            });
        });
    follow_files();
    outbox = std::make_unique<Outbox>(*services->store, services->notices, *resolver, services->clock,
                                      services->registry, services->log, *services->audit);
    ends_seen = services->session_log.head();
    services->session_log.on_change([this] { count_ends(); });
    register_scrapes(services->registry,
                     {*services, board, pages, hashing, upstreams, [this] { return facts(); }});
    services->registry.on_scrape(telemetry::Metric::view_age, [this] { return view_ages(); });
    telemetry::register_audit_metrics(services->registry, *services->audit);
    telemetry::use_process_metrics(services->registry, SEKISHO_VERSION, crypto_library());
    return {};
}

Result<> Server::Impl::open_listeners_of(const std::vector<config::Endpoint>& endpoints, bool redirect_only) {
    for (const auto& endpoint : endpoints) {
        auto sockets = inherited.sockets.sockets_for(endpoint, workers.size());
        if (sockets && sockets->empty())
            sockets = open_listeners(endpoint, static_cast<std::uint32_t>(workers.size()));
        if (!sockets) return sockets.error();
        (redirect_only ? redirect_ports : https_ports).push_back(bound_endpoint(sockets->front()));
        for (std::size_t i = 0; i < sockets->size(); ++i)
            workers[i % workers.size()]->listen(std::move((*sockets)[i]), limits, redirect_only);
    }
    return {};
}

void Server::Impl::add_verbs() {
    operations.add(
        "status",
        [this](const boost::json::object& arguments, const std::string&) -> Result<boost::json::object> {
            auto result = status.to_json();
            const auto* language = arguments.if_contains("language");
            result["screen"] = status.to_screen(
                language && *language == boost::json::value("ja") ? Language::ja : Language::en);
            return result;
        });
    operations.add(
        "reload",
        [this](const boost::json::object& arguments,
               const std::string& actor) -> Result<boost::json::object> {
            const auto* accept = arguments.if_contains("accept");
            const auto loosening =
                accept && accept->is_bool() && accept->get_bool() ? Loosening::accepted : Loosening::refused;
            // What the files say now stays known: going back must not be undone by them.
            const auto* to = arguments.if_contains("to");
            if (to && to->is_int64())
                return reloads.back_to(static_cast<std::uint64_t>(to->get_int64()), loosening, actor);
            auto result = reloads.reload(loosening, actor);
            asio::post(loop, [this] { follow_files(); });
            return result;
        });
    operations.add("drain",
                   [this](const boost::json::object&, const std::string&) -> Result<boost::json::object> {
                       asio::post(loop, [this] { begin_drain(); });
                       return boost::json::object{};
                   });
#ifdef SEKISHO_TEST_HOOKS
    operations.add(
        "test-freeze",
        [this](const boost::json::object& arguments, const std::string&) -> Result<boost::json::object> {
            const Millis length{arguments.at("milliseconds").to_number<std::int64_t>()};
            // A little later: this answer goes out over the same loop.
            auto later = std::make_shared<asio::steady_timer>(loop, Millis{200});
            later->async_wait(
                [later, length](boost::system::error_code) { std::this_thread::sleep_for(length); });
            return boost::json::object{};
        });
    operations.add(
        "test-clock",
        [this](const boost::json::object& arguments, const std::string&) -> Result<boost::json::object> {
            const Millis wanted = Seconds{arguments.at("shift").to_number<std::int64_t>()};
            shift_wall_clock(wanted - std::exchange(shifted, wanted));
            for (auto& worker : workers) worker->clock_moved();
            return boost::json::object{
                {"shifted_seconds", std::chrono::duration_cast<Seconds>(wanted).count()}};
        });
#endif
}

void Server::Impl::follow_files() {
    const auto snapshot = board.get();
    watch->follow(*snapshot->model);
}

StatusFacts Server::Impl::facts() {
    StatusFacts facts = reloads.facts();
    facts.connections = limits ? limits->open() : 0;
    facts.connections_max = model->limits.connections;
    {
        const std::scoped_lock lock(busy_mutex);
        facts.workers_busy = busy_ratios;
    }
    for (const double ratio : facts.workers_busy) facts.worker_busy = std::max(facts.worker_busy, ratio);
    facts.workers = static_cast<unsigned>(workers.size());
    const auto hash = services->hash_pool.stats();
    facts.hash_pool_busy =
        hash.threads == 0 ? 0 : static_cast<double>(hash.busy) / static_cast<double>(hash.threads);
    facts.hash_queue = hashing.queued() + hash.queued;
    facts.hash_queue_max = model->limits.hash_queue;
    facts.audit_queue = services->audit->waiting();
    facts.audit_queue_max = services->audit->waiting_max();
    facts.audit_state = to_text(services->audit->state());
    const auto snapshot = board.get();
    if (!snapshot) return facts;
    for (const auto& certificate : snapshot->tls->certificates())
        facts.next_certificate_end = std::min(facts.next_certificate_end, certificate.not_after);
    for (const auto& session : services->sessions.list_all()) {
        if (session->kind != auth::Session::Kind::sso) continue;
        const auto* person = snapshot->program->find_person(session->user);
        const auto kind = person ? person->kind : PersonKind::none;
        (kind == PersonKind::contractor ? facts.contractors
         : kind == PersonKind::ops      ? facts.ops
                                        : facts.staff) += 1;
    }
    for (const auto& upstream : snapshot->model->upstreams)
        facts.upstreams.push_back({upstream.name, upstreams.up(upstream.name)});
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    facts.descriptors_max = files.rlim_cur;
    facts.descriptors = telemetry::open_descriptors();
    return facts;
}

std::string Server::Impl::not_ready() const {
    if (draining) return "draining\n";
    if (services->audit->state() == telemetry::AuditState::full) return "the audit log is full\n";
    for (const auto& worker : workers)
        if (worker->view_age() > Lease::length)
            return "a worker has not confirmed its view of sessions and policy\n";
    return {};
}

std::vector<telemetry::Sample> Server::Impl::view_ages() const {
    std::vector<telemetry::Sample> samples;
    for (std::size_t i = 0; i < workers.size(); ++i)
        samples.push_back({{std::to_string(i)}, static_cast<double>(workers[i]->view_age().count()) / 1000});
    return samples;
}

// Nothing that could wait on a disk runs on this thread; when it comes late all the same, every worker has
// stopped serving in between, and this says so.
void Server::Impl::renew_lease() {
    const auto age = lease.age();
    lease.renew();
    if (age >= Lease::length)
        services->log.error("service stood still: the control thread came late",
                            {{FieldName::duration_ms, age.count()}});
}

OpsReply Server::Impl::ops_answer(std::string_view path) {
    if (path == "/livez") return {200, "text/plain; charset=utf-8", "alive\n"};
    if (path == "/readyz") {
        const auto why = not_ready();
        return why.empty() ? OpsReply{200, "text/plain; charset=utf-8", "ready\n"}
                           : OpsReply{503, "text/plain; charset=utf-8", why};
    }
    if (path == "/metrics")
        return {200, std::string(telemetry::exposition_type), telemetry::render(services->registry)};
    return {404, "text/plain; charset=utf-8", "not found\n"};
}

void Server::Impl::tick() {
    timer.expires_after(Lease::renewed_every);
    timer.async_wait([this](boost::system::error_code failed) {
        if (failed) return;
        renew_lease();
        // A step of the wall clock moves every end that stands on it.
        const auto offset = std::chrono::duration_cast<Millis>(services->clock.wall().time_since_epoch() -
                                                               services->clock.steady().time_since_epoch());
        if (std::chrono::abs(offset - wall_offset) > clock_step_noticed) {
            wall_offset = offset;
            for (auto& worker : workers) worker->clock_moved();
        }
        for (auto& worker : workers)
            worker->reactor().post([] {});  // so that the end of a turn comes often enough
        if (services->clock.steady() - last_second >= Seconds{1}) each_second();
        tick();
    });
}

// Ends of sessions are counted where every change of sessions passes.
void Server::Impl::count_ends() {
    std::vector<auth::SessionChange> changes;
    const std::lock_guard lock(ends_mutex);
    if (!services->session_log.since(ends_seen, changes)) {
        ends_seen = services->session_log.head();
        return;
    }
    ends_seen += changes.size();
    for (const auto& change : changes) {
        if (change.begun || change.reason == auth::EndReason::rotated) continue;
        services->registry.shared().count<telemetry::Metric::sessions_ended>(end_label(change.reason));
    }
}

void Server::Impl::each_second() {
    last_second = services->clock.steady();
    inherited.manager.alive();
    status.sample();
    std::vector<double> ratios(workers.size());
    last_loads.resize(workers.size());
    for (std::size_t i = 0; i < workers.size(); ++i) {
        const auto load = workers[i]->load();
        const auto busy = static_cast<double>(load.busy_ns - last_loads[i].busy_ns),
                   idle = static_cast<double>(load.idle_ns - last_loads[i].idle_ns);
        if (busy + idle > 0) ratios[i] = busy / (busy + idle);
        last_loads[i] = load;
        services->registry.shared().observe<telemetry::Metric::event_loop_lag>(
            static_cast<std::int64_t>(load.longest_turn_ns));
    }
    {
        const std::scoped_lock lock(busy_mutex);
        busy_ratios.swap(ratios);
    }
    if (last_second - last_rotation >= model->tls.ticket_lifetime / 2) {
        if (last_rotation != SteadyTime{}) tickets->rotate_random();
        last_rotation = last_second;
    }
    if (last_second - last_files >= tls_files_looked_at_every) {
        last_files = last_second;
        (void)acts.submit([this] { refresh_tls_files(); });
    }
    const auto once = [](BlockingPool& pool, std::atomic<bool>& under_way, std::function<void()> job) {
        if (under_way.exchange(true)) return;
        const bool queued = pool.submit([&under_way, job = std::move(job)] {
            job();
            under_way = false;
        });
        if (!queued) under_way = false;
    };
    once(ends, ending_due, [this] { (void)services->sessions.end_due(); });
    once(acts, sweeping, [this] { sweep(); });
}

// May wait for the disk; what is due has ended before.
void Server::Impl::sweep() {
    if (const auto swept = services->sessions.sweep(); !swept)
        services->log.error("sessions could not be swept", swept.error());
    if (const auto done = services->service_tokens.sweep(); !done)
        services->log.error("service tokens could not be swept", done.error());
    if (const auto noted = services->note_head(); !noted)
        services->log.error("the store's witness could not be written", noted.error());
}

// Staples and revocation lists are not part of the configuration: others replace them, often.
void Server::Impl::refresh_tls_files() {
    const auto read = board.get()->tls->refresh();
    for (const auto& fault : read.faults) services->log.error("a file for TLS could not be used", fault);
    if (!read.revocation_changed) return;
    services->log.info("revocation list in force", {});
    for (auto& worker : workers) worker->clock_moved();  // every open exchange is asked again
}

void Server::Impl::begin_drain() {
    if (draining.exchange(true)) {
        for (auto& worker : workers) worker->reactor().stop();
        return;
    }
    services->log.info("draining", {});
    inherited.manager.stopping(model->limits.drain_timeout);
    for (auto& worker : workers) worker->drain(model->limits.drain_timeout);
    drain_timer.expires_after(model->limits.drain_timeout);
    drain_timer.async_wait([this](boost::system::error_code failed) {
        if (failed) return;
        for (auto& worker : workers) worker->reactor().stop();
    });
    // The loop goes on (readyz says why) until the last worker is done.
    drainer = std::thread([this] {
        for (auto& thread : threads) thread.join();
        loop.stop();
    });
}

void Server::Impl::handle_signal(int number) {
    if (number == SIGHUP)
        (void)administration.submit([this] {
            (void)reloads.reload(Loosening::refused, "signal");
            asio::post(loop, [this] { follow_files(); });
        });
    else
        begin_drain();
    signals.async_wait([this](boost::system::error_code failed, int next) {
        if (!failed) handle_signal(next);
    });
}

void Server::Impl::announce() {
    std::string https;
    for (const auto& endpoint : https_ports) {
        if (!https.empty()) https += ' ';
        https += endpoint.address.is_v4() ? fmt::format("{}:{}", to_text(endpoint.address), endpoint.port)
                                          : fmt::format("[{}]:{}", to_text(endpoint.address), endpoint.port);
    }
    services->log.info("ready", {{FieldName::address, https},
                                 {FieldName::port, ops->port()},
                                 {FieldName::generation, board.get()->generation},
                                 {FieldName::worker, workers.size()},
                                 {FieldName::pid, ::getpid()}});
    inherited.manager.ready("serving " + https);
}

Server::Server(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}

Server::~Server() {
    // Upward: first whoever could still ask, then the workers, then what they stand on.
    impl_->admin.reset();
    impl_->ops.reset();
    impl_->watch.reset();
    impl_->outbox.reset();
    // A page for somebody who has gone need not be made; what ends access, and its record, is done. What they
    // and the record's writer have to say goes to workers that no longer run, but still stand.
    impl_->pages.finish(BlockingPool::Rest::drops);
    impl_->hashing.finish(BlockingPool::Rest::drops);
    for (auto* pool : {&impl_->ends, &impl_->acts, &impl_->administration})
        pool->finish(BlockingPool::Rest::runs);
    impl_->services->audit.reset();
    impl_->workers.clear();
}

Result<std::unique_ptr<Server>> Server::create(config::Loaded loaded, std::string config_path,
                                               const config::Environment& environment, Inherited inherited) {
    auto services = Services::open(*loaded.model, environment, system_clock_face(),
                                   telemetry::descriptor_sink(STDOUT_FILENO));
    if (!services) return services.error();
    if (auto settled = (*services)->settle_passkey_host(*loaded.model); !settled) return settled.error();
    auto resolver = Resolver::create();
    if (!resolver) return resolver.error();
    auto impl = std::make_unique<Impl>(std::move(loaded), std::move(config_path), std::move(*services),
                                       std::move(*resolver), std::move(inherited));
    if (auto opened = impl->open(); !opened) return opened.error();
    return std::unique_ptr<Server>(new Server(std::move(impl)));
}

void Server::run() {
    auto& impl = *impl_;
    impl.signals.async_wait([&impl](boost::system::error_code failed, int number) {
        if (!failed) impl.handle_signal(number);
    });
    impl.lease.renew();
    for (auto& worker : impl.workers) impl.threads.emplace_back([&worker] { worker->run(); });
    impl.wall_offset = std::chrono::duration_cast<Millis>(impl.services->clock.wall().time_since_epoch() -
                                                          impl.services->clock.steady().time_since_epoch());
    impl.tick();
    impl.announce();
    impl.loop.run();
    if (impl.drainer.joinable()) impl.drainer.join();
    impl.services->log.info("stopped", {});
}

}  // namespace sekisho::gateway
