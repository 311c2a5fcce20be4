"""What the house tests share: where the tree is and which files are ours."""
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLOORS = ("base", "config", "telemetry", "policy", "auth", "gateway")
SKIPPED = {"build", ".git", "node_modules", ".demo", ".demo-check", "__pycache__", ".pytest_cache", ".venv"}


def files(*suffixes, under=None):
    """Every file of the tree with one of these suffixes, sorted."""
    found = []
    for folder, folders, names in os.walk(ROOT / under if under else ROOT):
        folders[:] = sorted(f for f in folders if f not in SKIPPED)
        found += [pathlib.Path(folder) / n for n in sorted(names) if n != ".git" and (not suffixes or n.endswith(suffixes))]
    return found


def name(path):
    return str(path.relative_to(ROOT))


def sources():
    """The product's own C++: headers and sources of every floor."""
    return [p for floor in FLOORS for p in files(".hpp", ".cpp", ".inc", under=floor)]


def text_files():
    """Every file that git would keep and that reads as UTF-8 text."""
    for path in files():
        if path.is_symlink() or "corpus" in path.parts or path.suffix in (".png", ".bin"):
            continue
        try:
            yield path, path.read_text()
        except UnicodeDecodeError:
            continue


def debian():
    done = subprocess.run(". /etc/os-release && echo $VERSION_ID", shell=True, capture_output=True, text=True)
    return done.stdout.strip()
