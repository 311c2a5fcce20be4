#pragma once
// Http2Links is what a request knows of the HTTP/2 connections to its upstream, which it shares with others.
#include "gateway/http/http2_codec.hpp"
#include "gateway/http/message_fault.hpp"
#include "gateway/http/upstream_side.hpp"

namespace sekisho::gateway {

// Bounds of a worker's connections to one upstream (docs/limits.md).
inline constexpr std::uint32_t kHttp2LinkStreams = 100;  // at once on one connection
inline constexpr std::uint32_t kHttp2LinksMax = 16;      // connections, where the configuration sets none
inline constexpr std::uint32_t kHttp2WindowBytes = 128u << 10;  // an upstream may send ahead of its client

// Http2Guest is a request that has a place on a connection, or waits for the connection to stand. It is told
// from outside the codec, and may use the codec at once.
class Http2Guest {
public:
    // link_ready: streams may be opened from now on.
    virtual void link_ready() = 0;
    // link_lost: the connection never came or is over, and must not be touched once this returns.
    virtual void link_lost(UpstreamFault fault, MessageFault why) = 0;

protected:
    ~Http2Guest() = default;
};

class Http2Link {
public:
    virtual bool ready() const noexcept = 0;
    virtual Http2Codec& codec() noexcept = 0;
    // wrote: something stands in the output, or may.
    virtual void wrote() noexcept = 0;
    // doubt: a request waited in vain since then; unless bytes came meanwhile, the connection has to show
    // that it lives before it is given to others.
    virtual void doubt(SteadyTime since) noexcept = 0;
    virtual void leave(Http2Guest& guest) noexcept = 0;

protected:
    ~Http2Link() = default;
};

class Http2Links {
public:
    virtual ~Http2Links() = default;
    // join gives the guest its place on a connection, which may be one that is still being made. Errors: null
    // when every connection is full and no more may be made.
    virtual Http2Link* join(Http2Guest& guest) = 0;
    // begin_drain ends the connections that carry nothing, and each other one with its last request.
    virtual void begin_drain() noexcept = 0;
    virtual void count_retry() noexcept = 0;
    virtual void count_fault(UpstreamFault fault) noexcept = 0;
};

}  // namespace sekisho::gateway
