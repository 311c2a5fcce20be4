#!/bin/sh
# What the package holds beside the program, made by the program: man pages, completions, the list of parts.
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
python3 "$source/packaging/sbom.py" "$program" >"$share/doc/sekisho/sbom.spdx.json"
# One time for all files, so that two builds of one source give one package.
if [ -n "${SOURCE_DATE_EPOCH:-}" ]; then find "$3" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +; fi
