#!/usr/bin/python3
"""Sets the stage for the browser tests: a gateway with people and apps, then the tests in Node.

    stage.py NODE TEST...      the domain comes from SEKISHO_TEST_DOMAIN
"""
import base64
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
import gateway as gw  # noqa: E402
from upstreams import ACTIONS, Upstream, by_path  # noqa: E402

PEOPLE = ["flow-en", "flow-ja", "tabs", "chain", "neighbour", "reach", "space", "plain", "refused", "back",
          "keys-en", "keys-ja", "keys-more", "keys-wrong", "codes-en", "codes-ja"]
DUTY = ["duty-en", "duty-ja"]

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>App</title></head>
<body><h1>The app</h1><p id="path">{path}</p></body></html>"""
WORKER = """self.addEventListener('install', (e) => self.skipWaiting());
self.addEventListener('activate', (e) => e.waitUntil(clients.claim()));
self.addEventListener('fetch', (e) => { if (e.request.url.includes('/.sekisho/')) {
  e.waitUntil(caches.open('seen').then((c) => c.put('/seen', new Response(e.request.url)))); } });"""


def answer_page(connection, request):
    body = PAGE.format(path=urllib.parse.quote(request.path)).encode()
    connection.answer(body=body, fields=[("Content-Type", "text/html; charset=utf-8")])
    return True


def answer_worker(connection, request):
    connection.answer(body=WORKER, fields=[("Content-Type", "text/javascript"), ("Service-Worker-Allowed", "/")])
    return True


ACTIONS.update({"": answer_page, "page": answer_page, "worker.js": answer_worker})
ACTIONS.update({f"tab{n}": answer_page for n in range(10)})


def spki_hash(pem):
    key = subprocess.run(["openssl", "x509", "-in", pem, "-noout", "-pubkey"], capture_output=True, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key, capture_output=True, check=True).stdout
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


def change(sections):
    for name in PEOPLE + DUTY:
        sections["people"][name] = {"kind": "ops" if name in DUTY else "staff", "name": {"ja": "検査 太郎", "en": "Test Person"}}


def main():
    node, tests = sys.argv[1], sys.argv[2:]
    upstreams = {name: Upstream(by_path) for name in ("wiki", "files", "chat", "ledger")}
    with tempfile.TemporaryDirectory() as folder:
        certs = pathlib.Path(folder)
        subprocess.run([gw.ROOT / "docker/demo/pki.sh", certs, gw.DOMAIN, *gw.HOSTS], check=True, capture_output=True)
        with gw.Gateway({n: u.port for n, u in upstreams.items()}, certs, change) as gateway:
            accounts = {name: gateway.add(name) for name in PEOPLE + DUTY}
            link = json.loads(gateway.cli("users", "add", "suzuki", "--json"))["link"]
            facts = {
                "domain": gw.DOMAIN, "port": gateway.https, "link": link,
                "spki": [spki_hash(certs / f"{host}.pem") for host in gw.HOSTS],
                "accounts": {n: dict(a.as_json(), last=a.phone.last) for n, a in accounts.items()},
            }
            done = subprocess.run([node, "--test", "--test-concurrency=1", "--test-reporter=tap", *tests], cwd=HERE,
                                  env=dict(os.environ, SEKISHO_STAGE=json.dumps(facts)))
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
