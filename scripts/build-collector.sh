#!/bin/sh
# Builds the OpenTelemetry Collector of otel-collector-config.yaml from its Go modules, for tests:
# only the components that scripts/collector-builder.yaml lists. Prints the path of the binary.
# Needs `go`. Idempotent, and quick once built; the binary is kept outside the checkout.
set -eu
cd "$(dirname "$0")/.."
manifest=scripts/collector-builder.yaml
stand_in=tests/collector/headers_setter
version=$(sed -n 's/^  version: //p' "$manifest")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/agentaudit-ci/collector-$version
binary=$cache/otelcol
contrib=github.com/open-telemetry/opentelemetry-collector-contrib/extension/headerssetterextension

inputs() { cat "$manifest" "$stand_in"/go.mod "$stand_in"/extension.go scripts/build-collector.sh; }
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
  if ! (cd "$work" && go mod download "$contrib@v$version") >/dev/null 2>&1; then
    echo "The module proxy has no $contrib v$version:" >&2
    echo "building with the stand-in in $stand_in, which does what our configuration asks of it." >&2
    sed "s#^  - gomod: $contrib .*#  - gomod: agenticaudit.invalid/tests/collector/headers_setter v0.0.0\n    path: $PWD/$stand_in#" \
      "$manifest" >"$work/builder.yaml"
  fi
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
