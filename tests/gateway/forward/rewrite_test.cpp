// Goal: nothing a peer says about identity, routing or this hop crosses; what we say cannot be taken away.
// Method: whole heads compared; tables of names in many spellings, in heads and in trailers.
#include "gateway/forward/rewrite.hpp"

#include "../http/read_head.hpp"

namespace sekisho::gateway {
namespace {

UpstreamFacts facts(std::string_view path = "/") {
    UpstreamFacts made;
    made.path = path;
    made.client_address = "192.0.2.7";
    return made;
}

std::string upstream_head(const RequestHead& head, const UpstreamFacts& with) {
    std::string buffer(upstream_head_bound(head, with), '\0');
    const auto bytes = write_upstream_head(head, with, buffer);
    EXPECT_TRUE(bytes.has_value());
    buffer.resize(bytes.value_or(0));
    return buffer;
}

std::string client_head(const ResponseHead& head, const ClientFacts& with, ClientHead* result = nullptr) {
    std::string buffer(client_head_bound(head, with), '\0');
    const auto written = write_client_head(head, with, buffer);
    EXPECT_TRUE(written.has_value());
    if (result != nullptr && written) *result = *written;
    buffer.resize(written ? written->bytes : 0);
    return buffer;
}

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(UpstreamHead, IsTheClientsWithOursAtTheEnd) {
    const GoodRequest request(
        "POST /a/../form?x=%2F HTTP/1.1\r\nHost: app.corp.example:8443\r\nUser-Agent: t\r\nConnection: "
        "keep-alive\r\n"
        "Cookie: a=b; __Host-Http-sekisho=secret\r\nContent-Length: 3\r\nExpect: 100-continue\r\n"
        "traceparent: theirs\r\nX-Requested-With: x\r\n\r\n");
    auto with = facts("/form");
    with.client_address = "2001:db8::7";
    with.assertion = "jwt";
    with.traceparent = "00-ours";
    with.request_id = "r1";
    with.via = "sekisho";
    EXPECT_EQ(upstream_head(request.head, with),
              "POST /form?x=%2F HTTP/1.1\r\n"
              "Host: app.corp.example:8443\r\n"
              "User-Agent: t\r\n"
              "X-Requested-With: x\r\n"
              "Cookie: a=b\r\n"
              "Forwarded: for=\"[2001:db8::7]\";host=\"app.corp.example:8443\";proto=https\r\n"
              "X-Forwarded-For: 2001:db8::7\r\n"
              "X-Real-IP: 2001:db8::7\r\n"
              "X-Forwarded-Proto: https\r\n"
              "X-Forwarded-Host: app.corp.example:8443\r\n"
              "Via: 1.1 sekisho\r\n"
              "traceparent: 00-ours\r\n"
              "Sekisho-Request-Id: r1\r\n"
              "Sekisho-Assertion: jwt\r\n"
              "Content-Length: 3\r\n"
              "Expect: 100-continue\r\n"
              "\r\n");
}

// Names a client may not send on, each in some of the spellings that upstreams fold together.
const std::string kForged[] = {"Sekisho-Assertion",
                               "sekisho_assertion",
                               "SEKISHO.USER",
                               "X-Sekisho-User",
                               "X-Forwarded-For",
                               "X_Forwarded_For",
                               "x-forwarded_for",
                               "X.Forwarded.For",
                               "X-Forwarded-Uri",
                               "X-Forwarded-User",
                               "X-Forwarded-Client-Cert",
                               "Forwarded",
                               "forwarded-for",
                               "X-Real-IP",
                               "x_real_ip",
                               "X-Real~IP",
                               "Remote-User",
                               "remote_user",
                               "Remote-Groups",
                               "X-Remote-User",
                               "X-Pomerium-Jwt-Assertion",
                               "Cf-Access-Jwt-Assertion",
                               "cf_access_authenticated_user_email",
                               "X-Auth-Request-User",
                               "X-Auth-Request-Email",
                               "x_auth_request_user",
                               "X-Authentik-Username",
                               "X-Goog-IAP-JWT-Assertion",
                               "X-Amzn-Oidc-Data",
                               "X-MS-Client-Principal-Name",
                               "Tailscale-User-Login",
                               "Teleport-Jwt-Assertion",
                               "True-Client-IP",
                               "Client-IP",
                               "X-Client-IP",
                               "X-SSL-Client-S-DN",
                               "SSL_CLIENT_VERIFY",
                               "OIDC_CLAIM_sub",
                               "X-WebAuth-User",
                               "Proxy",
                               "X-User",
                               "X-Email",
                               "X-HTTP-Method-Override",
                               "X-HTTP-Method",
                               "X-Method-Override",
                               "x_http_method_override",
                               "X-Original-URL",
                               "X-Rewrite-URL",
                               "X-Original-URI",
                               "X-Original-Host",
                               "X-Host",
                               "Content_Length",
                               "Transfer_Encoding",
                               "Transfer.Encoding",
                               "HOST_",
                               "Keep-Alive",
                               "Proxy-Connection",
                               "Proxy-Authorization",
                               "HTTP2-Settings",
                               "TE",
                               "Early-Data",
                               "traceparent",
                               "tracestate",
                               "Trailer"};

TEST(UpstreamHead, DropsIdentityRoutingAndOverridesInEverySpelling) {
    for (const std::string& name : kForged) {
        const GoodRequest request = GoodRequest::get(name + ": forged\r\nX-Kept: yes\r\n");
        const std::string head = upstream_head(request.head, facts());
        EXPECT_FALSE(holds(head, "forged")) << name;
        EXPECT_TRUE(holds(head, "X-Kept: yes\r\n")) << name;
    }
}

TEST(UpstreamHead, KeepsWhatOnlyResemblesThem) {
    for (const std::string name : {"X-User-Agent", "X-Forward", "Remotely", "X-Emails", "Hostess",
                                   "User-Agent", "X-Hosts", "X-Groupsize", "Sekish-o2"}) {
        const bool kept =
            holds(upstream_head(GoodRequest::get(name + ": v\r\n").head, facts()), name + ": v\r\n");
        EXPECT_EQ(kept, name != "Remotely" && name != "Sekish-o2") << name;
    }
}

TEST(UpstreamHead, ConnectionRemovesTheClientsFieldsAndNotOurs) {
    const GoodRequest request = GoodRequest::get(
        "Connection: close, X-Mine, cookie, Sekisho-Assertion, X-Forwarded-For, Forwarded, Host, "
        "X-Real-IP\r\n"
        "X-Mine: 1\r\nx-mine: 2\r\nX-Other: 3\r\nCookie: a=b\r\n");
    auto with = facts();
    with.assertion = "jwt";
    const std::string head = upstream_head(request.head, with);
    EXPECT_FALSE(holds(head, "-Mine"));
    EXPECT_FALSE(holds(head, "-mine"));
    EXPECT_FALSE(holds(head, "Cookie"));
    EXPECT_TRUE(holds(head, "X-Other: 3\r\n"));
    EXPECT_TRUE(holds(head, "Host: app.corp.example\r\n"));
    EXPECT_TRUE(holds(head, "Sekisho-Assertion: jwt\r\n"));
    EXPECT_TRUE(holds(head, "X-Forwarded-For: 192.0.2.7\r\n"));
    EXPECT_TRUE(holds(head, "X-Real-IP: 192.0.2.7\r\n"));
    EXPECT_FALSE(holds(head, "Connection"));
}

TEST(UpstreamHead, FramesUpgradesAndTokens) {
    const GoodRequest chunked(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: ETag\r\nTE: "
        "trailers\r\nConnection: TE\r\n\r\n");
    const std::string head = upstream_head(chunked.head, facts());
    EXPECT_TRUE(holds(head, "Transfer-Encoding: chunked\r\n"));
    EXPECT_TRUE(holds(head, "Trailer: ETag\r\n"));
    EXPECT_TRUE(holds(head, "Connection: TE\r\nTE: trailers\r\n"));
    const GoodRequest socket = GoodRequest::get(
        "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: "
        "dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n");
    EXPECT_TRUE(holds(upstream_head(socket.head, facts()), "Connection: upgrade\r\nUpgrade: websocket\r\n"));
    const GoodRequest h2c =
        GoodRequest::get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n");
    EXPECT_FALSE(holds(upstream_head(h2c.head, facts()), "h2c"));
    for (const char* ours : {"Authorization: bearer  skt_abc\r\n", "Authorization: Bearer\tskt_abc\r\n",
                             "Sekisho-Token: skt_abc\r\n", "SEKISHO-token: skt_abc\r\n",
                             "Sekisho_Token: skt_abc\r\n", "X-Sekisho-Token: skt_abc\r\n"})
        EXPECT_FALSE(holds(upstream_head(GoodRequest::get(ours).head, facts()), "skt_")) << ours;
    EXPECT_EQ(judge_trailer({"Sekisho-Token", "skt_abc", FieldId::sekisho_token}, Direction::to_upstream),
              TrailerVerdict::refuse);
    EXPECT_EQ(
        judge_trailer({"Authorization", "Bearer skt_abc", FieldId::authorization}, Direction::to_upstream),
        TrailerVerdict::drop);
    EXPECT_TRUE(
        holds(upstream_head(GoodRequest::get("Authorization: Bearer abc\r\n").head, facts()), "Bearer abc"));
}

TEST(UpstreamHead, OverHttp2ItIsFieldsAloneAndNothingOfAConnection) {
    const GoodRequest request(
        "POST /form HTTP/1.1\r\nHost: app.corp.example\r\nConnection: TE, X-Gone\r\nTE: trailers\r\nX-Gone: "
        "1\r\n"
        "Transfer-Encoding: chunked\r\nKeep-Alive: 5\r\nX-Kept: 1\r\n\r\n");
    auto with = facts("/form");
    with.version = HttpVersion::http2;
    const auto head = upstream_head(request.head, with);
    EXPECT_TRUE(head.starts_with("X-Kept: 1\r\nForwarded: ")) << head;
    EXPECT_TRUE(head.ends_with("\r\nTE: trailers\r\n\r\n")) << head;
    for (const char* not_there :
         {"POST", "\nHost:", "Connection", "Transfer-Encoding", "Keep-Alive", "X-Gone"})
        EXPECT_FALSE(holds(head, not_there)) << not_there << " in " << head;
    const GoodRequest sized("PUT / HTTP/1.1\r\nHost: app.corp.example\r\nContent-Length: 3\r\n\r\n");
    EXPECT_TRUE(holds(upstream_head(sized.head, with), "Content-Length: 3\r\n"));
}

TEST(UpstreamHead, NeedsNoMoreThanTheBoundAndSaysWhenItDoesNotFit) {
    const GoodRequest request = GoodRequest::get("User-Agent: t\r\nCookie: a=b\r\n");
    const std::string whole = upstream_head(request.head, facts());
    std::string exact(whole.size(), '\0');
    EXPECT_EQ(write_upstream_head(request.head, facts(), exact), whole.size());
    for (std::size_t n = 0; n < whole.size(); ++n) {
        std::string small(n, '\0');
        EXPECT_FALSE(write_upstream_head(request.head, facts(), small)) << n;
    }
}

// Their pairs are joined anew by two bytes, where one may have stood.
TEST(UpstreamHead, CookiesWithoutBlanksGrowWithinTheBound) {
    for (const std::size_t pairs : {1U, 2U, 100U, 1000U, 7000U}) {
        std::string list;
        for (std::size_t i = 0; i < pairs; ++i) list += "a;";
        const GoodRequest request = GoodRequest::get("Cookie: " + list + "a\r\nCookie: b;" + list + "\r\n");
        EXPECT_TRUE(holds(upstream_head(request.head, facts()), "a; b; a")) << pairs;
    }
}

TEST(ClientHeadTest, AttributesWithoutBlanksGrowWithinTheBound) {
    for (const std::size_t pairs : {1U, 2U, 100U, 1000U, 7000U}) {
        std::string line = "Set-Cookie: x=1;Domain=elsewhere.example";
        for (std::size_t i = 0; i < pairs; ++i) line += ";a";
        const GoodResponse response = GoodResponse::ok(line + "\r\n");
        (void)client_head(response.head, {});
    }
}

TEST(ClientHeadTest, IsTheUpstreamsWithoutWhatReachesBeyondItsHost) {
    const GoodResponse response = GoodResponse::ok(
        "Server: nginx\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nAlt-Svc: "
        "h3=\":443\"\r\n"
        "NEL: {}\r\nReport-To: {}\r\nSecure-Session-Registration: x\r\nSec-Session-Registration: x\r\n"
        "sec_session_challenge: x\r\nStrict-Transport-Security: max-age=0\r\nSekisho-Request-Id: theirs\r\n"
        "Transfer_Encoding: chunked\r\nClear-Site-Data: \"cookies\"\r\nSet-Cookie: a=b; "
        "Domain=corp.example\r\n"
        "Set-Cookie: __Host-Http-sekisho=x\r\nProxy-Authenticate: Basic\r\nETag: \"e\"\r\n");
    ClientFacts with;
    with.request_id = "r1";
    EXPECT_EQ(client_head(response.head, with),
              "HTTP/1.1 200 OK\r\n"
              "Server: nginx\r\n"
              "Set-Cookie: a=b\r\n"
              "ETag: \"e\"\r\n"
              "Strict-Transport-Security: max-age=31536000\r\n"
              "Sekisho-Request-Id: r1\r\n"
              "Content-Length: 3\r\n"
              "\r\n");
}

TEST(ClientHeadTest, ClearSiteDataMayClearItsOwnHostOnly) {
    for (const std::string value : {"\"cookies\"", "\"cache\", \"cookies\"", "\"*\"", "*", "cookies",
                                    "\"COOKIES\"", "\"cache\",\"storage\" , \"cookies\"", "\"cookies\";x"})
        EXPECT_FALSE(
            holds(client_head(GoodResponse::ok("Clear-Site-Data: " + value + "\r\n").head, {}), "Clear"))
            << value;
    EXPECT_TRUE(holds(client_head(GoodResponse::ok("Clear-Site-Data: \"cache\", \"storage\"\r\n").head, {}),
                      "Clear"));
}

TEST(ClientHeadTest, FramingFitsTheClient) {
    struct Row {
        std::string response;
        HttpVersion client;
        bool keep;
        Framing framing;
        bool kept;
        std::string_view line;
    };
    const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string close = "HTTP/1.1 200 OK\r\n\r\n";
    const std::string length = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n";
    using V = HttpVersion;
    const Row rows[] = {
        {chunked, V::http11, true, Framing::chunked, true, "Transfer-Encoding: chunked\r\n"},
        {chunked, V::http10, true, Framing::until_close, false, "Connection: close\r\n"},
        {close, V::http11, true, Framing::chunked, true, "Transfer-Encoding: chunked\r\n"},
        {close, V::http10, true, Framing::until_close, false, "Connection: close\r\n"},
        {length, V::http10, true, Framing::length, true, "Connection: keep-alive\r\n"},
        {length, V::http11, false, Framing::length, false, "Connection: close\r\n"},
        {length, V::http11, true, Framing::length, true, "Content-Length: 7\r\n"},
    };
    for (const Row& row : rows) {
        const GoodResponse response(row.response);
        ClientFacts with;
        with.version = row.client;
        with.keep_alive = row.keep;
        ClientHead result;
        const std::string head = client_head(response.head, with, &result);
        EXPECT_EQ(result.framing, row.framing) << head;
        EXPECT_EQ(result.keep_alive, row.kept) << head;
        EXPECT_TRUE(holds(head, row.line)) << head;
    }
}

TEST(ClientHeadTest, InterimHeadsAndSwitchingStayThemselves) {
    const GoodResponse hints("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nAlt-Svc: x\r\n\r\n");
    EXPECT_EQ(client_head(hints.head, {}), "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    const GoodResponse switching(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
        {Method::get, "websocket", {}});
    ClientFacts with;
    with.hsts = false;
    EXPECT_EQ(client_head(switching.head, with),
              "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
              "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n");
    const GoodResponse head_answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", {Method::head, {}, {}});
    EXPECT_TRUE(holds(client_head(head_answer.head, with), "Content-Length: 9\r\n"));
}

TEST(ClientHeadTest, ForHttp2ItIsFieldLinesAlone) {
    ClientFacts with;
    with.version = HttpVersion::http2;
    with.request_id = "r1";
    const GoodResponse chunked(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\nTrailer: X-Sum\r\nA: "
        "b\r\n\r\n");
    ClientHead result;
    EXPECT_EQ(client_head(chunked.head, with, &result),
              "Trailer: X-Sum\r\nA: b\r\nStrict-Transport-Security: max-age=31536000\r\n"
              "Sekisho-Request-Id: r1\r\n");
    EXPECT_EQ(result.framing, Framing::chunked);
    EXPECT_TRUE(holds(client_head(GoodResponse::ok("").head, with, &result), "Content-Length: 3\r\n"));
    EXPECT_EQ(result.framing, Framing::length);
    const GoodResponse switching(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
        {Method::get, "websocket", {}});
    EXPECT_EQ(client_head(switching.head, with, &result),
              "Sec-WebSocket-Protocol: chat\r\nStrict-Transport-Security: max-age=31536000\r\n"
              "Sekisho-Request-Id: r1\r\n");
}

TEST(UpstreamHead, AKeyOfOursStandsInForTheClients) {
    const GoodRequest request(
        "GET /room HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    auto with = facts("/room");
    EXPECT_TRUE(holds(upstream_head(request.head, with), "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
    with.websocket_key = "b3VycyBhbmQgbm9ib2R5cw==";
    const auto head = upstream_head(request.head, with);
    EXPECT_TRUE(holds(head, "Sec-WebSocket-Key: b3VycyBhbmQgbm9ib2R5cw==\r\n"));
    EXPECT_FALSE(holds(head, "dGhlIHNhbXBsZSBub25jZQ=="));
}

TEST(ClientHeadTest, WarnsOfAnEndThatIsNear) {
    const GoodResponse answer = GoodResponse::ok("Sekisho-Access-Ends: 1\r\n");
    ClientFacts with;
    EXPECT_FALSE(holds(client_head(answer.head, with), "Sekisho-Access-Ends"));
    with.access_ends_in = 299;
    EXPECT_TRUE(holds(client_head(answer.head, with), "Sekisho-Access-Ends: 299\r\n"));
    EXPECT_FALSE(holds(client_head(answer.head, with), "Sekisho-Access-Ends: 1\r\n")) << "the app's own word";
}

TEST(ConnectionAuth, IsReportedBothWays) {
    for (const std::string value : {"NTLM TlRM", "negotiate YII", "Kerberos x", "ntlm"}) {
        EXPECT_TRUE(uses_connection_auth(GoodRequest::get("Authorization: " + value + "\r\n").head)) << value;
        EXPECT_TRUE(uses_connection_auth(
            GoodResponse::ok("WWW-Authenticate: Basic realm=\"x\"\r\nWWW-Authenticate: " + value + "\r\n")
                .head))
            << value;
    }
    EXPECT_TRUE(
        uses_connection_auth(GoodResponse::ok("WWW-Authenticate: Basic realm=\"x\", Negotiate\r\n").head));
    EXPECT_FALSE(uses_connection_auth(GoodRequest::get("Authorization: Basic eA==\r\n").head));
    EXPECT_FALSE(uses_connection_auth(GoodResponse::ok("WWW-Authenticate: Bearer\r\n").head));
    EXPECT_FALSE(uses_connection_auth(GoodResponse::ok("").head));
}

TEST(Trailers, PassDropOrRefuseByName) {
    struct Row {
        std::string_view name;
        TrailerVerdict up, down;
    };
    using T = TrailerVerdict;
    constexpr Row kRows[] = {
        {"ETag", T::pass, T::pass},
        {"grpc-status", T::pass, T::pass},
        {"X-Checksum", T::pass, T::pass},
        {"Content-Type", T::drop, T::drop},
        {"Set-Cookie", T::drop, T::drop},
        {"Authorization", T::drop, T::drop},
        {"Alt-Svc", T::drop, T::drop},
        {"Content-Length", T::refuse, T::refuse},
        {"transfer_encoding", T::refuse, T::refuse},
        {"Host", T::refuse, T::refuse},
        {"Connection", T::refuse, T::refuse},
        {"X_Forwarded_For", T::refuse, T::refuse},
        {"Sekisho-Assertion", T::refuse, T::refuse},
        {"X-HTTP-Method-Override", T::refuse, T::refuse},
    };
    for (const Row& row : kRows) {
        const Field field{row.name, "v", find_field_id(row.name)};
        EXPECT_EQ(judge_trailer(field, Direction::to_upstream), row.up) << row.name;
        EXPECT_EQ(judge_trailer(field, Direction::to_client), row.down) << row.name;
    }
    const Field fields[] = {{"ETag", "\"e\"", FieldId::etag}, {"Set-Cookie", "a=b", FieldId::set_cookie}};
    std::string buffer(64, '\0');
    const auto bytes = write_trailers(fields, Direction::to_client, buffer);
    ASSERT_TRUE(bytes);
    EXPECT_EQ(buffer.substr(0, *bytes), "ETag: \"e\"\r\n\r\n");
    const Field bad[] = {{"Host", "a", FieldId::host}};
    EXPECT_FALSE(write_trailers(bad, Direction::to_upstream, buffer));
}

}  // namespace
}  // namespace sekisho::gateway
