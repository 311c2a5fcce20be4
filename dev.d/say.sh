# What ./dev says: numbered steps in plain words, and one clear sentence when it has to stop.
step_now=0
step_all=1
step_began=$SECONDS

steps() { step_now=0; step_all=$1; }

# step SENTENCE [ESTIMATE]: begins the next numbered step.
step() {
  step_now=$((step_now + 1))
  step_began=$SECONDS
  if [ $# -gt 1 ]; then
    printf '[%d/%d] %s (about %s)\n' "$step_now" "$step_all" "$1" "$2"
  else
    printf '[%d/%d] %s\n' "$step_now" "$step_all" "$1"
  fi
}

say() { printf '      %s\n' "$*"; }
step_done() { say "done in $(span $((SECONDS - step_began)))"; }

fail() {
  printf '\n./dev stopped: %s\n' "$*" >&2
  exit 2
}

# span SECONDS: "40 s" or "3 min 10 s".
span() {
  if [ "$1" -lt 60 ]; then printf '%d s' "$1"; else printf '%d min %d s' $(($1 / 60)) $(($1 % 60)); fi
}

# last_time NAME DEFAULT: what this machine needed last time, in words.
last_time() {
  local file="$ROOT/build/.times/$1"
  if [ -s "$file" ]; then span "$(cat "$file")"; else printf '%s' "$2"; fi
}

keep_time() {
  mkdir -p "$ROOT/build/.times"
  printf '%d' "$2" >"$ROOT/build/.times/$1"
}
