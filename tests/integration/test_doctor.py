"""Goal: `sekisho doctor` names what is wrong with this machine for this configuration, and changes nothing.
Method: the real binary beside a running gateway, then with an upstream that is gone and one that proves nothing."""
import json
import socket
import subprocess

import gateway as gw


def doctor(path, *options):
    return subprocess.run([gw.binary(), "doctor", "--config", path, *options], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60)


def symptoms(path):
    return {s["id"]: s for s in json.loads(doctor(path, "--json").stdout)}


def changed(gateway, change):
    change(gateway.setup.sections)
    beside = gateway.folder / "changed.yaml"
    beside.write_text(gateway.setup.text())
    return beside


def test_a_running_gateway_is_no_stranger_on_its_ports(shared):
    found = symptoms(shared.config)
    assert not {"port-in-use", "port-refused", "upstream-unreachable", "data-of-another"} & set(found), found


def test_faults_are_named_with_a_remedy_in_both_languages(ports, certs, fresh_gateway):
    running = fresh_gateway()
    gone = gw.free_port()
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        path = changed(running, lambda s: (
            s["upstreams"].update(wiki={"url": f"http://127.0.0.1:{gone}"},
                                  files={"url": f"https://127.0.0.1:{running.https}"},
                                  chat={"url": "http://no-such-name.invalid:80"}),
            s["ops"].update(listen=f"127.0.0.1:{silent.getsockname()[1]}", admin_socket="run/none.sock")))
        english, japanese, found = doctor(path), doctor(path, "--lang", "ja"), symptoms(path)
    assert english.returncode == 1 and japanese.returncode == 1
    assert {"upstream-unreachable", "upstream-unverified", "upstream-unknown", "port-in-use"} <= set(found)
    assert "Connection refused" in found["upstream-unreachable"]["en"]
    for symptom in found.values():
        assert symptom["remedy_en"] and symptom["remedy_ja"]
    assert "[port-in-use]" in english.stdout and "remedy: " in english.stdout and "対処: " in japanese.stdout


def test_without_a_configuration_it_cannot_run(tmp_path):
    done = doctor(tmp_path / "none.yaml")
    assert done.returncode == 2 and "none.yaml" in done.stderr
