#!/bin/sh
# Builds, for tests, the program that loads compose files with Docker Compose's own library
# (tests/support/go/compose). Prints its path. Needs `go`; kept outside the checkout.
set -eu
cd "$(dirname "$0")/../tests/support/go/compose"
version=$(sed -n 's/^require .* v//p' go.mod)
binary=${XDG_CACHE_HOME:-$HOME/.cache}/agentaudit-ci/compose-$version/compose
if [ ! -x "$binary" ] || [ main.go -nt "$binary" ]; then
  go build -o "$binary.$$" .
  mv "$binary.$$" "$binary"
fi
echo "$binary"
