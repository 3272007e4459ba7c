"""Packs that an organisation wrote, from a folder or out of its Policy, beside those that ship.

They are held to what ours are held to, and are told by place, file and line what is not right. What
ships is told apart from them by the name of the pack: theirs may not take one of ours.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from agentaudit_processor.classify.packs import Packs
from agentaudit_processor.classify.patterns import Pattern, RuleError
from agentaudit_processor.classify.rules import Rule, line_of, parse_pack

MAX_FILE_BYTES = 256 * 1024
_DECLARED = re.compile(r"^pack:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)
_NAME = re.compile(r"[a-z][a-z0-9_]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPack:
    """The text of one pack, and where it stands, for messages."""

    place: str
    """A folder or a field of the policy: `/etc/agentaudit/packs`, `packs[0]`."""
    text: str
    file: str = ""
    """The file's name, where there is one."""


def packs_of_folder(folder: Path) -> tuple[OwnPack, ...]:
    """Every `*.yaml` in `folder`, by name.

    Raises:
        RuleError: the folder or a file in it cannot be read.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml"))
        return tuple(_of_file(path) for path in paths)
    except OSError as error:
        raise RuleError(f"{folder}: {error.strerror or error}") from None


def packs_of_policy(texts: Sequence[str]) -> tuple[OwnPack, ...]:
    """The packs of a Policy."""
    return tuple(OwnPack(place=f"packs[{at}]", text=text) for at, text in enumerate(texts))


def packs_with(ours: Packs, own: Sequence[OwnPack]) -> Packs:
    """`ours` and the rules of `own`, which come after all others.

    Raises:
        RuleError: one of them is not right; the text names its place, file and line.
    """
    if not own:
        return ours
    rules: list[Rule] = []
    taken = {rule.pack.partition("@")[0] for rule in ours.rules}
    for pack in own:
        name = _name_of(pack, taken)
        taken.add(name)
        try:
            rules += _rules_of(pack, name)
        except RuleError as error:
            told = [text.removeprefix(f"{name}.yaml") for text in error.texts]
            raise RuleError(*(f"{_where(pack, name)}{each}" for each in told)) from None
    digest = sha256("\x00".join([ours.version, *(pack.text for pack in own)]).encode())
    return replace(
        ours,
        rules=(*ours.rules, *rules),
        own=(*ours.own, *rules),
        version=digest.hexdigest()[:12],
    )


def pack_of_file(path: Path) -> OwnPack:
    """The pack in one file.

    Raises:
        RuleError: it cannot be read.
    """
    try:
        return _of_file(path)
    except OSError as error:
        raise RuleError(f"{path}: {error.strerror or error}") from None


def _of_file(path: Path) -> OwnPack:
    with path.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise RuleError(f"{path}: more than {MAX_FILE_BYTES} bytes")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RuleError(f"{path}: no UTF-8: {error.reason} at byte {error.start}") from None
    return OwnPack(place=str(path.parent), text=text, file=path.name)


def _name_of(pack: OwnPack, taken: Iterable[str]) -> str:
    declared = _DECLARED.search(pack.text)
    name = declared[1] if declared else Path(pack.file).stem
    at = f"{_where(pack, name)}:{line_of(pack.text, name, 'pack')}"
    if not _NAME.fullmatch(name):
        raise RuleError(f"{at}: expected `pack: name`, of small letters, digits and `_`")
    if pack.file and Path(pack.file).stem != name:
        raise RuleError(f"{at}: `pack: {name}` stands in a file of another name")
    if name in taken:
        raise RuleError(f"{at}: there is a pack {name} already; ids must stay apart")
    return name


def _rules_of(pack: OwnPack, name: str) -> list[Rule]:
    rules = parse_pack(f"{name}.yaml", pack.text)
    if not rules:
        raise RuleError(f"{name}.yaml:1: no rules")
    wrong: list[str] = []
    for rule in rules:
        for pattern in filter(None, (rule.pattern, rule.trigger, rule.unless)):
            try:
                Pattern(pattern)
            except RuleError as error:
                wrong.append(f"{name}.yaml:{line_of(pack.text, rule.id)}: {rule.id}: {error}")
    if wrong:
        raise RuleError(*wrong)
    return rules


def _where(pack: OwnPack, name: str) -> str:
    return f"{pack.place}/{pack.file}" if pack.file else f"{pack.place} {name}.yaml"
