#!/usr/bin/env python3
"""Prints the list of parts of a built program as SPDX 2.3 JSON: the program, each library it loads, and the
libraries compiled into it, with the versions dpkg knows.

    sbom.py PROGRAM

The same program on the same system with one SOURCE_DATE_EPOCH gives the same bytes."""
import datetime
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

# Header libraries leave no trace in the program; the packages their headers come from, newest name first.
COMPILED_IN = ["libcli11-dev", "libboost1.81-dev", "libboost1.83-dev"]


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, LC_ALL="C"))
    return done.stdout if done.returncode == 0 else ""


def loaded(program):
    """Library name to file, for what the program itself asks for."""
    needed = re.findall(r"\(NEEDED\).*\[([^\]]+)\]", output("readelf", "-d", program))
    places = dict(re.findall(r"^\s*(\S+) => (\S+)", output("ldd", program), re.M))
    return {name: places[name] for name in sorted(needed) if name in places}


def package_of(path):
    for candidate in (path, os.path.realpath(path), path.removeprefix("/usr")):
        found = output("dpkg-query", "-S", candidate).split(": ")[0]
        if found:
            return found.split(",")[0].split(":")[0]
    return None


def facts_of(package):
    text = output("dpkg-query", "-W", "-f", "${db:Status-Status}\t${Version}\t${source:Package}\n", package)
    rows = [line.split("\t") for line in text.splitlines() if line.startswith("installed")]
    return {"version": rows[0][1], "source": rows[0][2]} if rows else None


def part(package, version, comment):
    return {
        "SPDXID": "SPDXRef-Package-" + re.sub(r"[^A-Za-z0-9.-]", "-", package),
        "name": package,
        "versionInfo": version,
        "supplier": "Organization: Debian",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "comment": comment,
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                          "referenceLocator": f"pkg:deb/debian/{package}@{version}"}],
    }


def parts(program):
    found = {}
    for library, place in loaded(program).items():
        package = package_of(place)
        facts = facts_of(package) if package else None
        if not facts:
            raise SystemExit(f"sbom: dpkg knows no package of {place}: the list of parts would have a hole")
        if package in found:
            found[package]["comment"] += f", {library}"
        else:
            found[package] = part(package, facts["version"], f"loaded as {library}")
    for package in COMPILED_IN:
        facts = facts_of(package)
        if facts:
            found[package] = part(package, facts["version"], "headers compiled in")
    return [found[name] for name in sorted(found)]


def document(program):
    digest = hashlib.sha256(pathlib.Path(program).read_bytes()).hexdigest()
    version = json.loads(output(program, "version", "--json"))["version"]
    when = datetime.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), datetime.timezone.utc)
    listed = parts(program)
    product = part("sekisho", version, "the program, before it is stripped")
    product.update({"SPDXID": "SPDXRef-Sekisho", "supplier": "Organization: The Sekisho maintainers", "licenseConcluded": "Apache-2.0",
                    "licenseDeclared": "Apache-2.0", "checksums": [{"algorithm": "SHA256", "checksumValue": digest}]})
    del product["externalRefs"]
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"sekisho-{version}",
        "documentNamespace": f"https://sekisho.example/spdx/sekisho-{version}-{digest[:16]}",
        "creationInfo": {"created": when.strftime("%Y-%m-%dT%H:%M:%SZ"), "creators": ["Tool: packaging/sbom.py"]},
        "packages": [product, *listed],
        "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-Sekisho"},
                          *({"spdxElementId": "SPDXRef-Sekisho", "relatedSpdxElement": one["SPDXID"],
                             "relationshipType": "DYNAMIC_LINK" if one["comment"].startswith("loaded") else "STATIC_LINK"}
                            for one in listed)],
    }


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: sbom.py PROGRAM")
    print(json.dumps(document(sys.argv[1]), indent=1))
