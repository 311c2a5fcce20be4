"""The pages docs/lint: what `sekisho reference lint` prints, and each rule's two examples, which are tests too.

Run by itself it writes them:  python3 tests/house/lint_pages.py [PROGRAM]
"""
import difflib
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "tests" / "config" / "lint"


def clean(text):
    return text.replace("  # here", "").splitlines()


def example(rule):
    """What differs between the bad and the good example, with the lines around it."""
    bad, good = (clean((EXAMPLES / rule / f"{which}.yaml").read_text()) for which in ("bad", "good"))
    lines = list(difflib.unified_diff(bad, good, lineterm="", n=3))[2:]
    shown = [line if not line.startswith("@@") else "" for line in lines]
    return "\n".join(line.rstrip() for line in shown).strip("\n")


def pages(program):
    done = subprocess.run([str(program), "reference", "lint"], capture_output=True, text=True, check=True)
    parts = re.split(r"<!-- file: (\S+) -->\n", done.stdout)[1:]
    made = {}
    for name, text in zip(parts[::2], parts[1::2]):
        text = text.rstrip() + "\n"
        rule = name[:-len(".md")]
        if name != "README.md":
            text += (f"\n## Example\n\nFound in the lines marked `-`, and gone with those marked `+`:\n\n```diff\n{example(rule)}\n```\n\n"
                     f"The whole files: [bad](../../tests/config/lint/{rule}/bad.yaml), [good](../../tests/config/lint/{rule}/good.yaml). "
                     "All rules: [README.md](README.md)\n")
        made[name] = text
    return made


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "release" / "sekisho"
    folder = ROOT / "docs" / "lint"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.md"):
        old.unlink()
    for name, text in pages(program).items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    main()
