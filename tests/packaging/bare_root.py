"""A bare Debian to try things in: made by debootstrap from the archive this machine itself uses, entered by chroot in a
mount namespace of its own, removed at the end."""
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

HOST_APT = pathlib.Path("/etc/apt")


class Failed(Exception):
    pass


def archive():
    """The address of the archive, from apt's own configuration."""
    for path in [HOST_APT / "sources.list", *sorted((HOST_APT / "sources.list.d").glob("*"))]:
        if path.exists():
            found = re.search(r"^(?:deb(?: \[[^\]]*\])?|URIs:)\s+(\S+?)/?(?:\s|$)", path.read_text(), re.M)
            if found and "security" not in found[1]:
                return found[1]
    raise Failed("apt's configuration names no archive")


class BareRoot:
    def __init__(self, suite, include=()):
        self.suite, self.include = suite, include
        self.place = pathlib.Path(tempfile.mkdtemp(prefix=f"sekisho-{suite}-", dir="/var/tmp"))
        self.root = self.place / "root"

    def __enter__(self):
        command = ["debootstrap", "--variant=minbase", f"--include={','.join(['ca-certificates', *self.include])}", self.suite, self.root, archive()]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=1800)
        if done.returncode:
            shutil.rmtree(self.place, ignore_errors=True)
            raise Failed(f"debootstrap {self.suite}:\n{done.stdout[-1500:]}{done.stderr[-500:]}")
        # How this machine reaches the archive holds in there too.
        for path in ("apt.conf.d", "trusted.gpg.d", "auth.conf.d"):
            if (HOST_APT / path).is_dir():
                shutil.copytree(HOST_APT / path, self.root / "etc/apt" / path, dirs_exist_ok=True)
        for path in ("ssl/certs/ca-certificates.crt", "resolv.conf", "hosts"):
            source, to = pathlib.Path("/etc") / path, self.root / "etc" / path
            if source.exists():
                to.parent.mkdir(parents=True, exist_ok=True)
                to.unlink(missing_ok=True)
                shutil.copy(source, to)
        # The root lives for one story: dpkg need not wait for the disk, nor ask about what was copied above.
        (self.root / "etc/dpkg/dpkg.cfg.d/story").write_text("force-unsafe-io\nforce-confold\n")
        self.begin()
        return self

    def __exit__(self, *_):
        self.keeper.kill()
        self.keeper.wait()
        shutil.rmtree(self.place, ignore_errors=True)

    # -- one namespace for the whole story, so that what a command starts outlives it
    def begin(self):
        script = 'cd "$0" && mount -t proc proc proc && mount --rbind /dev dev && exec chroot . sleep infinity'
        self.keeper = subprocess.Popen(["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c", script, str(self.root)])
        for _ in range(100):
            inside = pathlib.Path(f"/proc/{self.keeper.pid}/task/{self.keeper.pid}/children").read_text().split()
            if inside and pathlib.Path(f"/proc/{inside[0]}/comm").read_text().strip() == "sleep":
                self.inside = inside[0]
                return
            time.sleep(0.05)
        raise Failed("the namespace of the bare root did not come up")

    def run(self, script, check=True, timeout=900, folder="/", **environment):
        names = [f"{name}={value}" for name, value in environment.items()]
        command = ["nsenter", "--target", self.inside, "--mount", "--pid", f"--root=/proc/{self.inside}/root", f"--wd=/proc/{self.inside}/root{folder}",
                   "env", "-i", "HOME=/root", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
                   "DEBIAN_FRONTEND=noninteractive", *names, "bash", "-euo", "pipefail", "-c", script]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=timeout)
        if check and done.returncode:
            raise Failed(f"{script}\nexit {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done

    def put(self, path, to):
        target = self.root / to.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
