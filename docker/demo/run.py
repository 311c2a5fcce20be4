#!/usr/bin/python3
"""The demo: lays out its state, starts three apps and the gateway, makes the accounts, and says
what to try. With --check it drives the whole story itself and exits.

Called by ./dev demo, which installs and builds first.
"""
import argparse
import ctypes
import datetime
import json
import os
import pathlib
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import time

DEMO = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(DEMO.parent.parent / "tests" / "integration"))
import sekisho_client as client  # noqa: E402
import story  # noqa: E402
import watch  # noqa: E402

HOSTS = ["portal.localhost", "wiki.localhost", "files.localhost", "chat.localhost"]
PEOPLE = {
    "sato": "staff, Finance / 財務部",
    "suzuki": "staff, IT / 情報システム部",
    "ishii": "contractor of Aoba Systems / 委託先",
    "mori": "ops / 運用",
}
LARGE_BYTES = 64 << 20


class Problem(Exception):
    """A sentence for the person who typed ./dev demo."""


def say(text=""):
    print(f"      {text}" if text else "", flush=True)


# --- layout ----------------------------------------------------------------------------------

def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def can_bind(family, address, port):
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
        return True
    except OSError:
        return False


def listen_addresses(port):
    if not can_bind(socket.AF_INET, "127.0.0.1", port):
        raise Problem(f"port {port} is taken by another program. Stop it, or choose another: ./dev demo --port {port + 1}")
    found = [f"127.0.0.1:{port}"]
    if can_bind(socket.AF_INET6, "::1", port):
        found.append(f"[::1]:{port}")
    return found


def fill(template, target, values):
    text = (DEMO / template).read_text()
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    # Written beside and renamed: a reader never sees half a file.
    beside = target.with_suffix(".new")
    beside.write_text(text)
    beside.rename(target)


def certificates(state):
    folder = state / "certs"
    young = folder / "ca.pem"
    if young.exists() and time.time() - young.stat().st_mtime < 6 * 86400:
        return
    shutil.rmtree(folder, ignore_errors=True)
    done = subprocess.run([DEMO / "pki.sh", folder, "localhost", *HOSTS], capture_output=True, text=True)
    if done.returncode:
        raise Problem("openssl could not make the demo's certificates:\n" + done.stderr)


def documents(state):
    target = state / "files"
    if not target.exists():
        shutil.copytree(DEMO / "files", target)
    large = target / "large" / "archive.bin"
    if not large.exists() or large.stat().st_size != LARGE_BYTES:
        large.parent.mkdir(exist_ok=True)
        block = secrets.token_bytes(1 << 20)
        with large.open("wb") as out:
            for number in range(LARGE_BYTES >> 20):
                out.write(number.to_bytes(8, "big") + block[8:])


def lay_out(state, port):
    for folder in ("run", "conf.d"):
        (state / folder).mkdir(exist_ok=True)
    certificates(state)
    documents(state)
    ports = {"WIKI_PORT": free_port(), "FILES_PORT": free_port(), "CHAT_PORT": free_port(), "OPS_PORT": free_port()}
    today = datetime.date.today()
    values = {
        **ports, "PORT": port, "STATE": state, "DEMO": DEMO,
        "LISTEN": json.dumps(listen_addresses(port)),
        "CONTRACT_FROM": today - datetime.timedelta(days=30),
        "CONTRACT_TO": today + datetime.timedelta(days=90),
    }
    fill("nginx.conf.in", state / "nginx.conf", values)
    fill("here.yaml.in", state / "conf.d" / "here.yaml", values)
    if not (state / "sekisho.yaml").exists():
        fill("sekisho.yaml.in", state / "sekisho.yaml", values)
    return ports


# --- processes -------------------------------------------------------------------------------

def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Troupe:
    """Every process the demo starts; stop() ends exactly these, last started first."""

    def __init__(self, state):
        self.state, self.running = state, []

    def start(self, name, command, log=None):
        out = open(self.state / "run" / f"{name}.log", "ab")
        process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=log or out, stderr=out,
                                   start_new_session=True, preexec_fn=die_with_parent)
        self.running.append((name, process))
        return process

    def dead(self):
        return [name for name, process in self.running if process.poll() is not None]

    def stop(self):
        for name, process in reversed(self.running):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self.running.clear()


def wait_for_port(port, process, name, log):
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
            return
        except OSError:
            time.sleep(0.05)
    tail = log.read_text(errors="replace")[-1500:] if log.exists() else ""
    raise Problem(f"{name} did not start. Its last words:\n{tail}")


def nginx_path():
    found = shutil.which("nginx") or "/usr/sbin/nginx"
    if not os.path.exists(found):
        raise Problem("nginx is not installed; ./dev demo installs it when it may.")
    return found


def start_apps(troupe, state, ports):
    logs = state / "run"
    nginx = troupe.start("nginx", [nginx_path(), "-e", "stderr", "-p", state, "-c", state / "nginx.conf"])
    chat = troupe.start("chat", ["/usr/bin/python3", DEMO / "chat.py", ports["CHAT_PORT"]])
    wait_for_port(ports["WIKI_PORT"], nginx, "the wiki (nginx)", logs / "nginx.log")
    wait_for_port(ports["FILES_PORT"], nginx, "the file store (nginx)", logs / "nginx.log")
    wait_for_port(ports["CHAT_PORT"], chat, "the chat", logs / "chat.log")


def start_prometheus(troupe, state, ops_port):
    if not watch.program():
        raise Problem("Prometheus is not installed; ./dev demo --with-prometheus installs it when it may (package prometheus).")
    port, folder = watch.port_for(), state / "prometheus"
    watch.lay_out(folder, ops_port)
    process = troupe.start("prometheus", watch.command(folder, port))
    wait_for_port(port, process, "Prometheus", state / "run" / "prometheus.log")
    return port


class Gateway:
    def __init__(self, binary, state):
        self.binary, self.state, self.config = binary, state, state / "sekisho.yaml"

    def cli(self, *arguments, check=True):
        done = subprocess.run([self.binary, *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if check and done.returncode:
            raise Problem(f"'sekisho {' '.join(map(str, arguments))}' said:\n{done.stdout}{done.stderr}")
        return done

    def prepare(self):
        if not (self.state / "master.key").exists():
            self.cli("init", "--dir", self.state)
        self.cli("check", "--config", self.config)

    def start(self, troupe, ops_port):
        log = self.state / "run" / "gateway.log"
        with log.open("ab") as out:
            process = troupe.start("gateway", [self.binary, "serve", "--config", self.config], log=out)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise Problem("the gateway stopped at once. Its last words:\n" + log.read_text(errors="replace")[-2000:])
            try:
                if client.fetch_plain(ops_port, "/readyz")[0] == 200:
                    return process
            except OSError:
                pass
            time.sleep(0.1)
        raise Problem("the gateway did not become ready within 30 s. Its last words:\n" + log.read_text(errors="replace")[-2000:])


# --- accounts --------------------------------------------------------------------------------

def random_password():
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


def activate_everybody(gateway, port, ca):
    accounts = {}
    for name in PEOPLE:
        link = json.loads(gateway.cli("users", "add", name, "--config", gateway.config, "--json").stdout)["link"]
        browser = client.Browser(port, ca)
        accounts[name] = client.activate(browser, link, name, random_password())
        browser.close()
    return accounts


def accounts_of(gateway, port, state):
    file = state / "accounts.json"
    if file.exists():
        known = json.loads(file.read_text())
        return {k: client.Account(**v) for k, v in known.items()}
    accounts = activate_everybody(gateway, port, state / "certs" / "ca.pem")
    file.touch(mode=0o600)
    file.write_text(json.dumps({k: v.as_json() for k, v in accounts.items()}, indent=1))
    return accounts


def qr_code(name, secret):
    link = f"otpauth://totp/Sekisho%20demo:{name}?secret={secret}&issuer=Sekisho%20demo"
    done = subprocess.run(["qrencode", "-t", "ANSIUTF8", "-m", "1", link], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else link + "\n"


def print_codes(accounts):
    left = 30 - int(time.time()) % 30
    say("codes now: " + "  ".join(f"{name} {client.totp(a.secret)}" for name, a in accounts.items()) + f"  (for {left} s; Enter shows new ones)")


def print_prometheus(port, state):
    print(f"""  Prometheus watches it: http://127.0.0.1:{port}/alerts   (history in {state}/prometheus)
    docker/grafana has three dashboards for it, docs/runbooks a page for each alert.
""", flush=True)


def print_welcome(accounts, port, state, ops_port):
    print(f"\n  The gateway is open:  https://portal.localhost:{port}\n")
    for name, account in accounts.items():
        print(f"    {name:8} {account.password}   {PEOPLE[name]}")
    print(f"\n  Scan to add sato to an authenticator app (the others: {state}/accounts.json):\n")
    print(qr_code("sato", accounts["sato"].secret))
    print_codes(accounts)
    print(f"""
  The certificates come from a throw-away authority for *.localhost, good for seven days:
    {state}/certs/ca.pem      (import it in a browser profile of its own, or accept the warning)

  To try / お試しください:
    1. Sign in as sato and open the wiki, the files and the chat.
    2. In another profile sign in as ishii, a contractor: the wiki opens, the files are refused,
       and the chat opens on weekdays from 9 to 18 (Tokyo).
    3. As suzuki, ask for the Finance report in the files: refused, with a request id. Why?
         sekisho explain --user suzuki --app files --method GET --path /documents/finance/report.csv --config {state}/sekisho.yaml
    4. Take a line out of 'rules' in {state}/sekisho.yaml and save: what was open closes.
    5. See who came:  sekisho audit search --user ishii --config {state}/sekisho.yaml
                      sekisho audit verify --config {state}/sekisho.yaml
       Numbers:       curl http://127.0.0.1:{ops_port}/metrics
  From another machine:  ssh -L {port}:localhost:{port} THIS-MACHINE
  Browsers do not tell ports apart when they send cookies: anything else on *.localhost may see the demo's.
  Ctrl-C stops everything this started.
""", flush=True)


# --- the two ways to run -----------------------------------------------------------------------

def wait_for_person(troupe, accounts):
    while True:
        dead = troupe.dead()
        if dead:
            raise Problem(f"{dead[0]} has stopped by itself; its log is in {troupe.state}/run/{dead[0]}.log")
        if sys.stdin.isatty():
            if select.select([sys.stdin], [], [], 1)[0] and sys.stdin.readline():
                print_codes(accounts)
        else:
            time.sleep(1)


def serve(options, state, port):
    troupe = Troupe(state)
    try:
        ports = lay_out(state, port)
        start_apps(troupe, state, ports)
        gateway = Gateway(options.binary, state)
        gateway.prepare()
        gateway.start(troupe, ports["OPS_PORT"])
        watched = start_prometheus(troupe, state, ports["OPS_PORT"]) if options.with_prometheus else None
        if options.check:
            return story.tell(gateway, port, ports, state, activate_everybody)
        accounts = accounts_of(gateway, port, state)
        print_welcome(accounts, port, state, ports["OPS_PORT"])
        if watched:
            print_prometheus(watched, state)
        wait_for_person(troupe, accounts)
    finally:
        # A second Ctrl-C while stopping must not leave anything behind.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        troupe.stop()


def interrupted(*_):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(prog="./dev demo")
    parser.add_argument("--binary", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--state", required=True, type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--check", action="store_true", help="drive the whole story by script and exit")
    parser.add_argument("--fresh", action="store_true", help="forget earlier accounts and settings")
    parser.add_argument("--with-prometheus", action="store_true", help="start Debian's Prometheus beside it, with our alert rules")
    parser.add_argument("--port", type=int, help="default 8443")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, interrupted)
    os.umask(0o077)
    state, port = options.state.absolute(), options.port or 8443
    if options.check:
        # The check never touches what a person set up, and takes whatever port is free.
        state, port = state.with_name(state.name + "-check"), options.port or free_port()
    if options.fresh or options.check:
        shutil.rmtree(state, ignore_errors=True)
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        return serve(options, state, port) or 0
    except KeyboardInterrupt:
        print("\n      stopped; accounts and settings are kept (./dev demo --fresh starts over)")
        return 0
    except Problem as problem:
        print(f"\n./dev demo stopped: {problem}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
