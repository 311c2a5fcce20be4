# ./dev lint: what can be said about the code without running the product.
lint_command() {
  steps 2
  step "Packages"
  need build format
  step "Format and house rules"
  check_format_here
  part house /usr/bin/python3 -m pytest -p no:cacheprovider tests/house -k "not linked_libraries and not reference_pages"
  test_close
}
