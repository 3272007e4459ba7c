#!/bin/sh
# Fetches Codex, Gemini CLI and Copilot CLI from npm for `make e2e-agents` (about 700 MB, once). They are
# cached beside what scripts/test-setup.sh fetches; CI has their recorded payloads instead.
set -u
cache=${XDG_CACHE_HOME:-$HOME/.cache}/agentaudit-ci

fetch() { # folder package
  [ -d "$cache/$1" ] && return 0
  echo "fetch-agents: $2 ..." >&2
  # Installed aside and renamed, so that an interrupted download is never taken for a whole one.
  aside=$cache/$1.$$
  mkdir -p "$aside"
  if npm install --prefix "$aside" --no-audit --no-fund --no-save --loglevel=error "$2" >/dev/null </dev/null; then
    mv "$aside" "$cache/$1"
  else
    rm -rf "$aside"
    echo "fetch-agents: npm could not fetch $2: its tests skip" >&2
  fi
}

fetch codex-0.169.0 @openai/codex@0.169.0
fetch gemini-cli-0.61.0 @google/gemini-cli@0.61.0
fetch copilot-cli-1.0.102 @github/copilot@1.0.102
