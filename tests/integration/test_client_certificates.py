"""Goal: a host that asks for client certificates lets in who proves one, for as long as it is good.
Method: an authority, certificates and revocation lists made by openssl; the real program."""
import http.client
import ssl
import subprocess
import threading
import time

import pytest

import gateway as gw
import sekisho_client as client
from test_hostile import until


class Authority:
    """A certificate authority for people, in a folder of its own."""

    def __init__(self, folder):
        self.folder, self.crl = folder, folder / "crl.pem"
        (folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca = here\n[here]\ndatabase = index.txt\nserial = serial\ndefault_md = sha256\npolicy = any\n"
            "default_days = 7\ndefault_crl_days = 1\nnew_certs_dir = .\nx509_extensions = person\ncopy_extensions = none\n"
            "[any]\ncommonName = supplied\n[person]\nextendedKeyUsage = clientAuth\nbasicConstraints = CA:FALSE\n"
            "subjectAltName = email:sato@corp.example\n"
            "[req]\ndistinguished_name = name\nprompt = no\nx509_extensions = authority\n[name]\nCN = People\n"
            "[authority]\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign\nsubjectKeyIdentifier = hash\n")
        (folder / "index.txt").write_text("")
        (folder / "serial").write_text("1000\n")
        self.run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "ca.key")
        self.run("req", "-x509", "-new", "-key", "ca.key", "-days", "30", "-config", "ca.cnf", "-out", "ca.pem")
        self.publish()

    def run(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def certify(self, name):
        self.run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
        self.run("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.csr")
        self.run("ca", "-batch", "-notext", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-in", f"{name}.csr", "-out", f"{name}.pem")
        return str(self.folder / f"{name}.pem"), str(self.folder / f"{name}.key")

    def revoke(self, name):
        self.run("ca", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-revoke", f"{name}.pem")
        self.publish()

    def publish(self):
        self.run("ca", "-gencrl", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-out", "crl.new")
        (self.folder / "crl.new").rename(self.crl)


@pytest.fixture
def world(fresh_gateway, tmp_path):
    authority = Authority(tmp_path)

    def change(sections):
        sections["tls"]["client_certificates"] = [
            {"hosts": [f"wiki.{gw.DOMAIN}"], "ca": str(tmp_path / "ca.pem"), "crl": str(authority.crl)},
            {"hosts": [f"files.{gw.DOMAIN}"], "ca": str(tmp_path / "ca.pem"), "demand": "request"}]

    gateway = fresh_gateway(change)
    gateway.authority = authority
    gateway.sato = gateway.add("sato")
    return gateway


def browser_with(gateway, certificate):
    browser = gateway.browser()
    browser.context.load_cert_chain(*certificate)
    client.sign_in(browser, gateway.sato, gateway.url("wiki"))
    return browser


def drain(answer, ended):
    """Reads until the other end ends it."""
    try:
        while answer.read1(100):
            pass
    except (OSError, ValueError, http.client.HTTPException):
        pass
    ended.set()


def test_only_who_proves_one_comes_in(world):
    good = browser_with(world, world.authority.certify("sato"))
    assert good.request("GET", world.url("wiki", "/echo")).status == 200
    assert world.metric("sekisho_client_certificates_total", result="accepted") >= 1
    without = world.browser()
    with pytest.raises((ssl.SSLError, ConnectionError)):
        without.request("GET", world.url("wiki", "/echo"))
    assert until(lambda: world.metric("sekisho_tls_handshakes_failed_total", cause="certificate") >= 1)
    assert without.request("GET", world.url("files")).status == 303, "where it is only requested one may come without"
    assert world.browser().request("GET", world.url("chat")).status == 303, "other hosts never ask"
    found = world.cli("audit", "search", "--app", "wiki", "--json")
    assert "certificate" in found, "the decision's record names the certificate"


def test_revocation_reaches_what_is_open(world):
    browser = browser_with(world, world.authority.certify("sato"))
    other = browser_with(world, world.authority.certify("suzuki"))
    ended = threading.Event()
    _, answer = browser.request("GET", world.url("wiki", "/drip"), read=False)
    threading.Thread(target=drain, args=(answer, ended), daemon=True).start()
    time.sleep(0.5)
    assert not ended.is_set()
    world.authority.revoke("sato")
    began = time.monotonic()
    assert until(lambda: browser.request("GET", world.url("wiki", "/echo")).status == 403, 8)
    assert ended.wait(3), "the open answer is cut"
    assert time.monotonic() - began < 8
    page = browser.request("GET", world.url("wiki", "/echo"))
    assert "certificate" in page.text and page.status == 403
    assert other.request("GET", world.url("wiki", "/echo")).status == 200, "nobody else notices"
    assert world.metric("sekisho_client_certificates_total", result="revoked") >= 1
    assert until(lambda: world.log(reason="certificate_revoked", status=403))


def test_an_outdated_list_lets_nobody_pass(world):
    browser = browser_with(world, world.authority.certify("sato"))
    assert browser.request("GET", world.url("wiki", "/echo")).status == 200
    assert world.metric("sekisho_revocation_list_expiry_timestamp_seconds", certificate=f"wiki.{gw.DOMAIN}") > time.time()
    world.shift(25 * 3600)
    page = browser.request("GET", world.url("wiki", "/echo"))
    assert page.status == 403 and until(lambda: world.metric("sekisho_client_certificates_total", result="stale") >= 1)
