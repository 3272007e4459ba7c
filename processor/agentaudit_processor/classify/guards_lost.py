"""What takes an agent's record out of its way: settings that lose its hooks, processes ended.

Each is a Deed of its own, `sequence`, whose text tells what is lost:

    unhook PATH     an agent's settings lose hooks that name us, or are replaced or go as a whole
    end SEARCH      processes that this search found are ended

Only the call is looked at, never the file: hooks that stand in it count as ours where the call
names us, and in the settings for all of a person's work where nothing is left that does.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import re2

from agentaudit_processor.classify.deeds import Access, Deed, DeedKind
from agentaudit_processor.classify.saying import REPEATING
from agentaudit_processor.model import Action, Json, ToolCall

MAX_LOSSES = 20
MAX_EDITS = 100
_DELETING = (Access.DELETE, Access.DELETE_TREE, Access.DELETE_FOUND)
_ALTERING = frozenset((Access.WRITE, Access.APPEND, *_DELETING))
_HOMES = (".claude", ".codex", ".gemini", ".copilot", ".github/hooks", "managed-settings")
"""Cheaper to look for than the pattern: most paths are no agent's."""
_EMPTYING = ("truncate ", "cp /dev/null ", "install /dev/null ", "shred ", "tee ", "sponge ")
_EDITS = (("old_string", "new_string"), ("old_str", "new_str"), ("oldString", "newString"))
_CONTENTS = ("content", "file_text", "contents")
_PATCHES = ("input", "patch", "command")
_LINE_EDITORS = ("ed", "ex", "vi", "vim", "nvim")
_ENDING = ("kill", "terminate")
"""What ends a process is called one of these, in every pattern below."""
_OUR_SEARCH = "a search for agentaudit"


def losses(call: ToolCall, deeds: Sequence[Deed]) -> tuple[Deed, ...]:
    """The Deeds that `deeds` of `call` together make."""
    changed = [deed for deed in deeds if deed.access in _ALTERING and _is_settings(deed.text)]
    texts = [
        *(_unhooked(call, deeds, changed) if changed else ()),
        *(_ended(deeds) if any(map(_may_end, deeds)) else ()),
    ]
    return tuple(
        Deed(kind=DeedKind.SEQUENCE, text=text) for text in list(dict.fromkeys(texts))[:MAX_LOSSES]
    )


def _unhooked(call: ToolCall, deeds: Sequence[Deed], changed: Sequence[Deed]) -> Iterator[str]:
    if call.action is Action.FILE_EDIT:
        edits = [*_edits(call.arguments), *_patched(call.arguments)]
        if any(_loses(old, new) for old, new in edits):
            yield from (f"unhook {deed.text}" for deed in changed)
        return
    if call.action is Action.FILE_WRITE:
        written = [text for name in _CONTENTS if isinstance(text := call.arguments.get(name), str)]
        if written and not any(map(_names_us, written)):
            yield from (f"unhook {deed.text}" for deed in changed if _is_for_all(deed.text))
        return
    gone = (deed.text for deed in changed if _is_ours(deed.text) or _is_gone(deed))
    yield from (f"unhook {path}" for path in gone)
    written_to = [deed.text for deed in changed if deed.access is Access.WRITE]
    is_named = any(_names_us(text) for text in call.arguments.values() if isinstance(text, str))
    if any(map(_takes_hooks_out, deeds)) or (is_named and any(map(_is_fed_editor, deeds))):
        yield from (f"unhook {path}" for path in written_to)
    elif not is_named:
        yield from (f"unhook {path}" for path in _replaced(deeds) if _is_for_all(path))


def _takes_hooks_out(deed: Deed) -> bool:
    """Whether a command or program that is about agents' settings takes hooks, or us, out."""
    if deed.kind not in (DeedKind.COMMAND, DeedKind.CODE):
        return False
    return _has(_settings(), deed.text) and _has(_taking_out(), deed.text)


def _is_fed_editor(deed: Deed) -> bool:
    """Whether an editor of lines is given settings; its orders come from elsewhere."""
    is_editor = deed.kind is DeedKind.COMMAND and _program(deed.text) in _LINE_EDITORS
    return is_editor and _has(_settings(), deed.text)


def _replaced(deeds: Sequence[Deed]) -> Iterator[str]:
    """Settings of which nothing is left but what a command says, if anything."""
    doing = ""
    for at, deed in enumerate(deeds):
        if deed.kind is DeedKind.COMMAND:
            doing = deed.text
        is_written = deed.access is Access.WRITE and _is_settings(deed.text)
        if is_written and (doing.startswith(_EMPTYING) or _says_something(deeds[at + 1 :])):
            yield deed.text


def _says_something(after: Sequence[Deed]) -> bool:
    """Whether the next command only says something: what it is written to stands before it."""
    commands = (deed.text for deed in after if deed.kind is DeedKind.COMMAND)
    command = next((text for text in commands if not text.startswith("cd ")), "")
    return _program(command) in REPEATING


def _may_end(deed: Deed) -> bool:
    """A look before the patterns: most calls end no process."""
    return "kill" in deed.text or ".terminate" in deed.text


def _ended(deeds: Sequence[Deed]) -> Iterator[str]:
    """Searches for processes that something ends afterwards."""
    searches: list[str] = []
    is_ended_by_code = False  # what it runs to search stands behind it
    for deed in deeds:
        is_end = False
        if deed.kind is DeedKind.PIPELINE:
            searches += [deed.text] if _has(_search(), deed.text) else []
            is_end = _has(_ends_in_pipe(), deed.text)
        elif deed.kind is DeedKind.COMMAND:
            is_end = _has(_ends(), deed.text)
            searches += [deed.text] if not is_end and _has(_search(), deed.text) else []
        elif deed.kind is DeedKind.CODE and _has(_ends_in_code(), deed.text):
            is_ended_by_code = True
            searches += [_OUR_SEARCH] if _has(_search_in_code(), deed.text) else []
        if is_end:
            yield from map(_end_of, searches)
    if is_ended_by_code:
        yield from map(_end_of, searches)


def _end_of(search: str) -> str:
    """`grep '[a]gent'` is what finds the process of an agent, and not its own."""
    return f"end {search.replace('[', '').replace(']', '')}"


def _edits(arguments: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """What an edit puts in the place of what."""
    many = arguments.get("edits")
    for edit in [arguments, *(many[:MAX_EDITS] if isinstance(many, list) else [])]:
        if isinstance(edit, Mapping):
            for old_name, new_name in _EDITS:
                old, new = edit.get(old_name), edit.get(new_name)
                if isinstance(old, str):
                    yield old, new if isinstance(new, str) else ""


def _patched(arguments: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """Lines that a patch takes out, and those it puts in."""
    for name in _PATCHES:
        text = arguments.get(name)
        if isinstance(text, str) and "*** " in text:
            lines = text.split("\n")
            yield (
                "\n".join(line for line in lines if line.startswith("-")),
                "\n".join(line for line in lines if line.startswith("+")),
            )


def _loses(old: str, new: str) -> bool:
    return (_names_us(old) and not _names_us(new)) or ('"hooks"' in old and '"hooks"' not in new)


def _program(command: str) -> str:
    return command.partition(" ")[0].rpartition("/")[2]


def _names_us(text: str) -> bool:
    return _has(_us(), text)


def _is_settings(path: str) -> bool:
    return any(home in path for home in _HOMES) and _has(_settings(), path)


def _is_ours(path: str) -> bool:
    """Whether settings hold our hooks and nothing else, as their name tells."""
    return _names_us(path.rpartition("/")[2])


def _is_gone(deed: Deed) -> bool:
    return deed.access in _DELETING and _is_for_all(deed.text)


def _is_for_all(path: str) -> bool:
    """Whether settings are those of all of a person's, or a machine's, sessions."""
    return _has(_for_all(), path)


def _has(pattern: Any, text: str) -> bool:
    """RE2 takes no lone surrogate, which JSON and shells can make."""
    return pattern.search(text.encode("utf-8", "replace")) is not None


@cache
def _us() -> Any:
    return re2.compile(rb"(?i)agent(?:ic)?[-_]?audit")


@cache
def _settings() -> Any:
    """Where `install` puts hooks; the folders too, when they go as a whole."""
    return re2.compile(
        rb"(?:^|[/\s'\"=(])\.(?:claude|codex|gemini|copilot)"
        rb"(?:/(?:settings(?:\.local)?\.json|hooks\.json|hooks(?:/[^/\s'\"]+\.json)?|config\.toml))?"
        rb"(?:$|[\s'\"),;])|\.github/hooks/[^/\s'\"]+\.json|managed-settings\.(?:json|d/)"
    )


@cache
def _for_all() -> Any:
    return re2.compile(
        rb"^(?:~|/root|/(?:home|Users)/[^/]+|\$HOME|\$\{HOME\})/\.(?:claude|codex|gemini|copilot)"
        rb"(?:/(?:settings\.json|hooks\.json|hooks(?:/[^/]+\.json)?))?$|managed-settings\.(?:json|d/)"
    )


@cache
def _taking_out() -> Any:
    """An edit that drops hooks or lines that name us: sed, perl, ed, awk, grep -v, jq, code."""
    return re2.compile(
        rb"(?is)^(?:sed|gsed|perl|ruby|ed|ex|vim?|awk|gawk|jq|gojq|yq|dasel)\b.*agent.{0,3}aud"
        rb"|^grep (?:.* )?(?:-[a-z]*v[a-z]*|--invert-match) .*agent.{0,3}aud"
        rb"|^(?:jq|gojq|yq|dasel)\b.*(?:del(?:paths)?\([^)]*hooks|with_entries\(.*hooks"
        rb"|hooks\S*\s*\|?=\s*(?:\{\}|\[\]|null|empty)|delete .*hooks)"
        rb"|^(?:sed|gsed|perl)\b.*/[^/]*hooks[^/]*/(?:[,\d$]\S*)?[dc]\b"
        rb"|\bpop\(\s*['\"]hooks|\bdel \w+(?:\[[^\]]+\])*\[\s*['\"]hooks"
        rb"|['\"]hooks['\"]\s*\]\s*=\s*(?:\{\}|\[\]|None|null)"
        rb"|\bdelete \w[\w.]*(?:\.hooks\b|\[['\"]hooks)|\.hooks\s*=\s*(?:\{\}|\[\]|null|undefined)"
        rb"|(?:replace|sub|gsub|filter|remove|not in)\b.{0,80}agent.{0,3}aud"
    )


@cache
def _search() -> Any:
    return re2.compile(
        rb"^(?:\S*/)?(?:pgrep|pidof|ps|lsof|fuser|ss|netstat|systemctl show|launchctl list)(?: |$)"
        rb"|^cat \S*/agentaudit\S*/(?:lock|\S*pid)\S*$"
    )


@cache
def _ends() -> Any:
    """`kill -0` only asks whether a process is there, `kill -l` tells names."""
    return re2.compile(rb"^(?:\S*/)?(?:kill|skill) (?:-(?:s \S+|[^0l\s]\S*) )*\$")


@cache
def _ends_in_pipe() -> Any:
    return re2.compile(rb"\| (?:.* )?(?:kill|skill)(?: -(?:s \S+|[^0l\s]\S*))*(?: |$)")


@cache
def _ends_in_code() -> Any:
    return re2.compile(
        rb"\b(?:os|process|Process|posix)\.kill(?:pg)?\s?\(|\.(?:terminate|kill)\s?\(|\bkill\s"
    )


@cache
def _search_in_code() -> Any:
    """A search for us: what else a program searches for is not told."""
    searching = rb"(?:pgrep|pidof|process_iter|cmdline|ps-list|\bps\b)"
    return re2.compile(rb"(?is)" + searching + rb"[^;]{0,200}agent(?:ic)?\W{0,3}_?\W{0,2}aud")
