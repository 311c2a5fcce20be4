"""Goal: no function grows past 70 lines. Method: braces are counted after comments and strings are blanked;
a block that follows a parameter list is a function."""
import re

from house import files, name, sources

LINES_MAX = 70
TEST_LINES_MAX = 100  # a test may hold its table of cases
NOT_FUNCTIONS = re.compile(r"\b(if|for|while|switch|catch|else|do|namespace|struct|class|enum|union|return)\b")
NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.S)


def blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def functions(text):
    """(name, first line, number of lines) of every block that follows a parameter list."""
    text = re.sub(r"(?m)^\s*#.*(?:\\\n.*)*", blank, NOISE.sub(blank, text))
    open_blocks, statement_from, found = [], 0, []
    for position, sign in enumerate(text):
        if sign == "{":
            before = text[statement_from:position]
            called = re.search(r"([\w~:<>=!+\-*/\[\]&|]+)\s*\([^;{}]*\)[^;{}()]*(?:\([^()]*\))?[^;{}()]*$", before, re.S)
            is_function = bool(called) and not NOT_FUNCTIONS.search(before.strip().split("(")[0])
            open_blocks.append((called[1] if is_function else None, position))
            statement_from = position + 1
        elif sign == "}":
            if open_blocks:
                title, start = open_blocks.pop()
                if title:
                    first, last = text.count("\n", 0, start) + 1, text.count("\n", 0, position) + 1
                    found.append((title, first, last - first + 1))
            statement_from = position + 1
        elif sign == ";":
            statement_from = position + 1
    return found


def test_the_counter_counts():
    body = "\n".join("    step();" for _ in range(80))
    assert functions("void long_one(int a) {\n" + body + "\n}\n") == [("long_one", 1, 82)]
    assert functions('struct A { int b = 1; };\nint f() { return "}{"[0]; }\n') == [("f", 2, 1)]


def test_no_function_over_seventy_lines():
    limits = [(sources() + files(".cpp", under="benchmarks"), LINES_MAX), (files(".cpp", ".hpp", under="tests"), TEST_LINES_MAX)]
    faults = [f"{name(p)}:{line}: {title} has {length} lines" for paths, most in limits for p in paths
              for title, line, length in functions(p.read_text()) if length > most]
    assert not faults, "\n".join(faults)


def test_no_shell_function_over_seventy_lines():
    faults = []
    for path in files(".sh", under="dev.d"):
        start = None
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.match(r"\w+\(\) \{$", line):
                start = number
            elif line == "}" and start:
                if number - start >= LINES_MAX:
                    faults.append(f"{name(path)}:{start}")
                start = None
    assert not faults, "\n".join(faults)
