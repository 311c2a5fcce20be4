"""What the packaging tests share: the package, and the program it was made from."""
import functools
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"


def run(*command, check=True, **more):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300, **more)
    assert not check or done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def program():
    for place in (os.environ.get("SEKISHO_BINARY"), ROOT / "build/release/sekisho", ROOT / "build/dev/sekisho"):
        if place and pathlib.Path(place).exists():
            return pathlib.Path(place)
    raise AssertionError("no gateway has been built: ./dev build release")


@functools.lru_cache(maxsize=None)
def package():
    named = os.environ.get("SEKISHO_PACKAGE")
    found = [pathlib.Path(named)] if named else sorted((ROOT / "build/package").glob("sekisho_*.deb"))
    assert found, "no package has been made: ./dev package"
    return found[-1].resolve()


def sekisho(*arguments, language="en", check=True):
    return run(program(), "--lang", language, *arguments, check=check)


def verbs():
    """Every verb as a list of words, from the help of the program itself."""
    def below(path):
        text = sekisho(*path, "--help").stdout
        part = text.partition("Subcommands:\n")[2]
        for line in part.splitlines():
            word = line[2:].split(" ")[0] if line.startswith("  ") else ""
            if word and word[0] != " ":
                yield path + [word]
                yield from below(path + [word])
    return list(below([]))
