"""The proxies of the bench, each with one worker on one core: nginx and HAProxy set up as an expert would, and the
gateway with everything on. To be improved by anybody who knows better."""
import base64
import json
import re
import subprocess
import time

from . import place as at

NGINX = """
daemon off; worker_processes 1; pid {folder}/{name}.pid; error_log stderr crit;
events {{ worker_connections 8192; multi_accept on; }}
http {{
  access_log off; server_tokens off; keepalive_requests 1000000000; keepalive_timeout 300s; tcp_nodelay on;
  client_body_temp_path {folder}/{name}-b; proxy_temp_path {folder}/{name}-p; fastcgi_temp_path {folder}/{name}-f;
  uwsgi_temp_path {folder}/{name}-u; scgi_temp_path {folder}/{name}-s;
  ssl_certificate {certs}/localhost.pem; ssl_certificate_key {certs}/localhost.key;
  ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:{name}:10m; ssl_session_tickets on;
  client_max_body_size 0; variables_hash_max_size 4096; map_hash_max_size 65536; map_hash_bucket_size 128;
  map $http_upgrade $hop {{ default upgrade; '' ''; }}
  {http}
  upstream app {{ server 127.0.0.1:{app}; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} ssl http2; server_name localhost;
    {server}
    location / {{
      {location}
      proxy_pass http://{backend}; proxy_http_version 1.1; proxy_set_header Connection $hop; proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto https;
    }}
  }}
}}
"""
# 64 KiB buffers, nothing written to disk, uploads passed on as they come.
NGINX_BULK = "proxy_buffers 16 64k; proxy_buffer_size 64k; proxy_busy_buffers_size 128k; proxy_max_temp_file_size 0; proxy_request_buffering off; client_body_buffer_size 64k;"
AUTH_STUB = """
daemon off; worker_processes 1; pid {folder}/stub.pid; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path {folder}/stub-b; proxy_temp_path {folder}/stub-p; fastcgi_temp_path {folder}/stub-f;
  uwsgi_temp_path {folder}/stub-u; scgi_temp_path {folder}/stub-s;
  server {{ listen 127.0.0.1:{port}; if ($http_cookie !~ "session=") {{ return 401; }} return 204; }}
}}
"""
HAPROXY = """
global
  nbthread 1
  maxconn 8000
  ssl-default-bind-options ssl-min-ver TLSv1.2
  {tuning}
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  timeout tunnel 300s
  option http-keep-alive
  http-reuse always
frontend in
  bind 127.0.0.1:{port} ssl crt {folder}/haproxy.pem alpn h2,http/1.1
  option forwardfor
  http-request set-header X-Forwarded-Proto https
  {frontend}
  default_backend app
backend app
  server one 127.0.0.1:{app} maxconn 2048 pool-max-conn 512
"""
HAPROXY_JWT = """http-request set-var(txn.token) req.cook(session)
  http-request deny deny_status 401 unless {{ var(txn.token),jwt_header_query('$.alg') -m str ES256 }}
  http-request deny deny_status 401 unless {{ var(txn.token),jwt_verify(ES256,"{folder}/jwt.pub.pem") 1 }}
  http-request set-var(txn.until) var(txn.token),jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 if {{ var(txn.until),sub(txn.now) -m int lt 0 }}
  http-request set-header X-User %[var(txn.token),jwt_payload_query('$.sub')]"""


class Proxy:
    """`pids`: all that works for it, helpers too. `cookie`: what makes a request of somebody who is signed in."""

    def __init__(self, name, port, processes, cookie="", gateway=None):
        self.name, self.port, self.processes, self.cookie, self.gateway = name, port, processes, cookie, gateway
        self.origin = f"https://localhost:{port}"

    @property
    def pids(self):
        return [process.pid for process in self.processes]


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def raw_signature(der):
    """An ECDSA signature as r and s, 32 bytes each (RFC 7518 section 3.4)."""
    at, parts = 2, []
    for _ in range(2):
        size = der[at + 1]
        parts.append(der[at + 2:at + 2 + size].lstrip(b"\0").rjust(32, b"\0"))
        at += 2 + size
    return b"".join(parts)


def signed_token(folder):
    key = folder / "jwt.pem"
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key], check=True, capture_output=True)
    subprocess.run(["openssl", "ec", "-in", key, "-pubout", "-out", folder / "jwt.pub.pem"], check=True, capture_output=True)
    payload = {"sub": "sato", "iat": int(time.time()), "exp": int(time.time()) + 86400}
    text = b64(b'{"alg":"ES256","typ":"JWT"}') + "." + b64(json.dumps(payload).encode())
    der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text.encode(), check=True, capture_output=True).stdout
    return text + "." + b64(raw_signature(der))


class Peers:
    """Makes nginx and HAProxy in the variants the scenarios ask for."""

    def __init__(self, place):
        self.place = place
        self.folder, self.certs = place.folder, place.certs
        (self.folder / "haproxy.pem").write_bytes((self.certs / "localhost.pem").read_bytes() + (self.certs / "localhost.key").read_bytes())
        self.made = 0

    def _start(self, name, template, command, **values):
        self.made += 1
        port, slug = at.Place.free_port(), re.match(r"\w+", name)[0].lower() + str(self.made)
        config = self.folder / f"{slug}.conf"
        config.write_text(template.format(folder=self.folder, certs=self.certs, port=port, app=self.place.app, name=slug, **values))
        process = self.place.spawn(at.PROXY_CPU, [*command, config])
        at.wait_for_port(port, process)
        return port, process

    def nginx(self, name="nginx", http="", server="", location="", backend="app", helpers=(), cookie=""):
        program = [at.tool("nginx"), "-e", "stderr", "-p", self.folder, "-c"]
        port, process = self._start(name, NGINX, program, http=http, server=server, location=location, backend=backend)
        return Proxy(name, port, [process, *helpers], cookie)

    def nginx_bulk(self):
        return self.nginx("nginx tuned", location=NGINX_BULK)

    def nginx_auth(self):
        port, stub = self._start("nginx-stub", AUTH_STUB, [at.tool("nginx"), "-e", "stderr", "-p", self.folder, "-c"])
        server = ("location = /auth { internal; proxy_pass http://stub; proxy_http_version 1.1; proxy_set_header Connection ''; "
                  "proxy_pass_request_body off; proxy_set_header Content-Length ''; }")
        return self.nginx("nginx + auth_request", http=f"upstream stub {{ server 127.0.0.1:{port}; keepalive 64; keepalive_requests 1000000000; }}",
                          server=server, location="auth_request /auth;", helpers=[stub], cookie="session=a-token-nobody-checks")

    def nginx_routes(self, count):
        names = "\n".join(f"    {number} app;" for number in range(count))
        http = f"map $uri $part {{ ~^/a(?<n>[0-9]+)/ $n; }}\n  map $part $chosen {{\n    default app;\n{names}\n  }}"
        return self.nginx(f"nginx, {count} routes", http=http, backend="$chosen")

    def haproxy(self, name="HAProxy", tuning="", frontend="", cookie=""):
        port, process = self._start(name, HAPROXY, [at.tool("haproxy"), "-db", "-f"], tuning=tuning, frontend=frontend)
        return Proxy(name, port, [process], cookie)

    def haproxy_bulk(self):
        return self.haproxy("HAProxy tuned", tuning="tune.bufsize 65536")

    def haproxy_jwt(self):
        token = signed_token(self.folder)
        return self.haproxy("HAProxy jwt_verify ES256", frontend=HAPROXY_JWT.format(folder=self.folder), cookie=f"session={token}")

    def haproxy_routes(self, count):
        table = self.folder / f"haproxy-{count}.map"
        table.write_text("".join(f"a{number} app\n" for number in range(count)))
        return self.haproxy(f"HAProxy, {count} routes", frontend=f"use_backend %[path,field(2,/),map_str({table},app)]")


class Gateways:
    """Makes the gateway with everything on: session check, policy, metrics, access log, assertion, audit."""

    RULES = 10_000

    def __init__(self, place, gw, client):
        self.place, self.gw, self.client = place, gw, client
        self.running = []

    def _sections(self, sections, rules, tier, routes):
        certs = self.place.certs
        # One worker on one core, as the others have; what is measured is not a limit.
        sections["limits"].update(workers=1, connections=16384, connections_per_address=16384, handshake_rate=0, handshakes_per_address=100000, keep_alive_timeout="5m", drain_timeout="0s")
        sections["tls"]["certificates"].append({"chain": f"{certs}/localhost.pem", "key": f"{certs}/localhost.key"})
        sections["apps"]["wiki"].update(host="localhost", websocket=True, tier=tier)
        sections["rules"] = [{"id": f"path-{n}", "allow": {"who": ["kind:staff" if n % 2 else "kind:contractor"], "app": ["wiki"], "paths": [f"/p{n}/"]}}
                             for n in range(rules - 1)] + [{"id": "staff", "allow": {"who": ["kind:staff"], "app": ["wiki"]}}]
        if routes:
            app = sections["apps"].pop("wiki")
            sections["apps"] |= {f"a{n}": dict(app, paths=[f"/a{n}/"], websocket=False) for n in range(routes)}
            sections["rules"] = [{"id": f"a{n}", "allow": {"who": ["kind:staff"], "app": [f"a{n}"]}} for n in range(routes)]

    def sekisho(self, name="sekisho", rules=RULES, tier="general", routes=0, first="/1k"):
        ports = {app: self.place.app for app in ("wiki", "files", "chat", "ledger")}
        gateway = self.gw.Gateway(ports, self.place.certs, lambda s: self._sections(s, rules, tier, routes), program=self.place.options.binary,
                                  log_file=True, ready_seconds=180)  # a key is made for each of 10,000 apps
        self.running.append(gateway)
        try:
            gateway.start()
        except AssertionError as fault:
            raise RuntimeError(f"{name}: {fault}") from None
        browser = gateway.browser()
        page = self.client.sign_in(browser, gateway.add("sato"), f"https://localhost:{gateway.https}{first}")
        if page.status != 200:
            raise RuntimeError(f"{name}: signing in gave {page.status}")
        subprocess.run(["taskset", "-a", "-cp", at.PROXY_CPU, str(gateway.process.pid)], check=True, capture_output=True)
        return Proxy(name, gateway.https, [gateway.process], browser.jar.header("localhost", "/"), gateway)

    def sekisho_critical(self):
        return self.sekisho("sekisho, tier critical", tier="critical")

    def sekisho_routes(self, count):
        return self.sekisho(f"sekisho, {count} routes", routes=count, first="/a1/1k")

    def end(self, proxy):
        self.running.remove(proxy.gateway)
        proxy.gateway.stop()

    def close(self):
        while self.running:
            self.running.pop().stop()


def speaks_http2(proxy):
    """Whether ALPN agrees on h2."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{proxy.port}", "-servername", "localhost", "-alpn", "h2"],
                          input=b"", capture_output=True, timeout=20)
    return b"ALPN protocol: h2" in done.stdout
