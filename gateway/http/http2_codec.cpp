#include "gateway/http/http2_codec.hpp"

#include "base/check.hpp"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

namespace sekisho::gateway {
namespace {

constexpr std::uint32_t kPrefaceBytes = 24;     // RFC 9113 section 3.4
constexpr std::uint32_t kContinuationsMax = 8;  // as nghttp2 has it, which gives no reason
constexpr std::size_t kHeadFloodFactor = 4;
constexpr std::size_t kSentHeadBytesMax = 4u
                                          << 20;  // as nghttp2 estimates; above every limit on heads of ours
constexpr std::uint32_t kWindowUpdatesPerData = 4;
constexpr std::size_t kKeptFields = 4;
constexpr std::size_t kKeptFieldsBytes = 4096;

enum FrameType : std::uint8_t {
    frame_data = 0,
    frame_headers = 1,
    frame_priority = 2,
    frame_reset = 3,
    frame_settings = 4,
    frame_push = 5,
    frame_ping = 6,
    frame_window = 8,
    frame_continuation = 9,
    frame_priority_update = 16,
};
constexpr std::uint8_t kFlagAck = 1;
constexpr std::uint8_t kFlagEndStream = 1;
constexpr std::uint8_t kFlagEndHeaders = 4;

nghttp2_nv pair_of(std::string_view name, std::string_view value, unsigned flags) noexcept {
    return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
            reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
            static_cast<std::uint8_t>(flags)};
}

constexpr unsigned kInPlace = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;

constexpr unsigned kNeverIndexed = NGHTTP2_NV_FLAG_NO_INDEX;

// What lets somebody in is never put into a table that other values are compared with (RFC 7541 section 7.1).
bool is_secret(std::string_view name) noexcept {
    return name == "set-cookie" || name == "cookie" || name == "authorization" || name == "sekisho-assertion";
}

// Requests of many people share a connection to an upstream: of what they say, only what is no secret of
// anybody goes into the table that all their values are compared with, and which the length of a frame tells
// of.
bool is_common(std::string_view name) noexcept {
    constexpr std::string_view common[] = {
        ":method",         ":scheme",          ":authority",           "accept",        "accept-encoding",
        "accept-language", "content-type",     "grpc-accept-encoding", "grpc-encoding", "te",
        "user-agent",      "x-forwarded-host", "x-forwarded-proto"};
    return std::find(std::begin(common), std::end(common), name) != std::end(common);
}

void keep_apart(std::vector<nghttp2_nv>& pairs) noexcept {
    for (auto& pair : pairs)
        if (!is_common({reinterpret_cast<const char*>(pair.name), pair.namelen}))
            pair.flags = static_cast<std::uint8_t>(pair.flags | kNeverIndexed);
}

void add_lines(std::vector<nghttp2_nv>& pairs, std::span<char> lines, unsigned flags) {
    std::string_view name, value;
    while (next_field_line(lines, name, value))
        pairs.push_back(pair_of(name, value, flags | (is_secret(name) ? kNeverIndexed : 0U)));
}

std::string_view view_of(const std::uint8_t* bytes, std::size_t size) noexcept {
    return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

struct Http2Codec::Scratch {
    std::vector<nghttp2_nv> pairs;
    std::vector<std::unique_ptr<Http2Fields>> kept;
};

// Http2Calls are what nghttp2 calls; the exceptions of a full memory end the connection.
struct Http2Calls {
    static Http2Codec& codec(void* user) noexcept { return *static_cast<Http2Codec*>(user); }

    static int begin_headers(nghttp2_session*, const nghttp2_frame*, void* user) {
        auto& self = codec(user);
        if (!self.fields_) self.fields_ = self.make_fields();
        self.fields_->reset();
        return 0;
    }

    static int header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name, std::size_t name_size,
                      const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
        auto& self = codec(user);
        self.fields_->add(view_of(name, name_size), view_of(value, value_size), self.settings_.head);
        if (self.fields_->bytes() <= kHeadFloodFactor * self.settings_.head.head_bytes) return 0;
        self.flood_ = Http2Fault::head_flood;
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }

    static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* user) {
        auto& self = codec(user);
        const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
        if (frame->hd.type == NGHTTP2_HEADERS) {
            const bool opens = frame->headers.cat == NGHTTP2_HCAT_REQUEST;
            self.take_fields(frame->hd.stream_id, ends, opens);
        } else if (frame->hd.type == NGHTTP2_SETTINGS && (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) {
            self.settings_came_ = true;
        } else if (frame->hd.type == NGHTTP2_DATA && ends) {
            if (auto* stream = self.find(frame->hd.stream_id)) self.take_end(*stream, {});
        }
        return 0;
    }

    static int body(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                    std::size_t size, void* user) {
        auto& self = codec(user);
        self.frame_has_body_ |= size != 0;
        auto* stream = self.find(id);
        if (!stream) {
            nghttp2_session_consume(session, id, size);
            return 0;
        }
        if (stream->bounded_ && size > stream->body_left_) {
            nghttp2_session_consume(session, id, size);
            self.fail(*stream);
            return 0;
        }
        if (stream->bounded_) stream->body_left_ -= size;
        stream->unread_ += size;
        stream->body_came({bytes, size});
        return 0;
    }

    static int stream_closed(nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) {
        auto& self = codec(user);
        if (self.role_ == Http2Codec::Role::client && self.opened_streams_ != 0) --self.opened_streams_;
        auto* stream = self.find(id);
        if (!stream) return 0;
        self.detach(*stream);
        if (!stream->sent_end_ || !stream->received_end_) stream->closed(static_cast<Http2Code>(code));
        return 0;
    }

    static int frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
        auto& self = codec(user);
        const bool carries = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
        if (carries && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
            if (auto* stream = self.find(frame->hd.stream_id)) stream->sent_end_ = true;
        } else if (frame->hd.type == NGHTTP2_RST_STREAM) {
            self.count_reset(frame->rst_stream.error_code);
        } else if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR &&
                   self.fault_ == Http2Fault::none) {
            self.fault_ = Http2Fault::protocol;
            self.state_ = Http2Codec::State::over;
        }
        return 0;
    }

    static ssize_t next_body(nghttp2_session*, std::int32_t id, std::uint8_t*, std::size_t size,
                             std::uint32_t* flags, nghttp2_data_source*, void* user) {
        auto& self = codec(user);
        auto* stream = self.find(id);
        if (!stream) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        if (stream->offered_.empty()) return self.end_or_wait(*stream, *flags);
        const auto taken = std::min(size, stream->offered_.size());
        if (taken < stream->offered_.size() && taken < kSmallWindowBytes)
            self.spend(Http2Spending::small_window);
        *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
        if (stream->last_ && taken == stream->offered_.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
        return static_cast<ssize_t>(taken);
    }

    static int send_body(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* head, std::size_t size,
                         nghttp2_data_source*, void* user) {
        auto& self = codec(user);
        constexpr std::size_t head_bytes = 9;
        self.out_.append(ByteView(head, head_bytes));
        if (auto* stream = self.find(frame->hd.stream_id); stream && size != 0) {
            self.out_.append(stream->offered_.first(size));
            stream->offered_ = stream->offered_.subspan(size);
        }
        self.budgets_.earn(Http2Spending::window, kWindowUpdatesPerData);
        self.budgets_.earn(Http2Spending::ping, 1);  // gRPC measures the way of its data with one
        return 0;
    }
};

namespace {

struct CallbacksDeleter {
    void operator()(nghttp2_session_callbacks* callbacks) const noexcept {
        nghttp2_session_callbacks_del(callbacks);
    }
};
struct OptionDeleter {
    void operator()(nghttp2_option* option) const noexcept { nghttp2_option_del(option); }
};

const nghttp2_session_callbacks* callbacks() {
    static const std::unique_ptr<nghttp2_session_callbacks, CallbacksDeleter> made = [] {
        nghttp2_session_callbacks* fresh = nullptr;
        if (nghttp2_session_callbacks_new(&fresh) != 0) throw std::bad_alloc();
        nghttp2_session_callbacks_set_on_begin_headers_callback(fresh, Http2Calls::begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(fresh, Http2Calls::header);
        nghttp2_session_callbacks_set_on_frame_recv_callback(fresh, Http2Calls::frame_received);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(fresh, Http2Calls::body);
        nghttp2_session_callbacks_set_on_stream_close_callback(fresh, Http2Calls::stream_closed);
        nghttp2_session_callbacks_set_on_frame_send_callback(fresh, Http2Calls::frame_sent);
        nghttp2_session_callbacks_set_send_data_callback(fresh, Http2Calls::send_body);
        return std::unique_ptr<nghttp2_session_callbacks, CallbacksDeleter>(fresh);
    }();
    return made.get();
}

// Message rules are ours (Http2Fields), with a reason for each refusal; so is the credit for bodies.
const nghttp2_option* options() {
    static const std::unique_ptr<nghttp2_option, OptionDeleter> made = [] {
        nghttp2_option* fresh = nullptr;
        if (nghttp2_option_new(&fresh) != 0) throw std::bad_alloc();
        nghttp2_option_set_no_auto_window_update(fresh, 1);
        nghttp2_option_set_no_http_messaging(fresh, 1);
        nghttp2_option_set_no_closed_streams(fresh, 1);
        nghttp2_option_set_max_send_header_block_length(fresh, kSentHeadBytesMax);
        return std::unique_ptr<nghttp2_option, OptionDeleter>(fresh);
    }();
    return made.get();
}

}  // namespace

Http2Codec::Http2Codec(Role role, const Http2Settings& settings, Http2Owner& owner, FlatBuffer& out)
    : role_(role), settings_(settings), owner_(owner), out_(out), scratch_(std::make_unique<Scratch>()) {
    const bool server = role == Role::server;
    const auto make = server ? nghttp2_session_server_new2 : nghttp2_session_client_new2;
    if (make(&session_, callbacks(), this, options()) != 0) throw std::bad_alloc();
    std::vector<nghttp2_settings_entry> entries = {
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.stream_window_bytes},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, settings.head.head_bytes}};
    if (server) {
        preface_left_ = kPrefaceBytes;
        entries.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.streams});
        entries.push_back({NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1});
        entries.push_back({NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1});
    } else {
        entries.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
    }
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, entries.data(), entries.size());
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                          static_cast<std::int32_t>(settings.connection_window_bytes));
    collect();
}

Http2Codec::~Http2Codec() { nghttp2_session_del(session_); }

std::unique_ptr<Http2Fields> Http2Codec::make_fields() {
    if (scratch_->kept.empty()) return std::make_unique<Http2Fields>();
    auto fields = std::move(scratch_->kept.back());
    scratch_->kept.pop_back();
    return fields;
}

void Http2Codec::give_back(std::unique_ptr<Http2Fields> fields) {
    const bool usual = fields && fields->bytes() <= kKeptFieldsBytes;  // a large one is not kept for the next
    if (usual && scratch_->kept.size() < kKeptFields) scratch_->kept.push_back(std::move(fields));
}

void Http2Codec::receive(ByteView bytes, SteadyTime now) {
    now_ = now;
    while (!bytes.empty() && state_ == State::open) {
        if (preface_left_ != 0) {
            const auto taken = std::min<std::size_t>(preface_left_, bytes.size());
            preface_left_ -= static_cast<std::uint32_t>(taken);
            feed(bytes.first(taken));
            bytes = bytes.subspan(taken);
        } else if (head_bytes_ < sizeof head_) {
            head_[head_bytes_++] = bytes.front();
            bytes = bytes.subspan(1);
            if (head_bytes_ == sizeof head_) begin_frame();
        } else {
            const auto taken = std::min<std::size_t>(frame_left_, bytes.size());
            frame_left_ -= static_cast<std::uint32_t>(taken);
            feed(bytes.first(taken));
            bytes = bytes.subspan(taken);
        }
        if (head_bytes_ == sizeof head_ && frame_left_ == 0) {
            end_frame();
        }
    }
    collect();
    if (state_ == State::open && nghttp2_session_want_read(session_) == 0) {
        fault_ = Http2Fault::peer_left;
        state_ = State::over;
    }
}

// The head of a frame is judged before nghttp2 sees it, whatever it makes of it.
void Http2Codec::begin_frame() {
    frame_left_ =
        static_cast<std::uint32_t>(head_[0]) << 16U | static_cast<std::uint32_t>(head_[1]) << 8U | head_[2];
    const std::uint8_t type = head_[3], flags = head_[4];
    switch (type) {
        case frame_data:
            frame_has_body_ = false;
            break;
        case frame_headers:
            continuations_ = 0;
            section_since_ = now_;
            break;
        case frame_continuation:
            if (++continuations_ > kContinuationsMax || frame_left_ == 0)
                flood_ = Http2Fault::continuation_flood;
            break;
        case frame_priority:
        case frame_priority_update:
            spend(Http2Spending::priority);
            break;
        case frame_reset:
            spend(Http2Spending::reset);
            break;
        case frame_push:
            flood_ = Http2Fault::protocol;  // never asked for (RFC 9113 section 8.4)
            break;
        case frame_settings:
            spend((flags & kFlagAck) == 0 ? Http2Spending::settings : Http2Spending::empty);
            break;
        case frame_ping:
            spend((flags & kFlagAck) == 0 ? Http2Spending::ping : Http2Spending::empty);
            break;
        case frame_window:
            spend(Http2Spending::window);
            break;
        default:
            spend(Http2Spending::empty);
            break;
    }
    feed(ByteView(head_, sizeof head_));
}

void Http2Codec::end_frame() {
    head_bytes_ = 0;
    // A client's padding is no body either; a server pads what it took back (Http2Output).
    const bool empty = role_ == Role::server ? !frame_has_body_ : (head_[0] | head_[1] | head_[2]) == 0;
    if (head_[3] == frame_data && empty && (head_[4] & kFlagEndStream) == 0) spend(Http2Spending::empty);
    const bool section = head_[3] == frame_headers || head_[3] == frame_continuation;
    if (section && (head_[4] & kFlagEndHeaders) != 0) section_since_ = SteadyTime::max();
    tell_opened();
}

void Http2Codec::feed(ByteView bytes) {
    if (flood_ == Http2Fault::none) {
        receiving_ = true;
        const auto taken = nghttp2_session_mem_recv(session_, bytes.data(), bytes.size());
        receiving_ = false;
        if (taken >= 0 && flood_ == Http2Fault::none) return;
    }
    if (flood_ != Http2Fault::none)
        end(flood_, Http2Code::enhance_your_calm);
    else
        end(Http2Fault::protocol, Http2Code::protocol_error);
}

void Http2Codec::spend(Http2Spending what) {
    if (budgets_.spend(what, now_) || flood_ != Http2Fault::none) return;
    flood_ = static_cast<Http2Fault>(static_cast<int>(what) + 1);
}

// Only what the peer caused: its malformed frames and requests, and streams beyond its number.
void Http2Codec::count_reset(std::uint32_t code) {
    constexpr std::array theirs = {NGHTTP2_PROTOCOL_ERROR, NGHTTP2_FLOW_CONTROL_ERROR,
                                   NGHTTP2_STREAM_CLOSED,  NGHTTP2_FRAME_SIZE_ERROR,
                                   NGHTTP2_REFUSED_STREAM, NGHTTP2_ENHANCE_YOUR_CALM};
    if (std::find(theirs.begin(), theirs.end(), static_cast<nghttp2_error_code>(code)) != theirs.end())
        spend(Http2Spending::made_reset);
}

void Http2Codec::end(Http2Fault fault, Http2Code code) {
    if (state_ == State::over) return;
    state_ = State::over;
    fault_ = fault;
    nghttp2_session_terminate_session(session_, static_cast<std::uint32_t>(code));
    collect();
}

void Http2Codec::tell_opened() {
    for (std::size_t i = 0; i < opened_.size(); ++i) {
        auto opened = std::move(opened_[i]);
        if (state_ != State::open || attached_ >= settings_.streams || refuses_new_)
            refuse(opened.id, Http2Code::refused_stream);
        else
            owner_.stream_opened(opened.id, std::move(opened.fields), opened.ends);
    }
    opened_.clear();
}

void Http2Codec::take_fields(std::int32_t id, bool ends, bool opens) {
    if (role_ == Role::server && opens) {
        opened_.push_back({id, std::move(fields_), ends});
        return;
    }
    auto* stream = find(id);
    if (!stream) return;
    if (stream->awaits_head_) {
        stream->head_came(*fields_, ends);
        if (ends && stream->attached_) take_end(*stream, {});
        return;
    }
    std::span<const Field> trailers;
    if (!ends || fields_->trailers(trailers) != HeadFault::none) return fail(*stream);
    take_end(*stream, trailers);
}

void Http2Codec::take_end(Http2Stream& stream, std::span<const Field> trailers) {
    if (stream.awaits_head_ || (stream.bounded_ && stream.body_left_ != 0)) return fail(stream);
    stream.received_end_ = true;
    stream.end_came(trailers);
}

// What the peer sent on this stream is malformed (RFC 9113 section 8.1.1).
void Http2Codec::fail(Http2Stream& stream) {
    const auto id = stream.id_;
    detach(stream);
    stream.faulty_ = true;
    reset(id, Http2Code::protocol_error);
    stream.closed(Http2Code::protocol_error);
}

Http2Stream* Http2Codec::find(std::int32_t id) const noexcept {
    return static_cast<Http2Stream*>(nghttp2_session_get_stream_user_data(session_, id));
}

void Http2Codec::detach(Http2Stream& stream) noexcept {
    if (!stream.attached_) return;
    nghttp2_session_set_stream_user_data(session_, stream.id_, nullptr);
    stream.attached_ = false;
    --attached_;
    if (std::exchange(stream.waits_for_room_, false))
        waiting_.erase(std::find(waiting_.begin(), waiting_.end(), &stream));
}

void Http2Codec::accept(std::int32_t id, Http2Stream& stream, const Head& head, bool ends) {
    stream.id_ = id;
    stream.attached_ = true;
    ++attached_;
    nghttp2_session_set_stream_user_data(session_, id, &stream);
    stream.received_end_ = ends;
    expect_body(stream, head);
}

void Http2Codec::expect_body(Http2Stream& stream, const Head& head) noexcept {
    stream.awaits_head_ = false;
    stream.bounded_ =
        head.framing == Framing::length || (head.framing == Framing::none && head.upgrade == Upgrade::none);
    stream.body_left_ = head.framing == Framing::length ? head.content_length : 0;
}

void Http2Codec::refuse(std::int32_t id, Http2Code code) {
    reset(id, code);
    collect();
}

void Http2Codec::reset(std::int32_t id, Http2Code code) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, static_cast<std::uint32_t>(code));
}

namespace {

constexpr nghttp2_data_provider kBody = {{0}, Http2Calls::next_body};

struct StatusText {
    explicit StatusText(int status) noexcept
        : digits{static_cast<char>('0' + status / 100 % 10), static_cast<char>('0' + status / 10 % 10),
                 static_cast<char>('0' + status % 10)} {}
    std::string_view view() const noexcept { return {digits.data(), digits.size()}; }
    std::array<char, 3> digits;
};

}  // namespace

bool Http2Codec::open(Http2Stream& stream, const Http2Start& start, std::span<char> lines, bool ends) {
    if (!settings_came_ || !takes_more() || opened_streams_ >= streams_max()) return false;
    auto& pairs = scratch_->pairs;
    pairs.clear();
    pairs.push_back(pair_of(":method", start.method, kInPlace));
    pairs.push_back(pair_of(":scheme", start.scheme, kInPlace));
    pairs.push_back(pair_of(":authority", start.authority, kInPlace));
    pairs.push_back(pair_of(":path", start.target, kInPlace));
    add_lines(pairs, lines, kInPlace);
    keep_apart(pairs);
    const auto id = nghttp2_submit_request(session_, nullptr, pairs.data(), pairs.size(),
                                           ends ? nullptr : &kBody, &stream);
    if (id < 0) return false;
    stream.begin(id);
    ++attached_;
    ++opened_streams_;
    budgets_.earn(Http2Spending::reset, 1);
    collect();
    return stream.attached_;
}

// A stream that was closed may be opened again, on this connection or another.
void Http2Stream::begin(std::int32_t id) {
    id_ = id;
    body_left_ = unread_ = 0;
    offered_ = {};
    trailers_.clear();
    attached_ = bounded_ = awaits_head_ = true;
    faulty_ = received_end_ = sent_end_ = last_ = ending_ = blocked_ = waits_for_room_ = false;
}

bool Http2Codec::takes_more() const noexcept {
    return state_ == State::open && nghttp2_session_check_request_allowed(session_) != 0;
}

std::uint32_t Http2Codec::streams_max() const noexcept {
    return std::min(settings_.streams,
                    nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
}

void Http2Codec::ping() {
    nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
    collect();
}

void Http2Codec::interim(Http2Stream& stream, int status, std::span<char> lines) {
    if (!stream.attached_) return;
    const StatusText text(status);
    name_head(text.view(), lines);
    nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream.id_, nullptr, scratch_->pairs.data(),
                           scratch_->pairs.size(), nullptr);
    collect();  // the lines are the caller's
}

void Http2Codec::respond(Http2Stream& stream, int status, std::span<char> lines, bool ends) {
    if (!stream.attached_) return;
    const StatusText text(status);
    name_head(text.view(), lines);
    nghttp2_submit_response(session_, stream.id_, scratch_->pairs.data(), scratch_->pairs.size(),
                            ends ? nullptr : &kBody);
    collect();
}

void Http2Codec::name_head(std::string_view status, std::span<char> lines) {
    scratch_->pairs.clear();
    scratch_->pairs.push_back(pair_of(":status", status, kInPlace));
    add_lines(scratch_->pairs, lines, kInPlace);
}

std::size_t Http2Codec::send_body(Http2Stream& stream, ByteView bytes, bool last) {
    if (!stream.attached_ || stream.ending_ || bytes.empty()) return 0;
    if (out_.size_bytes() >= kOutputBytesMax) {
        if (!std::exchange(stream.waits_for_room_, true)) waiting_.push_back(&stream);
        return 0;
    }
    const auto offered = bytes.first(std::min(bytes.size(), kOutputBytesMax - out_.size_bytes()));
    stream.offered_ = offered;
    stream.last_ = last && offered.size() == bytes.size();
    nghttp2_session_resume_data(session_, stream.id_);
    collect();
    const auto taken = offered.size() - stream.offered_.size();
    stream.blocked_ = taken < offered.size();
    stream.offered_ = {};
    stream.last_ = false;
    return taken;
}

// What next_body answers when there are no bytes: the end, the end with trailers, or that more may come.
std::ptrdiff_t Http2Codec::end_or_wait(Http2Stream& stream, std::uint32_t& flags) {
    if (!stream.ending_) {
        if (std::exchange(stream.blocked_, false)) stream.may_write();
        return NGHTTP2_ERR_DEFERRED;
    }
    flags |= NGHTTP2_DATA_FLAG_NO_COPY | NGHTTP2_DATA_FLAG_EOF;
    auto& pairs = scratch_->pairs;
    pairs.clear();
    add_lines(pairs, stream.trailers_, NGHTTP2_NV_FLAG_NONE);
    if (role_ == Role::client) keep_apart(pairs);
    if (!pairs.empty()) {
        flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        nghttp2_submit_trailer(session_, stream.id_, pairs.data(), pairs.size());
    }
    return 0;
}

void Http2Codec::end_body(Http2Stream& stream, std::string_view trailers) {
    if (!stream.attached_ || stream.ending_ || stream.sent_end_) return;
    stream.ending_ = true;
    stream.trailers_.assign(trailers);
    nghttp2_session_resume_data(session_, stream.id_);
    collect();
}

void Http2Codec::consumed(Http2Stream& stream, std::size_t bytes) {
    stream.unread_ -= bytes;
    if (stream.attached_)
        nghttp2_session_consume(session_, stream.id_, bytes);
    else
        nghttp2_session_consume_connection(session_, bytes);
}

void Http2Codec::drop(Http2Stream& stream, Http2Code code) {
    if (stream.unread_ != 0) nghttp2_session_consume_connection(session_, std::exchange(stream.unread_, 0));
    if (stream.attached_) {
        detach(stream);
        reset(stream.id_, code);
    }
    collect();
}

void Http2Codec::announce_end() {
    nghttp2_submit_shutdown_notice(session_);
    collect();
}

void Http2Codec::refuse_new() {
    refuses_new_ = true;
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
                          NGHTTP2_NO_ERROR, nullptr, 0);
    collect();
}

void Http2Codec::collect() {
    if (collecting_ || receiving_) return;
    collecting_ = true;
    for (;;) {
        const std::uint8_t* bytes = nullptr;
        const auto size = nghttp2_session_mem_send(session_, &bytes);
        if (size < 0) {
            state_ = State::over;
            if (fault_ == Http2Fault::none) fault_ = Http2Fault::protocol;
        }
        if (size <= 0) break;
        out_.append(ByteView(bytes, static_cast<std::size_t>(size)));
    }
    collecting_ = false;
    if (flood_ != Http2Fault::none && state_ == State::open) end(flood_, Http2Code::enhance_your_calm);
}

void Http2Codec::output_drained() {
    if (out_.size_bytes() >= kOutputBytesMax || waiting_.empty()) return;
    for (auto* stream : std::exchange(waiting_, {})) {
        stream->waits_for_room_ = false;
        stream->may_write();
    }
}

}  // namespace sekisho::gateway
