"""Goal: what may include what stays as docs/architecture.md says. Method: every include line is read.
These two tables are the architecture."""
import re

from house import FLOORS, ROOT, files, name, sources

MAY_INCLUDE = {
    "base": set(),
    "config": {"base"},
    "telemetry": {"base"},
    "policy": {"base", "config"},
    "auth": {"base", "config", "telemetry"},
    "gateway": {"base", "config", "telemetry", "policy", "auth"},
}

# One library, one doorway: only these files may include it.
DOORWAYS = [
    (r"liboath/", r"auth/totp\.cpp"),
    (r"sodium", r"auth/password\w*\.cpp"),
    (r"utf8proc", r"auth/password\w*\.cpp"),
    (r"yaml-cpp/", r"config/load\w*\.cpp"),
    (r"prometheus/", r"telemetry/metrics_prometheus\.cpp"),
    (r"sqlite3\.h", r"auth/store/\w*_io\.cpp"),
    (r"qrencode\.h", r"gateway/portal/qr\.cpp"),
    (r"CLI/", r"gateway/cli/verb\.cpp"),
    (r"ares\.h", r"gateway/net/resolver_io\.cpp"),
    (r"nghttp2/", r"gateway/http/http2_codec\.cpp"),
    (r"date/", r"base/(civil_time|words_time)\.cpp"),
    (r"openssl/", r"base/(crypto|random|secret|x509)\w*\.cpp|gateway/net/tls_\w+\.[hc]pp|auth/(webauthn|jwt)\w*\.cpp"),
    (r"boost/beast/", r"gateway/http/http1_codec\.cpp|\w+(/\w+)*/\w+_io\.[hc]pp"),
]

INCLUDE = re.compile(r'\s*#\s*include\s+"([a-z_]+)/')
SYSTEM = re.compile(r"\s*#\s*include\s+<([^>]+)>")
STREAMS = re.compile(r"sys/(socket|epoll|un|eventfd|timerfd|inotify)\.h|netinet/|arpa/|netdb\.h|poll\.h"
                     r"|boost/(asio|beast\.hpp|beast/(core/\w*stream|http/(read|write)\b|ssl|websocket))")
PURE = re.compile(r"iostream|fstream|thread|mutex|filesystem|random|unistd\.h|fcntl\.h")


def lines(path):
    return enumerate(path.read_text().splitlines(), 1)


def test_no_floor_includes_a_higher_one():
    faults = []
    for path in sources():
        floor = path.relative_to(ROOT).parts[0]
        for number, line in lines(path):
            found = INCLUDE.match(line)
            if found and found[1] in MAY_INCLUDE and found[1] not in MAY_INCLUDE[floor] | {floor}:
                faults.append(f"{name(path)}:{number}: {floor}/ may not include {found[1]}/")
    assert not faults, "\n".join(faults)


def test_each_library_has_one_doorway():
    faults = []
    for path in sources():
        for number, line in lines(path):
            found = SYSTEM.match(line)
            if not found:
                continue
            for library, doorway in DOORWAYS:
                if re.match(library, found[1]) and not re.fullmatch(doorway, name(path)):
                    faults.append(f"{name(path)}:{number}: <{found[1]}> belongs in {doorway}")
            if STREAMS.match(found[1]) and not path.stem.endswith("_io"):
                faults.append(f"{name(path)}:{number}: <{found[1]}> belongs in a file called *_io")
    assert not faults, "\n".join(faults)


def test_policy_is_pure():
    faults = []
    for path in files(".hpp", ".cpp", under="policy"):
        for number, line in lines(path):
            found = SYSTEM.match(line)
            if (found and PURE.fullmatch(found[1])) or re.search(r'"base/random\.hpp"|\bClock\s*[&*]|_clock::now|\bfopen\b|\bstd::c(out|err)\b', line):
                faults.append(f"{name(path)}:{number}: policy does no I/O, reads no clock and draws no chance")
    assert not faults, "\n".join(faults)


def test_nothing_of_the_product_includes_tests_or_benchmarks():
    faults = [f"{name(p)}:{n}" for p in sources() for n, line in lines(p) if re.match(r'\s*#\s*include\s+"(tests|benchmarks|support)/', line)]
    assert not faults, "\n".join(faults)


def test_only_one_file_makes_permits():
    """Forwarding without a decision does not compile: the constructor is private, with one friend."""
    made = {name(p) for p in sources() if p.suffix == ".cpp" for _, line in lines(p) if re.search(r"\bPermit\s*\{\s*[^}\s]|\bPermit\(\s*[^)\s&]", line)}
    assert made <= {"gateway/admission/admit.cpp"}, made


def test_floors_are_all_there():
    assert all((ROOT / floor).is_dir() for floor in FLOORS)
