"""The story that ./dev demo --check tells: each line is something a person would do or see."""
import datetime
import hashlib
import json
import re
import time
import traceback
import zoneinfo

import sekisho_client as client


class Story:
    def __init__(self):
        self.passed, self.failed = 0, []

    def line(self, sentence, act):
        try:
            detail = act()
            self.passed += 1
            print(f"      ok    {sentence}" + (f" ({detail})" if isinstance(detail, str) else ""), flush=True)
        except Exception as error:  # noqa: BLE001 - every failure is told, none stops the story
            self.failed.append(sentence)
            print(f"      FAIL  {sentence}: {error}", flush=True)
            if not isinstance(error, AssertionError):
                print("".join(traceback.format_exception(error)[-3:]), flush=True)


def expect(condition, otherwise):
    if not condition:
        raise AssertionError(otherwise)


def chat_hours_now():
    """Whether the contractor's chat hours are open, or None within a minute of an edge."""
    now = datetime.datetime.now(zoneinfo.ZoneInfo("Asia/Tokyo"))
    minute = now.hour * 60 + now.minute
    if min(abs(minute - 540), abs(minute - 1080), minute, 1440 - minute) <= 1:
        return None
    return now.weekday() < 5 and 540 <= minute < 1080


class Demo:
    def __init__(self, gateway, port, ports, state):
        self.gateway, self.port, self.ports, self.state = gateway, port, ports, state
        self.ca = state / "certs" / "ca.pem"
        self.accounts, self.browsers = {}, {}

    def url(self, app, path="/"):
        return f"https://{app}.localhost:{self.port}{path}"

    def browser(self, name):
        if name not in self.browsers:
            self.browsers[name] = client.Browser(self.port, self.ca)
        return self.browsers[name]

    def activation(self, activate_everybody):
        self.accounts = activate_everybody(self.gateway, self.port, self.ca)
        expect(len(self.accounts) == 4, "four accounts expected")

    def stranger(self):
        nobody = client.Browser(self.port, self.ca)
        for app in ("wiki", "files", "chat"):
            navigation = nobody.request("GET", self.url(app))
            expect(navigation.status == 303, f"{app}: a navigation got {navigation.status}, not 303")
            script = nobody.request("GET", self.url(app), navigate=False, headers=[("Accept", "application/json")])
            expect(script.status == 401, f"{app}: a script got {script.status}, not 401")
            socket = client.WebSocket(nobody, self.url(app, "/room"))
            expect(socket.status in (401, 403), f"{app}: a WebSocket got {socket.status}")
            socket.close()

    def wrong_password(self):
        someone = client.Browser(self.port, self.ca)
        impostor = client.Account("sato", "not-the-password", self.accounts["sato"].secret)
        page = client.sign_in(someone, impostor, self.url("wiki"), code="000000", expect=False)
        expect(page.status in (401, 429), f"a wrong password got {page.status}")
        expect("業務手順書" not in page.text, "a wrong password reached the wiki")

    def sign_in(self, name):
        page = client.sign_in(self.browser(name), self.accounts[name], self.url("wiki"))
        expect(page.status == 200 and "業務手順書" in page.text, f"{name} did not reach the wiki: {page!r}")

    def form(self):
        browser = self.browser("sato")
        page = browser.go(self.url("wiki", "/comment.html"))
        form = page.forms()[0]
        thanks = browser.submit(page, form, form.fill(comment="良い手順書です"))
        expect("ありがとうございます" in thanks.text, f"the form led to {thanks!r}")
        expect(browser.jar.get("wiki.localhost", "wiki_thanked") == "yes", "the wiki's own cookie did not arrive")

    def what_app_sees(self):
        page = self.browser("sato").request("GET", self.url("wiki", "/what-i-see.shtml"), headers=[("X-Remote-User", "admin"), ("x_remote_user", "admin")])
        expect(page.status == 200, f"got {page.status}")
        fields = dict(re.findall(r"<dt>([\w-]+)</dt><dd><code>(.*?)</code>", page.text, re.S))
        expect(fields["Sekisho-Assertion"].count(".") == 2, "the app got no signed assertion")
        expect("sekisho" not in fields["Cookie"].lower(), "the gateway's cookie reached the app")
        expect(fields["X-Remote-User"] == "-", "an identity field of the client's own reached the app")

    def download(self):
        began = time.monotonic()
        page = client.sign_in(self.browser("sato"), self.accounts["sato"], self.url("files", "/large/archive.bin"))
        spent = time.monotonic() - began
        original = hashlib.sha256((self.state / "files/large/archive.bin").read_bytes()).digest()
        expect(page.status == 200 and hashlib.sha256(page.body).digest() == original, f"the file came out differently: {page!r}")
        return f"64 MiB in {spent:.1f} s"

    def part_of_it(self):
        page = self.browser("sato").request("GET", self.url("files", "/large/archive.bin"), headers=[("Range", "bytes=100-199")])
        expect(page.status == 206 and len(page.body) == 100, f"a range got {page!r}")

    def chat(self):
        browser = self.browser("sato")
        browser.go(self.url("chat"))
        socket = client.WebSocket(browser, self.url("chat", "/room"))
        expect(socket.status == 101, f"the room answered {socket.status}")
        socket.send("おはようございます")
        heard = [json.loads(socket.receive_text())["text"] for _ in range(2)]
        expect("おはようございます" in heard, f"heard only {heard}")
        socket.close()

    def contractor_refused(self):
        page = self.browser("ishii").go(self.url("files"))
        expect(page.status in (403, 404), f"the files gave the contractor {page.status}")
        expect("finance" not in page.text, "the files' page reached the contractor")

    def contractor_chat(self):
        open_now = chat_hours_now()
        page = self.browser("ishii").go(self.url("chat"))
        if open_now is None:
            return "within a minute of an edge; either answer is right"
        expect(page.status == (200 if open_now else 403), f"the chat gave {page.status}, by its hours it is {'open' if open_now else 'closed'}")
        return "open" if open_now else "outside the hours"

    def finance_only(self):
        browser = self.browser("suzuki")
        page = browser.go(self.url("files", "/documents/finance/report.csv"))
        expect(page.status == 403, f"IT got {page.status} for the Finance report")
        expect(re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", page.text), "the refusal shows no request id")
        fine = self.browser("sato").go(self.url("files", "/documents/finance/report.csv"))
        expect(fine.status == 200 and "収入" in fine.text, f"Finance got {fine!r}")

    def explained(self):
        done = self.gateway.cli("explain", "--user", "suzuki", "--app", "files", "--method", "GET", "--path",
                                "/documents/finance/report.csv", "--config", self.gateway.config, check=False)
        expect("files-reports-finance-only" in done.stdout, f"explain does not name the rule: {done.stdout}{done.stderr}")

    def metrics(self):
        status, text = client.fetch_plain(self.ports["OPS_PORT"], "/metrics")
        samples = client.parse_metrics(text)
        expect(status == 200 and client.metric(samples, "sekisho_requests_total") > 10, "no requests were counted")
        expect("sato" not in text and "ishii" not in text, "a person's name is in the metrics")

    def status(self):
        done = self.gateway.cli("status", "--config", self.gateway.config)
        expect(done.stdout.strip(), "status printed nothing")

    def sign_out(self):
        browser = self.browser("suzuki")
        client.sign_out(browser, self.url("portal"))
        after = browser.request("GET", self.url("wiki"))
        expect(after.status == 303, f"after signing out the wiki gave {after.status}")

    def audit(self):
        time.sleep(1.5)  # the next signed checkpoint
        done = self.gateway.cli("audit", "verify", "--config", self.gateway.config)
        search = self.gateway.cli("audit", "search", "--user", "ishii", "--config", self.gateway.config)
        expect("files" in search.stdout, f"the refusal is not in the record: {search.stdout[:300]}")
        return done.stdout.strip().splitlines()[-1][:80] if done.stdout.strip() else None


def tell(gateway, port, ports, state, activate_everybody):
    """Runs the story; the number of failures is the exit code's reason."""
    story, demo = Story(), Demo(gateway, port, ports, state)
    story.line("four people activate their accounts with a password and a second factor", lambda: demo.activation(activate_everybody))
    story.line("somebody not signed in reaches nothing", demo.stranger)
    if demo.accounts:
        story.line("a wrong password and code are refused", demo.wrong_password)
        story.line("staff sign in and reach the wiki", lambda: (demo.sign_in("sato"), demo.sign_in("suzuki")) and None)
        story.line("a form of the wiki is sent, and the wiki's own cookie comes back", demo.form)
        story.line("the app gets a signed assertion, and no identity the client made up", demo.what_app_sees)
        story.line("a large file downloads whole", demo.download)
        story.line("a part of it can be asked for", demo.part_of_it)
        story.line("the chat works over a WebSocket", demo.chat)
        story.line("the contractor signs in and reaches the wiki", lambda: demo.sign_in("ishii"))
        story.line("the contractor is refused the files", demo.contractor_refused)
        story.line("the contractor's chat keeps its hours", demo.contractor_chat)
        story.line("the Finance report opens for Finance only", demo.finance_only)
        story.line("explain names the rule that refused", demo.explained)
        story.line("metrics count what happened and name nobody", demo.metrics)
        story.line("status shows one screen", demo.status)
        story.line("signing out ends the way to every app", demo.sign_out)
        story.line("the audit record verifies and knows the refusal", demo.audit)
    print(f"\n{story.passed} passed, {len(story.failed)} failed")
    return 1 if story.failed else 0
