#include "gateway/net/tls_stream_io.hpp"

#include "gateway/net/reactor_io.hpp"
#include "gateway/net/tls_native.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace sekisho::gateway {
namespace {

constexpr std::size_t record_bytes = 16u << 10;
// A full record outgrows the ten segments a fresh connection may send (RFC 6928): nothing of it can be used
// before a round trip more. Until the window has grown, three segments make a record.
constexpr std::size_t first_record_bytes = 4u << 10;
constexpr std::size_t grown_after_bytes = 64u << 10;
constexpr Seconds rest{1};  // after which the kernel begins with a small window again
// Header, explicit nonce, tag and content type of one record are far below this.
constexpr std::size_t record_overhead = 256;
// What a peer that never reads can make us hold by asking for key updates and the like.
constexpr std::size_t held_max = 256u << 10;

}  // namespace

// TlsBio lets OpenSSL read and write through the stream's descriptor.
struct TlsBio {
    static TlsStream& stream(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }
    static int read(BIO* bio, char* into, int size) {
        BIO_clear_retry_flags(bio);
        const int got = stream(bio).bio_read(into, size);
        if (got < 0 && stream(bio).socket_.error() == 0) BIO_set_retry_read(bio);
        return got;
    }
    static int write(BIO* bio, const char* from, int size) {
        BIO_clear_retry_flags(bio);
        return stream(bio).bio_write(from, size);
    }
    static long control(BIO* bio, int command, long, void*) {
        if (command == BIO_CTRL_FLUSH) return 1;
        if (command == BIO_CTRL_EOF) return stream(bio).end_seen_ ? 1 : 0;
        return 0;
    }
    static const BIO_METHOD* method() {
        static BIO_METHOD* made = [] {
            BIO_METHOD* fresh =
                BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sekisho descriptor");
            if (!fresh) throw std::bad_alloc();
            BIO_meth_set_read(fresh, read);
            BIO_meth_set_write(fresh, write);
            BIO_meth_set_ctrl(fresh, control);
            return fresh;
        }();
        return made;
    }
};

TlsStream::TlsStream(Descriptor socket, std::shared_ptr<const TlsContexts> contexts)
    : socket_(std::move(socket)), context_(contexts) {
    SSL* ssl = SSL_new(contexts->native());
    if (!ssl) throw std::bad_alloc();
    SSL_set_accept_state(ssl);
    adopt(ssl);
}

TlsStream::TlsStream(Descriptor socket, std::shared_ptr<const TlsClientContext> context)
    : socket_(std::move(socket)), context_(context) {
    adopt(context->make());
}

TlsStream::~TlsStream() { close(); }

void TlsStream::adopt(ssl_st* ssl) {
    ssl_ = ssl;
    SSL_set_app_data(ssl, &hello_);
    BIO* bio = BIO_new(TlsBio::method());
    if (!bio) {
        SSL_free(std::exchange(ssl_, nullptr));
        throw std::bad_alloc();
    }
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
}

int TlsStream::bio_read(char* into, int size) noexcept {
    const auto got = socket_.read({reinterpret_cast<std::uint8_t*>(into), static_cast<std::size_t>(size)});
    if (got.state == IoState::closed) {
        end_seen_ = true;
        return 0;
    }
    return got.state == IoState::done ? static_cast<int>(got.bytes) : -1;
}

// Takes everything, so that OpenSSL never has to be called again with the same bytes.
int TlsStream::bio_write(const char* from, int size) noexcept {
    const ByteView records(reinterpret_cast<const std::uint8_t*>(from), static_cast<std::size_t>(size));
    if (!gather_.empty()) {
        if (records.size() > gather_.size() - gathered_) return -1;
        std::memcpy(gather_.data() + gathered_, records.data(), records.size());
        gathered_ += records.size();
        return size;
    }
    return send(records) ? size : -1;
}

// send gives records to the socket and holds what it does not take. False when the connection is broken.
bool TlsStream::send(ByteView records) {
    if (held_.empty() && !corked_) {
        const auto sent = socket_.write(records);
        if (sent.state == IoState::failed) return false;
        records = records.subspan(sent.bytes);
    }
    if (held_.size() - held_sent_ + records.size() > held_max) return false;
    held_.insert(held_.end(), records.begin(), records.end());
    return true;
}

IoState TlsStream::flush() {
    if (broken_) return IoState::failed;
    return ticket_waits_ ? IoState::done : push_held();
}

IoState TlsStream::push_held() {
    ticket_waits_ = false;
    while (!held_.empty()) {
        const auto sent = socket_.write(ByteView(held_).subspan(held_sent_));
        if (sent.state == IoState::failed) return fail(fault_text(socket_.error()));
        if (sent.state == IoState::would_block) return IoState::would_block;
        held_sent_ += sent.bytes;
        if (held_sent_ == held_.size()) {
            held_ = Bytes{};
            held_sent_ = 0;
        }
    }
    return IoState::done;
}

IoState TlsStream::fail(std::string_view why) noexcept {
    broken_ = true;
    fault_ = why;
    ERR_clear_error();
    return IoState::failed;
}

IoResult TlsStream::read(std::span<std::uint8_t> into) {
    if (!usable()) return {IoState::failed, 0};
    if (!held_.empty() && flush() == IoState::failed) return {IoState::failed, 0};
    if (closed_) return {IoState::closed, 0};
    std::size_t total = 0;
    IoState state = IoState::would_block;
    // One record a turn of this loop; with read-ahead several may have come with one recv.
    while (total < into.size() && (socket_.readable() || SSL_has_pending(ssl_) != 0)) {
        clear_errors();
        std::size_t got = 0;
        const int result = SSL_read_ex(ssl_, into.data() + total, into.size() - total, &got);
        if (result != 1) {
            state = explain_read(result);
            break;
        }
        total += got;
    }
    // What ended the bytes is told by the next call.
    return total > 0 ? IoResult{IoState::done, total} : IoResult{state, 0};
}

IoState TlsStream::explain_read(int result) noexcept {
    switch (SSL_get_error(ssl_, result)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            return IoState::would_block;
        case SSL_ERROR_ZERO_RETURN:
            closed_ = true;
            return IoState::closed;
        default:
            break;
    }
    if (end_seen_) {
        truncated_ = true;
        return fail("connection ended without close_notify");
    }
    return fail(socket_.error() != 0 ? fault_text(socket_.error()) : "TLS protocol error");
}

std::size_t TlsStream::record_size() noexcept {
    const auto now = socket_.reactor().now();
    if (now - wrote_at_ >= rest) since_rest_ = 0;
    wrote_at_ = now;
    return since_rest_ < grown_after_bytes ? first_record_bytes : record_bytes;
}

IoResult TlsStream::write(ByteView from) {
    if (!usable() || shut_) return {IoState::failed, 0};
    if (!held_.empty()) {
        if (const auto state = flush(); state != IoState::done) return {state, 0};
    }
    if (from.empty() || !socket_.writable()) return {IoState::would_block, 0};
    return from.size() <= record_size() && !ticket_waits_ ? write_record(from) : write_gathered(from);
}

IoResult TlsStream::write_record(ByteView from) noexcept {
    clear_errors();
    std::size_t taken = 0;
    const int result = SSL_write_ex(ssl_, from.data(), from.size(), &taken);
    since_rest_ += taken;
    if (result == 1) return {IoState::done, taken};
    const int why = SSL_get_error(ssl_, result);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return {IoState::would_block, 0};
    return {fail(socket_.error() != 0 ? fault_text(socket_.error()) : "TLS protocol error"), 0};
}

IoResult TlsStream::write_gathered(ByteView from) {
    gather_ = socket_.reactor().gather();
    gathered_ = 0;
    if (std::exchange(ticket_waits_, false)) {
        const ByteView ticket = ByteView(held_).subspan(held_sent_);
        std::ranges::copy(ticket, gather_.begin());
        gathered_ = ticket.size();
        held_ = Bytes{};
        held_sent_ = 0;
    }
    IoResult result;
    std::size_t taken = 0;
    while (taken < from.size() && gather_.size() - gathered_ >= record_bytes + record_overhead) {
        result = write_record(from.subspan(taken, std::min(record_size(), from.size() - taken)));
        if (result.state != IoState::done) break;
        taken += result.bytes;
    }
    const ByteView records = gather_.first(gathered_);
    gather_ = {};
    if (result.state == IoState::failed) return result;
    if (!send(records)) return {fail(fault_text(socket_.error())), 0};
    return taken > 0 ? IoResult{IoState::done, taken} : IoResult{IoState::would_block, 0};
}

IoState TlsStream::shutdown() {
    if (!usable()) return IoState::failed;
    if (const auto state = push_held(); state != IoState::done) return state;
    if (!shut_) {
        shut_ = true;
        clear_errors();
        if (SSL_is_init_finished(ssl_) != 0 && SSL_shutdown(ssl_) < 0)
            return fail(socket_.error() != 0 ? fault_text(socket_.error()) : "TLS protocol error");
        if (!held_.empty()) return IoState::would_block;
    }
    socket_.end_writing();
    return IoState::done;
}

void TlsStream::close() noexcept {
    // Without this OpenSSL takes the end for a fault and never resumes the session.
    if (usable()) SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(std::exchange(ssl_, nullptr));
    socket_.close();
    held_ = Bytes{};
    held_sent_ = 0;
    if (fault_.empty()) fault_ = "closed by us";
    broken_ = true;
}

void TlsStream::attach(Waiter& waiter) { socket_.attach(waiter); }
void TlsStream::attach(ReadyHook& hook) { socket_.attach(hook); }

}  // namespace sekisho::gateway
