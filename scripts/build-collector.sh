#!/bin/sh
# Builds the OpenTelemetry Collector of otel-collector-config.yaml and docs/scale from its Go modules,
# for tests: only the components that scripts/collector-builder.yaml lists. Prints the binary's path.
# Needs `go`. Idempotent, and quick once built; the binary is kept outside the checkout.
set -eu
cd "$(dirname "$0")/.."
manifest=scripts/collector-builder.yaml
version=$(sed -n 's/^  version: //p' "$manifest")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/agentaudit-ci/collector-$version
binary=$cache/otelcol

inputs() { cat "$manifest" scripts/build-collector.sh; }
built_from() { [ -x "$binary" ] && inputs | cmp -s - "$cache/inputs"; }

if ! built_from; then
  command -v go >/dev/null || {
    echo "Building the Collector needs Go (https://go.dev/doc/install); 'go' is not on the PATH." >&2
    exit 1
  }
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/build.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  cp "$manifest" "$work/builder.yaml"
  echo "Building the Collector $version; the first time takes some minutes ..." >&2
  (cd "$work" && go run "go.opentelemetry.io/collector/cmd/builder@v$version" \
    --config builder.yaml) >"$cache/build.log" 2>&1 || {
    tail -n 30 "$cache/build.log" >&2
    echo "The Collector was not built; the whole output is in $cache/build.log" >&2
    exit 1
  }
  mv "$work/build/otelcol" "$binary"
  inputs >"$cache/inputs"
fi
echo "$binary"
