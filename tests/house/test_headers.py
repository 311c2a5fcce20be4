"""Goal: each public header stands on its own and begins by saying what it is.
Method: the compiler reads each alone; results are kept by content, so only what changed is read again."""
import concurrent.futures
import functools
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from house import FLOORS, ROOT, files, name

FLAGS = ["-std=c++20", "-fsyntax-only", "-x", "c++", f"-I{ROOT}", "-DBOOST_ASIO_NO_DEPRECATED", "-DBOOST_ASIO_SEPARATE_COMPILATION",
         "-DBOOST_BEAST_SEPARATE_COMPILATION", "-DSEKISHO_TEST_HOOKS=1"]


def headers():
    return [p for floor in FLOORS for p in files(".hpp", under=floor)]


@functools.lru_cache(maxsize=None)
def digest(path):
    """Of a header and everything of ours it includes."""
    text = path.read_text()
    sum_ = hashlib.sha256(text.encode())
    for included in re.findall(r'#\s*include\s+"([^"]+)"', text):
        below = ROOT / included
        if below.exists() and below != path:
            sum_.update(digest(below))
    return sum_.digest()


def cache_folder():
    base = pathlib.Path(os.environ.get("SEKISHO_HOUSE_CACHE") or ROOT / "build" / "house")
    try:
        base.mkdir(parents=True, exist_ok=True)
        return base
    except OSError:
        return pathlib.Path(tempfile.mkdtemp())


def compile_alone(compiler, cache, path):
    mark = cache / hashlib.sha256(digest(path) + name(path).encode() + " ".join(f for f in FLAGS if not f.startswith("-I")).encode() + compiler.encode()).hexdigest()
    if mark.exists():
        return None
    done = subprocess.run([compiler, *FLAGS, "-"], input=f'#include "{name(path)}"\n', capture_output=True, text=True)
    if done.returncode:
        return f"{name(path)} does not compile alone:\n{done.stderr[:800]}"
    mark.touch()
    return None


def test_each_header_compiles_alone():
    compiler = shutil.which("g++") or shutil.which("clang++")
    assert compiler, "a C++ compiler is needed"
    cache = cache_folder()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = [f for f in pool.map(lambda p: compile_alone(compiler, cache, p), headers()) if f]
    assert not faults, "\n".join(faults)


def test_each_header_begins_with_a_sentence():
    faults = []
    for path in headers():
        lines = [line for line in path.read_text().splitlines() if line.strip()]
        if lines[0] != "#pragma once":
            faults.append(f"{name(path)}: begins with '#pragma once'")
        elif len(lines) < 2 or not lines[1].startswith("// "):
            faults.append(f"{name(path)}: the second line begins its sentence")
        else:
            words = []
            for line in lines[1:]:
                if not line.startswith("//"):
                    break
                words.append(line[2:].strip())
            if not re.search(r"[.:;]( |$)", " ".join(words)):
                faults.append(f"{name(path)}: no sentence: {' '.join(words)[:80]}")
    assert not faults, "\n".join(faults)
