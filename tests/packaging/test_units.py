"""Goal: what systemd is given is as tight as promised and names what exists. Method: systemd's own judge, offline."""
import re

import package as pk

UNITS = pk.PACKAGING / "systemd"


def test_the_service_scores_at_most_one_and_a_half():
    done = pk.run("systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", UNITS / "sekisho.service", check=False)
    assert done.returncode == 0, done.stdout[-400:] + done.stderr
    assert float(re.search(r"Overall exposure level for sekisho.service: (\d+\.\d+)", done.stdout)[1]) <= 1.5


def test_units_are_read_without_a_complaint(tmp_path):
    """verify wants the program it starts: the built one stands in its place."""
    for name in ("sekisho.service", "sekisho.socket"):
        text = (UNITS / name).read_text().replace("/usr/bin/sekisho", str(pk.program()))
        text = re.sub(r"^Documentation=man:.*\n", "", text, flags=re.M)
        (tmp_path / name).write_text(text)
    done = pk.run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", tmp_path / "sekisho.socket", tmp_path / "sekisho.service",
                  env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"}, check=False)
    ours = [line for line in done.stderr.splitlines() if "sekisho" in line]
    assert done.returncode == 0 and not ours, done.stderr


def test_the_commands_of_the_unit_are_verbs_of_the_program():
    text = (UNITS / "sekisho.service").read_text()
    for verb in re.findall(r"^Exec\w+=/usr/bin/sekisho (\S+)", text, re.M):
        assert pk.sekisho(verb, "--help").returncode == 0
    assert len(re.findall(r"^Exec", text, re.M)) == 2


def test_the_user_and_folders_belong_together():
    assert "u sekisho " in (UNITS / "sekisho.sysusers").read_text()
    folders = (UNITS / "sekisho.tmpfiles").read_text()
    assert "/etc/sekisho 0750 root sekisho" in folders and "/var/lib/sekisho 0700 sekisho sekisho" in folders
    assert "User=sekisho" in (UNITS / "sekisho.service").read_text()
