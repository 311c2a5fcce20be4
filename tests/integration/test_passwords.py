"""Goal: nobody gets a password that is on the operator's list, and everybody else does. Method: a list made
by the command line, and people who choose passwords on the pages."""
import json
import subprocess

import pytest

import gateway as gw
import sekisho_client as client


def make_list(folder, *words):
    """A list of refused passwords, made as an operator would."""
    plain, listed = folder / "words.txt", folder / "refused.txt"
    plain.write_text("".join(word + "\n" for word in words))
    done = subprocess.run([str(gw.binary()), "passwords", "list", str(plain), "--to", str(listed)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return listed


def test_a_listed_password_is_refused_on_activation_and_on_change(fresh_gateway, tmp_path):
    listed = make_list(tmp_path, "Tasty Tea Leaves", "gaga ががが leaves", "short")
    assert len(listed.read_text().split()) == 3, "two words of eight characters or more, and one of them in lower case too"
    gateway = fresh_gateway(lambda s: s.update(factors={"refused_passwords": str(listed)}))
    link = json.loads(gateway.cli("users", "add", "sato", "--json"))["link"]
    for typed in ("Tasty Tea Leaves", "tasty tea leaves", "TASTY TEA LEAVES", "gaga か\u3099か\u3099か\u3099 leaves", "password123"):
        browser = gateway.browser()
        page = browser.go(link)
        form = client.find_form(page, "new-password")
        page = browser.submit(page, form, form.fill(new_password=typed))
        assert page.status == 422, typed
        assert typed not in page.text
    account = client.activate(gateway.browser(), link, "sato", "tasty tea leaf", lambda: 0.0)
    browser = gateway.signed_in(account)
    page = browser.go(gateway.url("portal", "/.sekisho/account"))
    form = client.find_form(page, "current-password", "new-password")
    refused = browser.submit(page, form, form.fill(current_password=account.password, new_password="tasty tea leaves"))
    assert refused.status == 422


def test_a_list_that_is_none_is_named_before_anything_starts(fresh_gateway, tmp_path):
    gateway = fresh_gateway()
    words = tmp_path / "words.txt"
    words.write_text("password\nletmein\n")
    gateway.setup.sections["factors"] = {"refused_passwords": str(words)}
    gateway.write_config()
    done = subprocess.run([str(gateway.program), "check", "--config", str(gateway.config)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert str(words) in done.stdout + done.stderr and "sekisho passwords list" in done.stdout + done.stderr


@pytest.mark.parametrize("content", ["", "short\nwords\n", "\n\n"])
def test_nothing_is_written_for_words_that_are_none(tmp_path, content):
    words, listed = tmp_path / "words.txt", tmp_path / "refused.txt"
    words.write_text(content)
    for source in (words, tmp_path / "absent.txt"):
        done = subprocess.run([str(gw.binary()), "passwords", "list", str(source), "--to", str(listed)], capture_output=True, text=True, timeout=60)
        assert done.returncode == 2 and done.stderr
        assert not listed.exists()
