#!/usr/bin/env python3
"""Runs the steps of docker/Dockerfile in clean Debian roots, one per stage, and then the image as it is meant to run: as its
user, with a read-only root, its health asked by its own HEALTHCHECK. No image is pulled: a stage's base is made by debootstrap.

    image_check.py        as root"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from bare_root import BareRoot, Failed  # noqa: E402

ROOT = HERE.parents[1]


def instructions(text):
    """[(name, rest)], continued lines joined, comments dropped."""
    text = re.sub(r"^#.*\n", "", text, flags=re.M)
    text = re.sub(r"\\\n", " ", text)
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


class Stage:
    def __init__(self, root):
        self.root, self.folder, self.user, self.facts = root, "/", "0:0", {}

    def copy_tree(self, to):
        files = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "-C", ROOT, "ls-files", "-z"], capture_output=True, check=True).stdout
        (self.root.root / to.lstrip("/")).mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(["tar", "-C", ROOT, "--null", "--no-recursion", "-T", "-", "-cf", "-"], input=files, capture_output=True, check=True).stdout
        subprocess.run(["tar", "-C", self.root.root / to.lstrip("/"), "--no-same-owner", "-xf", "-"], input=packed, check=True)

    def step(self, name, rest, stages):
        print(f"  {name} {rest[:100]}", flush=True)
        if name == "RUN":
            self.root.run(rest, folder=self.folder, timeout=7200)
        elif name == "WORKDIR":
            self.folder = rest
        elif name == "USER":
            self.user = rest
        elif name == "COPY" and rest.startswith("--from="):
            source, path, to = re.match(r"--from=(\S+) (\S+) (\S+)", rest).groups()
            shutil.copy(stages[source].root.root / path.lstrip("/"), self.root.root / to.lstrip("/"))
        elif name == "COPY":
            assert rest.split()[0] == ".", rest
            self.copy_tree(rest.split()[1])
        elif name in ("VOLUME", "ENTRYPOINT", "CMD"):
            self.facts[name] = json.loads(rest)
        elif name == "HEALTHCHECK":
            self.facts[name] = json.loads(rest[rest.index("["):])
        elif name not in ("EXPOSE", "STOPSIGNAL"):
            raise Failed(f"a step unknown here: {name}")


def use(stage):
    volumes = stage.facts["VOLUME"]
    binds = " && ".join(f"mount --bind {v} {v}" for v in volumes)
    stage.root.run(f"mount --bind / /mnt && {binds.replace('/etc', '/mnt/etc').replace('/var', '/mnt/var')} && mount -o remount,bind,ro /mnt")
    inside = lambda words: f"chroot --userspec={stage.user} /mnt /usr/bin/env -i PATH=/usr/bin:/bin {words}"
    refused = stage.root.run(inside("touch /usr/bin/x"), check=False)
    assert refused.returncode, "the root is not read-only"
    stage.root.run(inside("sekisho init --portal portal.localhost:18443 --listen 127.0.0.1:18443"))
    entry = " ".join(stage.facts["ENTRYPOINT"] + stage.facts["CMD"])
    health = inside(" ".join(stage.facts["HEALTHCHECK"]))
    assert stage.root.run(health, check=False).returncode == 1, "healthy before it runs"
    stage.root.run(f"({inside(entry)} >/tmp/log 2>&1 & echo $! >/tmp/pid)")
    for _ in range(100):
        if stage.root.run(health, check=False).returncode == 0:
            break
        time.sleep(0.2)
    else:
        raise Failed("never healthy: " + stage.root.run("tail -n 20 /tmp/log", check=False).stdout)
    who = stage.root.run("stat -c %u /proc/$(cat /tmp/pid)").stdout.strip()
    assert who == stage.user.split(":")[0], who
    stage.root.run("kill -TERM $(cat /tmp/pid)")
    print(f"  served as user {who} on a read-only root; HEALTHCHECK told ready from not")


def main():
    stages, current = {}, None
    roots = []
    try:
        for name, rest in instructions((ROOT / "docker/Dockerfile").read_text()):
            if name == "FROM":
                base, label = re.match(r"debian:(\w+)-slim(?: AS (\w+))?$", rest).groups()
                print(f"FROM {rest}", flush=True)
                roots.append(BareRoot(base).__enter__())
                current = Stage(roots[-1])
                stages[label or "image"] = current
            else:
                current.step(name, rest, stages)
        use(stages["image"])
    except (Failed, AssertionError) as why:
        print(f"FAILED: {why}")
        return 1
    finally:
        for root in roots:
            root.__exit__()
    print("1 passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
