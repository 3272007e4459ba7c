"""Writes all that is generated; with `--check`, fails if one of the files differs.

A new generated page is one function that gives its text, and one line in `PAGES`.
"""

import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from agent_settings import FILES as AGENT_SETTINGS
from attribute_registry import attributes_code, attributes_page
from conformance_page import conformance_page
from controls_page import controls_page
from hook_commands import FILES
from rules_page import rules_page
from settings_page import settings_page

ROOT = Path(__file__).parent.parent
PAGES: dict[str, Callable[[], str]] = {
    "docs/attributes.md": attributes_page,
    "processor/agentaudit_processor/attributes.py": attributes_code,
    "docs/conformance.md": conformance_page,
    "docs/controls.md": controls_page,
    "docs/rules.md": rules_page,
    "docs/settings.md": settings_page,
    **AGENT_SETTINGS,
    **FILES,
}


def main() -> int:
    """Write or check every page; gives the exit code."""
    stale = []
    for name, text_of in PAGES.items():
        path, text = ROOT / name, text_of()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv[1:]:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    if stale and "--check" in sys.argv[1:]:
        print(f"out of date: {', '.join(stale)}. Run: make generate")  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
