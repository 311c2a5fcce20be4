#!/usr/bin/env python3
"""The story of the package in a bare Debian: installed, first run, served, signed in, an app behind it, upgraded, backed up
and restored, refused when older than its data, removed, purged. Every `sh root` block of the guides is run on the way.

    install_check.py PACKAGE [SUITE]        as root; SUITE is this machine's own unless named"""
import contextlib
import pathlib
import re
import sqlite3
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]
import sekisho_client as client  # noqa: E402
from bare_root import BareRoot, Failed  # noqa: E402
from upstreams import Upstream  # noqa: E402

ROOT = HERE.parents[1]
PORTAL, WIKI = "portal.example.com", "wiki.example.com"
FENCE = re.compile(r"^```sh root\n(.*?)^```$", re.M | re.S)


def guide(name):
    return FENCE.findall((ROOT / f"docs/guides/{name}.en.md").read_text())


class Story:
    def __init__(self, root, package):
        self.root, self.package, self.began = root, package, time.monotonic()

    def tell(self, sentence):
        print(f"{time.monotonic() - self.began:6.1f} s  {sentence}", flush=True)

    def expect(self, truth, sentence):
        if not truth:
            raise Failed(sentence)
        self.tell(sentence)

    def prepare(self):
        # No systemd runs in a chroot: what stands in for it reads the installed units. In the place of systemd's own
        # command, since apt looks for it there only.
        owned = "/bin/systemctl" if self.root.suite == "bookworm" else "/usr/bin/systemctl"
        self.root.run(f"dpkg-divert --quiet --local --no-rename --divert {owned}.systemd --add {owned}")
        self.root.put(HERE / "systemctl", "/usr/bin/systemctl")
        self.root.put(self.package, "/srv/package/" + self.package.name)
        self.root.run("apt-get -qq update && apt-get -qq install -y --no-install-recommends python3 curl procps >/dev/null && mkdir -p /run/systemd/system")
        self.before = self.files()

    def files(self):
        text = self.root.run("find / -xdev \\( -path /proc -o -path /dev -o -path /run -o -path /var/cache -o -path /var/log -o -path /var/lib/apt "
                             "-o -path /var/lib/dpkg -o -path /root -o -path /srv -o -path /tmp \\) -prune -o -print").stdout
        return set(text.splitlines())

    def install(self):
        install, first_run, start, add, *_ = self.blocks = guide("install")
        self.root.run(install, folder="/srv/package")
        state = self.root.run("dpkg-query -W -f '${db:Status-Abbrev}${Version}' sekisho").stdout
        self.expect(state.startswith("ii"), f"installed: {state}")
        modes = self.root.run("stat -c '%n %U:%G %a' /etc/sekisho /var/lib/sekisho").stdout.split("\n")
        self.expect(modes[0] == "/etc/sekisho root:sekisho 750" and modes[1] == "/var/lib/sekisho sekisho:sekisho 700", "; ".join(modes).strip("; "))
        self.expect(self.root.run("systemctl is-active sekisho.service", check=False).stdout.strip() == "inactive", "nothing runs without a configuration")
        said = self.root.run(first_run).stdout
        self.expect("master.key" in said and "good" in said, "init wrote what check calls good")
        self.expect(self.root.run("stat -c '%U %a' /etc/sekisho/master.key").stdout.strip() == "sekisho 600", "the master key is the gateway's alone, and outside the data")
        again = self.root.run("sekisho init --portal other.example.com").stdout
        self.expect("made" not in again and PORTAL in self.root.run("cat /etc/sekisho/sekisho.yaml").stdout, "a second init overwrites nothing")
        self.root.run(start)
        self.expect("ready" in self.root.run("sekisho healthcheck").stdout, "serving, as user " + self.root.run("ps -o user= -C sekisho || stat -c %U /proc/$(cat /run/sekisho-main.pid)").stdout.strip())
        self.link = self.root.run(add).stdout.strip()

    def sign_in(self):
        ca = self.root.root / "etc/sekisho/portal.pem"
        self.account = client.activate(client.Browser(443, ca), self.link, "kido", "a sentence nobody guesses", lambda: 0)
        self.browser = client.Browser(443, ca)
        client.sign_in(self.browser, self.account, f"https://{PORTAL}/")
        self.expect(self.signed_in(), "kido activated the account and signed in with two factors")

    def signed_in(self):
        page = self.browser.go(f"https://{PORTAL}/")
        return page.status == 200 and not client.find_form(page, "current-password")

    def app(self):
        """The example in the comments of the configuration, uncommented and put to use."""
        with_app = f"sed -i 's/^  - id: wiki-staff/&/; s/^# \\(groups\\|upstreams\\|apps\\|rules\\):/\\1:/; s/^#   /  /; s/kind:staff/kind:ops/; s/wiki.example.com/{WIKI}/; s/127.0.0.1:9001/127.0.0.1:{self.upstream.port}/' /etc/sekisho/sekisho.yaml"
        self.root.run(with_app)
        self.root.run(self.blocks[4])
        page = self.root.run("sekisho explain --user kido --app wiki --method GET --path /", check=False)
        self.expect("wiki-staff" in page.stdout, page.stderr.strip() or "an app from the example in the configuration, taken by reload --accept")

    def upgrade(self):
        newer = self.root.run("cd /srv/package && dpkg-deb -R sekisho_*.deb new && rm sekisho_*.deb && sed -i 's/^Version: .*/&.1/' new/DEBIAN/control && "
                              "dpkg-deb --root-owner-group -b new sekisho_new.deb >/dev/null && rm -r new && dpkg-deb -f sekisho_new.deb Version").stdout.strip()
        pid = self.root.run("cat /run/sekisho-main.pid").stdout
        blocks = guide("ops")
        self.root.run(next(block for block in blocks if block.startswith("apt-get install")), folder="/srv/package")
        self.expect(self.root.run("dpkg-query -W -f '${Version}' sekisho").stdout == newer, f"upgraded to {newer}")
        self.expect(self.root.run("cat /run/sekisho-main.pid").stdout != pid and "ready" in self.root.run("sekisho healthcheck").stdout, "the upgrade restarted the service")
        self.expect(self.signed_in(), "kido is still signed in")

    def restore(self):
        self.root.run("mkdir -p /srv/backup && sekisho backup /srv/backup/sekisho-today")
        self.root.run(next(block for block in guide("ops") if "sekisho restore" in block))
        self.expect("ready" in self.root.run("sekisho healthcheck").stdout, "restored from a backup taken while it ran, and serving")
        self.expect(not self.signed_in(), "nobody is signed in after a restore")
        self.expect(self.root.run("find /var/lib/sekisho ! -user sekisho").stdout == "", "every file of the data is the gateway's")
        self.root.run("sekisho audit verify && rm -rf /var/lib/sekisho.old /srv/backup")
        self.tell("the record is unbroken")

    def refuse_older(self):
        """While it serves: the refusal may not so much as restart it."""
        schema = self.change_schema(1)
        state = "dpkg-query -W -f '${Version} ${db:Status-Abbrev}' sekisho && cat /run/sekisho-main.pid"
        before = self.root.run(state).stdout
        done = self.root.run("dpkg -i /srv/package/sekisho_new.deb", check=False)
        sentence = next((line for line in done.stderr.splitlines() if line.startswith("sekisho: ")), "")
        self.expect(done.returncode != 0 and f"has schema {schema}" in sentence, sentence)
        self.expect(self.root.run(state).stdout == before and "ready" in self.root.run("sekisho healthcheck").stdout, "and nothing was changed: it serves on")
        self.change_schema(-1)

    def change_schema(self, by):
        with contextlib.closing(sqlite3.connect(self.root.root / "var/lib/sekisho/sekisho.db", isolation_level=None)) as database:
            schema = database.execute("PRAGMA user_version").fetchone()[0] + by
            database.execute(f"PRAGMA user_version={schema}")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # into the file itself, where a migration leaves it
        return schema

    def remove(self):
        self.root.run(self.blocks[5])
        self.expect(self.root.run("systemctl is-active sekisho.service || true").stdout.strip() == "inactive" and self.root.run("test -s /var/lib/sekisho/sekisho.db && test -s /etc/sekisho/master.key && echo kept").stdout.strip() == "kept",
                    "removed: stopped, and the data kept")
        self.root.run(self.blocks[6])
        self.expect(self.root.run("test -e /var/lib/sekisho -o -e /etc/sekisho || echo gone").stdout.strip() == "gone", "purged: data, configuration and key are gone")
        # systemd came as a dependency, and refuses to leave a machine that it seems to run.
        self.root.run("rmdir /run/systemd/system && apt-get -qq autoremove -y --purge")
        left = sorted(path for path in self.files() - self.before if "sekisho" in path)
        self.expect(not left, "nothing of it is left" + (": " + " ".join(left) if left else ""))

    def play(self):
        with contextlib.closing(Upstream()) as self.upstream:
            for part in (self.prepare, self.install, self.sign_in, self.app, self.upgrade, self.restore, self.refuse_older, self.remove):
                part()


def own_suite():
    return re.search(r"^VERSION_CODENAME=(\w+)", pathlib.Path("/etc/os-release").read_text(), re.M)[1]


def main():
    package = pathlib.Path(sys.argv[1]).resolve()
    suite = sys.argv[2] if len(sys.argv) > 2 else own_suite()
    try:
        with BareRoot(suite) as root:
            story = Story(root, package)
            try:
                story.play()
            except Failed:
                print(root.run("tail -n 20 /var/log/sekisho.log", check=False).stdout)
                raise
    except Failed as why:
        print(f"FAILED: {why}")
        return 1
    print("1 passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
