#!/bin/sh
# Fetches what the tests drive for real: Chromium, PostgreSQL, Poppler, the Claude Code CLI, a
# Collector, Kafka, Phoenix, JavaScript exporters. Idempotent; under a second when all is there. What cannot be
# had is named on stderr and its tests skip (or fail, where CI=true: see tests/support/requirements.py).
set -u
cd "$(dirname "$0")/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/agentaudit-ci
claude_version=2.1.330
claude_dir=$cache/claude-code-$claude_version
js_exporters_version=0.223.1
oidc_provider_version=9.13.3  # likewise
kafka_version=4.1.0
phoenix_version=20.26.1
helm_version=3.19.0
rotel_version=0.0.1a15
atheris_version=3.0.0
schemathesis_version=4.32.5

have() { command -v "$1" >/dev/null 2>&1; }
missing() { echo "test-setup: $1" >&2; }

have_postgresql() { have pg_ctl || ls /usr/lib/postgresql/*/bin/pg_ctl >/dev/null 2>&1; }
have_chromium() { have chromium || have chromium-browser || have google-chrome; }
have_fonts() { have fc-list && [ -n "$(fc-list : family 2>/dev/null | head -n 1)" ]; }

system_packages() {
  wanted=
  have_chromium || wanted="$wanted chromium"
  have_postgresql || wanted="$wanted postgresql"
  have zsh || wanted="$wanted zsh"
  have fish || wanted="$wanted fish"
  have groff || wanted="$wanted groff-base"
  have systemd-analyze || wanted="$wanted systemd"
  have pdftotext || wanted="$wanted poppler-utils"
  have_fonts || wanted="$wanted fontconfig fonts-dejavu-core"
  have npm || [ -x "$(claude_binary)" ] || wanted="$wanted npm"
  [ -n "$wanted" ] || return 0
  if have apt-get && [ "$(id -u)" = 0 ]; then
    echo "test-setup: installing$wanted ..." >&2
    apt-get update -qq >/dev/null
    # shellcheck disable=SC2086  # a list of words
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $wanted \
      >/dev/null </dev/null || missing "apt-get could not install$wanted"
  else
    missing "not installed, their tests skip:$wanted"
  fi
}

claude_binary() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) platform=linux-x64 ;;
    Linux-aarch64) platform=linux-arm64 ;;
    Darwin-arm64) platform=darwin-arm64 ;;
    Darwin-x86_64) platform=darwin-x64 ;;
    *) platform=unknown ;;
  esac
  echo "$claude_dir/node_modules/@anthropic-ai/claude-code-$platform/claude"
}

# from_npm FOLDER WHAT PACKAGE...: installed aside and renamed, so that an interrupted download is
# never taken for a whole one.
from_npm() {
  folder=$1 what=$2
  shift 2
  have npm || { missing "no npm, so no $what: its tests skip"; return 1; }
  aside=$folder.$$
  mkdir -p "$aside"
  if npm install --prefix "$aside" --no-audit --no-fund --no-save --ignore-scripts --loglevel=error \
    "$@" >/dev/null </dev/null; then
    rm -rf "$folder"
    mv "$aside" "$folder"
  else
    rm -rf "$aside"
    missing "npm could not fetch $what: its tests skip"
    return 1
  fi
}

claude_code() {
  [ -x "$(claude_binary)" ] && return 0
  echo "test-setup: fetching Claude Code $claude_version (about 100 MB, once) ..." >&2
  from_npm "$claude_dir" "Claude Code" "@anthropic-ai/claude-code@$claude_version" || return 0
  [ -x "$(claude_binary)" ] || missing "no Claude Code binary for this platform: its tests skip"
}

js_exporters() {
  folder=$cache/js-exporters-$js_exporters_version
  [ -d "$folder" ] && return 0
  from_npm "$folder" "JavaScript exporter" \
    "@opentelemetry/exporter-trace-otlp-grpc@$js_exporters_version" \
    "@opentelemetry/exporter-trace-otlp-http@$js_exporters_version" \
    "@opentelemetry/exporter-trace-otlp-proto@$js_exporters_version"
}

oidc_provider() {
  folder=$cache/oidc-provider-$oidc_provider_version
  [ -d "$folder" ] && return 0
  from_npm "$folder" "identity provider" "oidc-provider@$oidc_provider_version"
}

collector() {
  [ -x scripts/build-collector.sh ] || return 0
  scripts/build-collector.sh </dev/null >/dev/null || missing "no Collector: its tests skip"
}

compose() {
  have go || { missing "no Go, so no loader of compose files: its tests skip"; return 0; }
  scripts/build-compose.sh </dev/null >/dev/null || missing "no loader of compose files: its tests skip"
}

helm_command() {
  have helm && return 0
  folder=$cache/helm-$helm_version
  [ -x "$folder/helm" ] && return 0
  have go || { missing "no Go, so no Helm: tests of the chart skip"; return 0; }
  echo "test-setup: building Helm $helm_version (minutes, once) ..." >&2
  aside=$folder.$$
  if GOBIN=$aside GOFLAGS= go install "helm.sh/helm/v3/cmd/helm@v$helm_version" >/dev/null 2>&1 </dev/null; then
    mv "$aside" "$folder"
  else
    rm -rf "$aside"
    missing "Helm could not be built: tests of the chart skip"
  fi
}

kafka() {
  folder=$cache/kafka-$kafka_version
  [ -d "$folder" ] && return 0
  have java && have mvn || { missing "no Java with Maven, so no Kafka: its tests skip"; return 0; }
  aside=$folder.$$
  if mvn --quiet --batch-mode --file scripts/kafka-pom.xml dependency:copy-dependencies \
    -DoutputDirectory="$aside" -DincludeScope=runtime >/dev/null </dev/null; then
    mv "$aside" "$folder"
  else
    rm -rf "$aside"
    missing "Maven could not fetch Kafka: its tests skip"
  fi
}

# A backend of another maker, for enriched spans to arrive at; not among our own dependencies.
phoenix() {
  folder=$cache/phoenix-$phoenix_version
  [ -x "$folder/bin/phoenix" ] && return 0
  [ -x .venv/bin/uv ] || { missing "no uv, so no Phoenix: its tests skip"; return 0; }
  echo "test-setup: fetching Arize Phoenix $phoenix_version (650 MB on disk, once) ..." >&2
  rm -rf "$folder"
  .venv/bin/uv venv --quiet --python .venv/bin/python "$folder" </dev/null &&
    .venv/bin/uv pip install --quiet --python "$folder/bin/python" \
      "arize-phoenix==$phoenix_version" </dev/null >/dev/null ||
    { rm -rf "$folder"; missing "Phoenix could not be fetched: its tests skip"; }
}

# A collector of another maker, in Rust. Its wheel is for CPython 3.11 and wants that Python's library.
rotel() {
  folder=$cache/rotel-$rotel_version
  [ -d "$folder" ] && return 0
  [ -x .venv/bin/uv ] || { missing "no uv, so no rotel: its tests skip"; return 0; }
  aside=$folder.$$
  if .venv/bin/uv venv --quiet --python .venv/bin/python "$aside" </dev/null &&
    .venv/bin/uv pip install --quiet --no-deps --python "$aside/bin/python" \
      "rotel==$rotel_version" </dev/null >/dev/null; then
    mv "$aside" "$folder"
  else
    rm -rf "$aside"
    missing "rotel could not be fetched: its tests skip"
  fi
}

# `make fuzz` alone needs them: atheris has wheels for Linux only, so the other fuzzers do without.
fuzzers() {
  folder=$cache/fuzzers-atheris-$atheris_version-schemathesis-$schemathesis_version
  [ -x "$folder/bin/schemathesis" ] && return 0
  [ -x .venv/bin/uv ] || { missing "no uv, so no fuzzers of others"; return 0; }
  aside=$folder.$$
  if .venv/bin/uv venv --quiet --relocatable --python .venv/bin/python "$aside" </dev/null &&
    .venv/bin/uv pip install --quiet --python "$aside/bin/python" \
      "atheris==$atheris_version" "schemathesis==$schemathesis_version" </dev/null >/dev/null; then
    mv "$aside" "$folder"
  else
    rm -rf "$aside"
    missing "atheris and schemathesis could not be fetched: make fuzz goes without"
  fi
}

# Compiled once here, else by every relay and server that a test starts.
patterns() {
  [ -x .venv/bin/python ] || return 0
  .venv/bin/python -c 'from agentaudit_processor.pipeline import Judge; Judge.load().speed_up()' </dev/null
}

# A part alone, for what needs no more: `make fuzz`, `make bench ARGS=neighbours`.
case "${1:-}" in
  fuzzers) fuzzers; exit 0 ;;
  neighbours) system_packages; phoenix; rotel; exit 0 ;;
esac
system_packages
claude_code
js_exporters
oidc_provider
collector
compose
helm_command
kafka
phoenix
rotel
patterns
exit 0
