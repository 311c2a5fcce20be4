# Who runs things. Root installs and builds; gateway, apps, browser and tests then run as a
# user of their own, from a copy in a folder only that user can open.
RUN_USER=sekisho-run
RUN_HOME=/var/tmp/sekisho-run

# A folder per checkout, so that two of them do not meet.
stage_folder() { printf '%s/%s' "$RUN_HOME" "$(printf '%s' "$ROOT" | sha256sum | cut -c1-12)"; }

make_run_user() {
  id "$RUN_USER" >/dev/null 2>&1 && return 0
  say "root does not run what it built: making the system user '$RUN_USER'"
  useradd --system --user-group --home-dir "$RUN_HOME" --no-create-home --shell /usr/sbin/nologin "$RUN_USER" 2>/dev/null ||
    fail "the system user '$RUN_USER' could not be made."
}

# /var/tmp is everybody's: what somebody else put there under our name is not ours.
make_run_home() {
  if mkdir -m 0700 "$RUN_HOME" 2>/dev/null; then chown "$RUN_USER:" "$RUN_HOME"; fi
  if [ -L "$RUN_HOME" ] || [ "$(stat -c '%U %a' "$RUN_HOME")" != "$RUN_USER 700" ]; then
    fail "$RUN_HOME exists and does not belong to '$RUN_USER' alone. Remove it and start again."
  fi
}

tracked_files() {
  if git -c safe.directory="$ROOT" -C "$ROOT" rev-parse --git-dir >/dev/null 2>&1; then
    git -c safe.directory="$ROOT" -C "$ROOT" ls-files -z --cached --others --exclude-standard --deduplicate |
      while IFS= read -r -d '' name; do if [ -e "$name" ] || [ -L "$name" ]; then printf '%s\0' "$name"; fi; done
  else
    find . \( -name .git -o -name build -o -name node_modules -o -name .demo \) -prune -o -type f -print0
  fi
}

# stage_tree: a fresh copy of the sources (never of earlier builds' objects) for the run-time user.
stage_tree() {
  local stage
  stage=$(stage_folder)
  make_run_user
  make_run_home
  as_runner rm -rf "$stage/tree"
  as_runner mkdir -p "$stage/tree/build" "$stage/home"
  tracked_files | tar --null --no-recursion -T - -cf - | as_runner tar -C "$stage/tree" --no-same-owner -xf -
}

# stage_binaries PRESET...: the programs of a build, without its objects.
stage_binaries() {
  local preset
  for preset in "$@"; do
    as_runner mkdir -p "$(stage_folder)/tree/build/$preset"
    (cd "$ROOT/build/$preset" && find . -maxdepth 1 -type f -perm -u+x -print0 | tar --null -T - -cf -) |
      as_runner tar -C "$(stage_folder)/tree/build/$preset" --no-same-owner -xf -
  done
}

# stage_folder_copy FOLDER: a folder that git does not keep, e.g. what npm brought.
stage_folder_copy() { tar -C "$ROOT" -cf - "$1" | as_runner tar -C "$(stage_folder)/tree" --no-same-owner -xf -; }

# as_runner COMMAND...: with a clean environment and no way back to root.
as_runner() {
  setpriv --reuid="$RUN_USER" --regid="$RUN_USER" --init-groups --no-new-privs --reset-env \
    env -C / HOME="$(stage_folder)/home" PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin LANG=C.UTF-8 \
    ${CI:+CI="$CI"} ${TERM:+TERM="$TERM"} "$@"
}

# prepare_place PRESET...: afterwards PLACE is the tree to run from and `run` runs there.
PLACE=$ROOT
prepare_place() {
  if [ "$(id -u)" != 0 ]; then return 0; fi
  stage_tree
  stage_binaries "$@"
  PLACE=$(stage_folder)/tree
}

run() {
  if [ "$(id -u)" = 0 ]; then
    as_runner env -C "$PLACE" "$@"
  else
    (cd "$PLACE" && exec "$@")
  fi
}

# Where the demo keeps its accounts; for root a link in the checkout leads there.
demo_folder() {
  if [ "$(id -u)" = 0 ]; then printf '%s/demo' "$(stage_folder)"; else printf '%s/.demo' "$ROOT"; fi
}
