"""Goal: testssl finds nothing at LOW or above but the absence of a CAA record.
Method: Debian's testssl.sh against a host name with a proper certificate: both kinds of key, 200 days, an issuer that
answers (a stapled OCSP response), a revocation list named."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

import gateway as gw

EXPECTED = {"DNS_CAArecord"}  # a record in a zone nobody has here
WORSE = {"LOW", "MEDIUM", "HIGH", "CRITICAL"}

CA = """[req]
distinguished_name = name
prompt = no
x509_extensions = ca
[name]
O = Sekisho test
CN = Sekisho test CA
[ca]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""
LEAF = """basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:{host}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
authorityInfoAccess = OCSP;URI:http://ocsp.{domain}/
crlDistributionPoints = URI:http://crl.{domain}/ca.crl
"""


def openssl(folder, *arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def proper_certificate(folder, host, kind):
    """CHAIN and KEY files for one host, and its staple."""
    stem = f"{host}-{kind}"
    key = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ecdsa" else [
        "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
    openssl(folder, *key, "-out", f"{stem}.key")
    os.chmod(folder / f"{stem}.key", 0o600)
    (folder / "leaf.cnf").write_text(LEAF.format(host=host, domain=gw.DOMAIN))
    openssl(folder, "req", "-new", "-key", f"{stem}.key", "-subj", f"/CN={host}", "-out", "leaf.csr")
    openssl(folder, "x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", 200, "-sha256",
            "-set_serial", "0x" + os.urandom(16).hex().replace("f", "1", 1).lstrip("89abcdef0"), "-extfile", "leaf.cnf", "-out", f"{stem}.leaf")
    (folder / f"{stem}.pem").write_text((folder / f"{stem}.leaf").read_text() + (folder / "ca.pem").read_text())
    serial = openssl(folder, "x509", "-in", f"{stem}.leaf", "-noout", "-serial").strip().split("=")[1]
    ends = openssl(folder, "x509", "-in", f"{stem}.leaf", "-noout", "-enddate", "-dateopt", "iso_8601").strip().split("=")[1]
    index = ends[2:].replace("-", "").replace(" ", "").replace(":", "").replace("Z", "") + "Z"
    (folder / "index.txt").write_text(f"V\t{index}\t\t{serial}\tunknown\t/CN={host}\n")
    openssl(folder, "ocsp", "-issuer", "ca.pem", "-cert", f"{stem}.leaf", "-reqout", "ocsp.req", "-no_nonce")
    openssl(folder, "ocsp", "-index", "index.txt", "-rsigner", "ca.pem", "-rkey", "ca.key", "-CA", "ca.pem", "-reqin", "ocsp.req",
            "-respout", f"{stem}.ocsp", "-ndays", 3)
    return {"chain": str(folder / f"{stem}.pem"), "key": str(folder / f"{stem}.key"), "staple": str(folder / f"{stem}.ocsp")}


@pytest.fixture(scope="module")
def proper(tmp_path_factory):
    folder = tmp_path_factory.mktemp("proper")
    (folder / "ca.cnf").write_text(CA)
    openssl(folder, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "ca.key")
    openssl(folder, "req", "-x509", "-new", "-key", "ca.key", "-sha256", "-days", 1000, "-config", "ca.cnf", "-out", "ca.pem")
    certificates = [proper_certificate(folder, host, kind) for host in gw.HOSTS for kind in ("ecdsa", "rsa")]
    return folder, certificates


def test_nothing_at_low_or_above(ports, proper):
    folder, certificates = proper
    testssl = shutil.which("testssl") or shutil.which("testssl.sh")
    assert testssl, "testssl.sh is not installed; ./dev hostile installs it"
    with gw.Gateway(ports, folder, lambda s: s["tls"].update(certificates=certificates)) as gateway:
        host = f"portal.{gw.DOMAIN}"
        out = folder / "testssl.json"
        done = subprocess.run([testssl, "--quiet", "--color", "0", "--warnings", "batch", "--add-ca", str(folder / "ca.pem"), "--ip", "127.0.0.1",
                               "--jsonfile", str(out), f"{host}:{gateway.https}"], capture_output=True, text=True, timeout=1500, stdin=subprocess.DEVNULL)
        copy = os.environ.get("SEKISHO_TESTSSL_LOG")
        if copy:
            pathlib.Path(copy).write_text(done.stdout)
    found = json.loads(out.read_text())
    assert len(found) > 80, done.stdout[-3000:]
    bad = [f"{one['severity']} {one['id']}: {one['finding']}" for one in found
           if one["severity"] in WORSE and not any(one["id"].startswith(name) for name in EXPECTED)]
    assert not bad, "\n".join(bad)
    offered = {one["id"]: one["finding"] for one in found}
    assert any(name.startswith("OCSP_stapling") and finding.startswith("offered") for name, finding in offered.items()), "the staple is seen"
