# ./dev demo: the gateway with three apps behind it, for a person or, with --check, for a script.
demo_command() {
  local check=no purposes="build demo" argument
  for argument in "$@"; do
    case $argument in --check) check=yes ;; --with-prometheus) purposes="$purposes watch" ;; esac
  done
  steps 4
  step "Packages"
  # shellcheck disable=SC2086
  need $purposes
  step "Building the gateway" "$(last_time build-release '5 min on two cores')"
  build_preset release sekisho
  step_done
  step "Laying out the demo"
  prepare_place release
  if [ "$(id -u)" = 0 ] && [ ! -d .demo ]; then ln -sfn "$(demo_folder)" .demo; fi
  if [ "$check" = yes ]; then step "Driving the whole story by script" "1 min"; else step "Starting"; fi
  run /usr/bin/python3 docker/demo/run.py --binary "$PLACE/build/release/sekisho" --state "$(demo_folder)" "$@"
}
