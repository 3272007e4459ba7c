#!/bin/sh
# Creates .venv with the locked dependencies and this checkout in it. Idempotent; quick the second time.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
# Trust what the machine trusts: behind a company's proxy the public roots alone are not enough.
export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
  echo "AgenticAudit needs Python 3.11 or newer; '$python' is $("$python" --version 2>&1)." >&2
  echo "Name another one: make $* PYTHON=python3.12" >&2
  exit 1
}

if [ ! -x .venv/bin/python ]; then
  "$python" -m venv .venv || {
    echo "Python's venv module is missing: apt-get install python3-venv (Debian, Ubuntu)." >&2
    exit 1
  }
fi
[ -x .venv/bin/uv ] || .venv/bin/python -m pip install --quiet --disable-pip-version-check uv
.venv/bin/uv pip sync --quiet --require-hashes --python .venv/bin/python requirements.lock
.venv/bin/uv pip install --quiet --no-deps --python .venv/bin/python --editable .

# WeasyPrint lays out text with Pango, a system library.
pango_ok() { .venv/bin/python -c 'import weasyprint' >/dev/null 2>&1; }
if ! pango_ok; then
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "Installing Pango, which PDF export needs ..."
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core >/dev/null
  fi
  pango_ok || {
    echo "PDF export needs Pango; everything else works without it. Install it with one of:" >&2
    echo "  sudo apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0   (Debian, Ubuntu)" >&2
    echo "  sudo dnf install pango    brew install pango" >&2
  }
fi
