#pragma once
// The dictionary of field names of the operation log: a field that is not here does not exist.
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sekisho::telemetry {

enum class FieldName : std::uint8_t {
    action,
    address,
    app,
    bytes,
    cause,
    certificate,
    checkpoint,
    config,
    count,
    descriptor,
    detail,
    duration_ms,
    errc,
    event,
    expires,
    file,
    first,
    generation,
    hash,
    host,
    key,
    last,
    limit,
    listener,
    lost,
    method,
    name,
    os_error,
    path,
    peer,
    pid,
    port,
    queue,
    reason,
    request,
    seq,
    session,
    signal,
    size,
    state,
    status,
    thread,
    torn_bytes,
    upstream,
    uid,
    value,
    version,
    worker,
};

struct FieldDefinition {
    FieldName field;
    std::string_view name, meaning;
};

// In the order of the enum.
inline constexpr FieldDefinition field_table[] = {
    {FieldName::action, "action", "what was asked of the gateway: reload, drain, ..."},
    {FieldName::address, "address", "an address and port of ours or of an upstream, never a client's"},
    {FieldName::app, "app", "name of the app in the configuration"},
    {FieldName::bytes, "bytes", "size of what the message is about"},
    {FieldName::cause, "cause", "one word from a closed list"},
    {FieldName::certificate, "certificate", "first name of a served certificate"},
    {FieldName::checkpoint, "checkpoint", "audit record a checkpoint reaches to"},
    {FieldName::config, "config", "main configuration file"},
    {FieldName::count, "count", "how many"},
    {FieldName::descriptor, "descriptor", "file descriptor"},
    {FieldName::detail, "detail", "sentence of an Error: for the operator, no secret and no user content"},
    {FieldName::duration_ms, "duration_ms", "milliseconds"},
    {FieldName::errc, "errc", "code of an Error"},
    {FieldName::event, "event", "audit event the message is about"},
    {FieldName::expires, "expires", "when it ends, RFC 3339"},
    {FieldName::file, "file", "a file of ours"},
    {FieldName::first, "first", "first of a range"},
    {FieldName::generation, "generation", "generation of the configuration"},
    {FieldName::hash, "hash", "head hash of the audit chain, hexadecimal"},
    {FieldName::host, "host", "host name from the configuration"},
    {FieldName::key, "key", "configuration key"},
    {FieldName::last, "last", "last of a range"},
    {FieldName::limit, "limit", "name of the limit that was met"},
    {FieldName::listener, "listener", "https, http or ops"},
    {FieldName::lost, "lost", "how many were lost"},
    {FieldName::method, "method", "HTTP method"},
    {FieldName::name, "name", "name of the thing from the configuration"},
    {FieldName::os_error, "os_error", "the operating system's words for errno"},
    {FieldName::path, "path", "path from the configuration"},
    {FieldName::peer, "peer", "who is at the other end of the admin socket: uid and pid"},
    {FieldName::pid, "pid", "process id"},
    {FieldName::port, "port", "port number"},
    {FieldName::queue, "queue", "name of a queue"},
    {FieldName::reason, "reason", "one word from a closed list"},
    {FieldName::request, "request", "request id, as on refusal pages"},
    {FieldName::seq, "seq", "number of an audit record"},
    {FieldName::session, "session", "short public id of a session"},
    {FieldName::signal, "signal", "signal name"},
    {FieldName::size, "size", "how large, in the things' own number"},
    {FieldName::state, "state", "the state entered"},
    {FieldName::status, "status", "HTTP status or exit code"},
    {FieldName::thread, "thread", "which thread"},
    {FieldName::torn_bytes, "torn_bytes", "bytes of an incomplete last line that were cut off"},
    {FieldName::upstream, "upstream", "name of the upstream in the configuration"},
    {FieldName::uid, "uid", "user id of the operating system"},
    {FieldName::value, "value", "a number the message is about"},
    {FieldName::version, "version", "version of the program"},
    {FieldName::worker, "worker", "index of a worker"},
};

constexpr std::string_view to_text(FieldName field) {
    return field_table[static_cast<std::size_t>(field)].name;
}

static_assert([] {
    for (std::size_t i = 0; i < std::size(field_table); ++i)
        if (static_cast<std::size_t>(field_table[i].field) != i) return false;
    return true;
}());

}  // namespace sekisho::telemetry
