#!/bin/sh
# What the package holds beside the program: man pages, completions and the list of parts, made by the program; the
# pages people read, with links that hold where they are installed (SARIF's helpUri names them there, config/sarif.cpp).
#   made_files.sh PROGRAM SOURCE_TREE PREFIX
set -eu
program=$1 source=$2 share=$3/share
umask 022

mkdir -p "$share/man/man1" "$share/man/ja/man1" "$share/doc/sekisho" "$share/bash-completion/completions" \
  "$share/zsh/vendor-completions" "$share/fish/vendor_completions.d"
"$program" --lang en manpage | gzip -9n >"$share/man/man1/sekisho.1.gz"
"$program" --lang ja manpage | gzip -9n >"$share/man/ja/man1/sekisho.1.gz"
"$program" --lang en completion bash >"$share/bash-completion/completions/sekisho"
"$program" --lang en completion zsh >"$share/zsh/vendor-completions/_sekisho"
"$program" --lang en completion fish >"$share/fish/vendor_completions.d/sekisho.fish"
gzip -9nc "$source/packaging/debian/changelog" >"$share/doc/sekisho/changelog.Debian.gz"
gzip -9nc "$source/CHANGELOG.md" >"$share/doc/sekisho/changelog.gz"

doc=$share/doc/sekisho
for folder in guides runbooks lint reference decisions; do
  mkdir -p "$doc/$folder"
  install -m 644 "$source/docs/$folder/"*.md "$doc/$folder/"
done
for page in comparison glossary hostile-peers limits revocation security-rules threat-model; do
  install -m 644 "$source/docs/$page.md" "$doc/"
done
mkdir -p "$doc/examples/prometheus" "$doc/examples/grafana"
install -m 644 "$source/docs/examples/sekisho.yaml" "$doc/examples/"
install -m 644 "$source/docker/prometheus/rules.yml" "$doc/examples/prometheus/"
install -m 644 "$source/docker/grafana/dashboards/"*.json "$doc/examples/grafana/"
for example in "$source/tests/config/lint/"*/; do
  mkdir -p "$doc/examples/lint/$(basename "$example")"
  install -m 644 "$example"*.yaml "$doc/examples/lint/$(basename "$example")/"
done
sed -i 's|(../../tests/config/lint/|(../examples/lint/|g' "$doc/lint/"*.md
sed -i 's|(../../docker/prometheus/|(../examples/prometheus/|g' "$doc/runbooks/"*.md
sed -i 's|\[\([^]]*\)\](../benchmarks/[^)]*)|\1|g' "$doc/"*.md  # stays with the sources

python3 "$source/packaging/sbom.py" "$program" >"$share/doc/sekisho/sbom.spdx.json"
# One time for all files, so that two builds of one source give one package.
if [ -n "${SOURCE_DATE_EPOCH:-}" ]; then find "$3" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +; fi
