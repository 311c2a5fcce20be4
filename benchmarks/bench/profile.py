"""A flame graph of the gateway under a scenario's load: perf's samples, folded and drawn here."""
import collections
import html
import re
import shutil
import subprocess
import threading
import zlib

WIDTH, ROW, LEAST = 1600, 17, 0.6  # pixels; narrower boxes are left out


def fold(text):
    """`perf script` to {(outermost, ..., innermost): samples}."""
    stacks, frames = collections.Counter(), []
    for line in [*text.splitlines(), ""]:
        frame = re.match(r"\s+[0-9a-f]+ (.+?)(?:\+0x[0-9a-f]+)? \(([^)]*)\)$", line)
        if frame:
            name = frame[1] if frame[1] != "[unknown]" else f"[{frame[2].rsplit('/', 1)[-1]}]"
            frames.append(re.sub(r"\(.*", "", name) or name)
        elif not line.strip() and frames:
            stacks[tuple(reversed(frames))] += 1
            frames = []
    return stacks


def colour(name):
    seed = zlib.crc32(name.encode())
    return f"rgb({200 + seed % 55},{80 + seed // 55 % 110},{40 + seed // 6050 % 50})"


def draw(stacks, title):
    """The SVG: each box is as wide as its share of the samples, callers below."""
    total, boxes, deepest = sum(stacks.values()), [], 0

    def place(group, depth, x):
        nonlocal deepest
        groups = collections.defaultdict(collections.Counter)
        for stack, count in group.items():
            if len(stack) > depth:
                groups[stack[depth]][stack] += count
        for name in sorted(groups):
            share = sum(groups[name].values())
            width = WIDTH * share / total
            if width >= LEAST:
                deepest = max(deepest, depth)
                boxes.append((depth, x, width, name, share))
                place(groups[name], depth + 1, x)
            x += width

    place(stacks, 0, 0.0)
    height = (deepest + 3) * ROW
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="11">',
           f'<text x="4" y="12">{html.escape(title)}: {total} samples</text>']
    for depth, x, width, name, share in boxes:
        y = height - (depth + 1) * ROW
        label = html.escape(name[:int(width / 6.5)]) if width > 30 else ""
        out.append(f'<g><title>{html.escape(name)}: {100 * share / total:.1f} %</title><rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{ROW - 1}" fill="{colour(name)}"/>'
                   f'<text x="{x + 2:.1f}" y="{y + 12}">{label}</text></g>')
    return "\n".join(out) + "\n</svg>\n"


def own_share(stacks, limit=12):
    """The innermost functions by share of samples."""
    leaves = collections.Counter()
    for stack, count in stacks.items():
        leaves[stack[-1]] += count
    total = sum(leaves.values())
    return [(name, 100 * count / total) for name, count in leaves.most_common(limit)]


def record(pid, work, seconds, folder):
    """Samples `pid` while `work()` runs; the folded stacks, or a sentence why there are none."""
    perf = shutil.which("perf")
    if not perf:
        return "no flame graph: perf is not installed (apt-get install linux-perf)"
    data = folder / "perf.data"
    runner = threading.Thread(target=work)
    runner.start()
    done = subprocess.run([perf, "record", "-q", "-F", "997", "-g", "-e", "cpu-clock", "-p", str(pid), "-o", data, "--", "sleep", str(seconds)], capture_output=True, text=True)
    runner.join()
    if done.returncode:
        return f"no flame graph: perf could not record: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else done.returncode}"
    script = subprocess.run([perf, "script", "-i", data], capture_output=True, text=True)
    stacks = fold(script.stdout)
    return stacks if stacks else "no flame graph: perf took no samples"
