"""Every command, make target and setting that the documentation names exists as written."""

import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from agentaudit_hook.client import VERBS
from tests.support.markdown import ROOT, MarkdownPage, pages

PAGES = [page for page in pages() if page.name != "CHANGELOG.md"]
COMMAND = re.compile(r"(?:^|[\s/])(agentaudit(?:-hook)?)((?: [a-z][a-z-]*)*)((?: --?[\w-]+.*)?)$")
OPTION = re.compile(r"(?<=\s)--[a-z][a-z-]*")
SETTING = re.compile(r"\bAGENTAUDIT_[A-Z0-9_]+\b")
TARGET = re.compile(r"(?:^|\s)make ([a-z][a-z0-9-]*)")


@cache
def help_of(program: str, *words: str) -> str | None:
    """The help text of a command, None if there is no such command."""
    if program == "agentaudit-hook" and words and words[0] in VERBS:
        return ""  # it has no options, and running it would record an event of this very user
    path = shutil.which(program, path=str(Path(sys.executable).parent))
    assert path, f"{program} is not installed beside this Python"
    answer = subprocess.run(
        [path, *words, "--help"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    return answer.stdout if answer.returncode == 0 else None


def commands(page: MarkdownPage) -> set[tuple[str, str, str]]:
    """`(program, verb and sub-verb, all that follows)` of each command a page shows as code."""
    found = set()
    for code in page.code():
        for part in re.split(r"""[|;&"()]|\s#\s|\s{3,}""", code):
            match = COMMAND.search(part.strip().removeprefix("$ "))
            if match:
                found.add((match[1], match[2].strip(), match[3]))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_option_exists(page: MarkdownPage) -> None:
    unknown = []

    for program, verbs, options in sorted(commands(page)):
        text = help_of(program, *verbs.split())
        if text is None:
            unknown.append(f"{program} {verbs}")
        else:
            missing = [option for option in OPTION.findall(options) if option not in text]
            unknown += [f"{program} {verbs} {option}" for option in missing]

    assert [] == unknown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_is_listed_where_it_is_explained(page: MarkdownPage) -> None:
    explained = ("docs/settings.md", "docker-compose.yml", "otel-collector-config.yaml")
    listed = "\n".join((ROOT / name).read_text(encoding="utf-8") for name in explained)

    unknown = [name for name in set(SETTING.findall(page.text)) if name not in listed]

    assert [] == unknown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_exists(page: MarkdownPage) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", makefile, re.MULTILINE))

    named = {target for code in page.code() for target in TARGET.findall(code)}

    assert named <= targets


def test_the_commands_of_the_guide_are_found_at_all() -> None:
    """Guards the two tests above: with no command found they would pass over nothing."""
    guide = MarkdownPage(ROOT / "docs" / "guides" / "audit-claude-code-session.md")

    verbs = {verb for _, verb, _ in commands(guide)}

    assert {"pre", "post", "install", "doctor", "key create"} <= verbs
