#pragma once
// Http2Codec is one HTTP/2 connection without its socket (RFC 9113): bytes to streams and back, as server or
// as client. Whoever makes it work for nothing is asked to calm down and closed.
#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "gateway/http/buffer_pool.hpp"
#include "gateway/http/http2_budgets.hpp"
#include "gateway/http/http2_head.hpp"

#include <memory>
#include <string>
#include <vector>

struct nghttp2_session;

namespace sekisho::gateway {

// Codes of RFC 9113 section 7 that we send or look at.
enum class Http2Code : std::uint32_t {
    no_error = 0,
    protocol_error = 1,
    internal_error = 2,
    flow_control_error = 3,
    stream_closed = 5,
    refused_stream = 7,
    cancel = 8,
    enhance_your_calm = 11,
};

// Http2Stream is what the codec and the user of one stream share. The codec may call it from within any of
// its own functions, so what it does there is to take note and wake somebody.
class Http2Stream {
public:
    std::int32_t id() const noexcept { return id_; }
    // attached: the codec still knows the stream; false once it is closed or dropped.
    bool attached() const noexcept { return attached_; }
    // faulty: what the peer sent on it was malformed, which is why it is closed.
    bool faulty() const noexcept { return faulty_; }
    // sent_end: our END_STREAM stands in the output.
    bool sent_end() const noexcept { return sent_end_; }

    // head_came gives a response's head, interim ones too (client role). Read it at once; expect_body follows
    // the final one.
    virtual void head_came(Http2Fields& fields, bool ends) = 0;
    virtual void body_came(ByteView bytes) = 0;
    // end_came: the peer sent everything; `trailers` are valid but unfiltered.
    virtual void end_came(std::span<const Field> trailers) = 0;
    // closed: reset by the peer or, for what the peer did, by us.
    virtual void closed(Http2Code code) = 0;
    // may_write: there is room again after send_body took nothing.
    virtual void may_write() = 0;

protected:
    // waits_for_room: what it has to send waits until others on the connection have sent.
    bool waits_for_room() const noexcept { return waits_for_room_; }
    Http2Stream() = default;
    Http2Stream(const Http2Stream&) = delete;
    Http2Stream& operator=(const Http2Stream&) = delete;
    virtual ~Http2Stream() = default;

private:
    friend class Http2Codec;
    friend struct Http2Calls;
    void begin(std::int32_t id);
    std::int32_t id_ = 0;
    std::uint64_t body_left_ = 0;  // with a declared length: of what the peer has still to send
    std::uint64_t unread_ = 0;     // body bytes given and not yet consumed
    ByteView offered_;             // during send_body
    std::string trailers_;         // to send behind the body
    bool attached_ = false, faulty_ = false, bounded_ = false, received_end_ = false, sent_end_ = false;
    bool last_ = false, ending_ = false, blocked_ = false, waits_for_room_ = false;
    bool awaits_head_ = false;  // client role: no final head yet
};

// Http2Owner is told of streams a client opens (server role), between frames: it may use the codec at once.
class Http2Owner {
public:
    virtual void stream_opened(std::int32_t id, std::unique_ptr<Http2Fields> fields, bool ends) = 0;

protected:
    ~Http2Owner() = default;
};

// How a request begins (client role).
struct Http2Start {
    std::string_view method, scheme, authority, target;
};

struct Http2Settings {
    std::uint32_t streams = 128;                       // a peer may have open at once, or we with it
    std::uint32_t stream_window_bytes = 256u << 10;    // a peer may send ahead on one stream,
    std::uint32_t connection_window_bytes = 1u << 20;  // and on all of them
    HeadLimits head;
};

class Http2Codec {
public:
    enum class Role : std::uint8_t { server, client };
    enum class State : std::uint8_t {
        open,
        over,  // protocol broken, a budget spent, or the peer has left: send what is held, then close
    };

    // `out` takes what is to be sent; body bytes only while it holds less than kOutputBytesMax.
    Http2Codec(Role role, const Http2Settings& settings, Http2Owner& owner, FlatBuffer& out);
    ~Http2Codec();
    static constexpr std::size_t kOutputBytesMax = 128u << 10;

    // receive takes everything; in state over it is let go.
    void receive(ByteView bytes, SteadyTime now);
    State state() const noexcept { return state_; }
    const Http2Settings& settings() const noexcept { return settings_; }
    // section_since: when the field section that is not whole yet began; max() when there is none.
    SteadyTime section_since() const noexcept { return section_since_; }
    // give_up ends the connection because such a section takes too long.
    void give_up() { end(Http2Fault::slow_head, Http2Code::enhance_your_calm); }
    // blame counts what a stream's user found to be the peer's doing.
    void blame(Http2Spending what) { spend(what); }
    // fault names why state is over, for log and metric.
    Http2Fault fault() const noexcept { return fault_; }

    // Server: accept attaches the stream that stream_opened told of; refuse resets it instead.
    void accept(std::int32_t id, Http2Stream& stream, const Head& head, bool ends);
    void refuse(std::int32_t id, Http2Code code);
    // give_back lets fields be used again.
    void give_back(std::unique_ptr<Http2Fields> fields);
    // Client: settings_came once the peer's first SETTINGS are here; before them nothing is opened.
    bool settings_came() const noexcept { return settings_came_; }
    // takes_more: false for good once the peer said GOAWAY or the stream numbers are used up.
    bool takes_more() const noexcept;
    // streams_max: how many the peer allows at once (SETTINGS_MAX_CONCURRENT_STREAMS), and we want.
    std::uint32_t streams_max() const noexcept;
    // ping asks the peer for a sign of life.
    void ping();
    // open sends a request's head. Errors: false when the peer takes no more streams, now or for good.
    bool open(Http2Stream& stream, const Http2Start& start, std::span<char> lines, bool ends);
    // expect_body: how much a response may bring, once its head is known (client role).
    void expect_body(Http2Stream& stream, const Head& head) noexcept;

    // What a stream sends. `lines` are field lines with CRLF; their names become lower case. Frames that
    // carry no body go to the output at once.
    void interim(Http2Stream& stream, int status, std::span<char> lines);
    void respond(Http2Stream& stream, int status, std::span<char> lines, bool ends);
    // send_body takes a prefix and returns its length; 0 when windows or the output are full. `last`: with
    // all of it taken, the body is over.
    std::size_t send_body(Http2Stream& stream, ByteView bytes, bool last);
    // end_body ends it, with these trailers; sent_end() tells when that went out.
    void end_body(Http2Stream& stream, std::string_view trailers);

    // consumed gives the peer credit for body bytes that went on to where they belong.
    void consumed(Http2Stream& stream, std::size_t bytes);
    // drop leaves a stream; if anything of it is still open, it is reset with this code.
    void drop(Http2Stream& stream, Http2Code code);

    // Two steps of leaving (RFC 9113 section 6.8): first only said, then no new stream is taken.
    void announce_end();
    void refuse_new();
    bool refuses_new() const noexcept { return refuses_new_; }

    // collect moves frames that wait to the output, as after the peer made room there.
    void collect();
    // output_drained wakes the streams that waited for room in the output.
    void output_drained();
    std::size_t streams() const noexcept { return attached_; }

private:
    friend struct Http2Calls;
    struct Scratch;
    struct Opened {
        std::int32_t id;
        std::unique_ptr<Http2Fields> fields;
        bool ends;
    };
    void feed(ByteView bytes);
    void begin_frame();
    void end_frame();
    void end(Http2Fault fault, Http2Code code);
    void tell_opened();
    void take_fields(std::int32_t id, bool ends, bool opens);
    void take_end(Http2Stream& stream, std::span<const Field> trailers);
    std::ptrdiff_t end_or_wait(Http2Stream& stream, std::uint32_t& flags);
    void fail(Http2Stream& stream);
    void detach(Http2Stream& stream) noexcept;
    void reset(std::int32_t id, Http2Code code);
    void name_head(std::string_view status, std::span<char> lines);
    std::unique_ptr<Http2Fields> make_fields();
    Http2Stream* find(std::int32_t id) const noexcept;
    void spend(Http2Spending what);
    void count_reset(std::uint32_t code);

    Role role_;
    Http2Settings settings_;
    Http2Owner& owner_;
    FlatBuffer& out_;
    nghttp2_session* session_ = nullptr;
    Http2Budgets budgets_;
    SteadyTime now_{}, section_since_ = SteadyTime::max();
    std::unique_ptr<Http2Fields> fields_;  // of the field section being read
    std::vector<Opened> opened_;
    std::vector<Http2Stream*> waiting_;  // for room in the output
    std::unique_ptr<Scratch> scratch_;
    std::size_t attached_ = 0;
    std::uint32_t opened_streams_ = 0;  // client role: as the peer counts them
    std::uint32_t preface_left_ = 0, continuations_ = 0, frame_left_ = 0;
    std::uint8_t head_[9] = {};
    std::uint8_t head_bytes_ = 0;
    Http2Fault flood_ = Http2Fault::none;  // met inside a call of nghttp2, which is let come back first
    State state_ = State::open;
    Http2Fault fault_ = Http2Fault::none;
    bool frame_has_body_ = false;
    bool settings_came_ = false;
    bool refuses_new_ = false, collecting_ = false, receiving_ = false;
};

}  // namespace sekisho::gateway
