"""`agentaudit rules`: list what is looked for; write, check and try packs of one's own."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agentaudit_backend.commands.console import (
    FAILED,
    USAGE,
    fail,
    printable,
    remark,
    say,
    say_json,
)
from agentaudit_backend.commands.options import add_json, add_settings
from agentaudit_backend.failure import WrongLine
from agentaudit_backend.settings import Settings

if TYPE_CHECKING:  # what these import takes a second, and `--help` needs none of it
    from agentaudit_processor.classify.own_packs import OwnPack
    from agentaudit_processor.classify.rules import Rule


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Give the verbs to the parser."""
    rules = verbs.add_parser(
        "rules",
        help="list rules; write, check and try own packs",
        description="Example: agentaudit rules list payment.",
    )
    kinds = rules.add_subparsers(required=True, metavar="VERB")
    listing = kinds.add_parser(
        "list", help="show every rule", description="Example: agentaudit rules list payment."
    )
    listing.add_argument("word", nargs="?", default="", help="only rules with it in id or title")
    listing.set_defaults(command=_list)
    test = kinds.add_parser(
        "test",
        help="run the examples of all rules, or of these packs",
        description="Example: agentaudit rules test packs/.",
    )
    test.set_defaults(command=_test)
    lint = kinds.add_parser(
        "lint",
        help="check packs, and say what could be better",
        description="Example: agentaudit rules lint packs/.",
    )
    lint.set_defaults(command=_lint)
    for verb, count in ((test, "*"), (lint, "+")):
        verb.add_argument("packs", nargs=count, type=Path, metavar="PACK", help="a file or folder")
    new = kinds.add_parser(
        "new",
        help="write a pack with one rule and its examples",
        description="Example: agentaudit rules new acme.ledger_write --folder packs.",
    )
    new.add_argument("rule", metavar="PACK.RULE", help="the rule's id, such as acme.ledger_write")
    new.add_argument("--folder", type=Path, default=Path(), help="default: here")
    new.set_defaults(command=_new)
    for verb in (listing, test):
        add_json(verb)
    for verb in (listing, test, lint):
        add_settings(verb, ("packs_dir",))


def _list(settings: Settings, chosen: argparse.Namespace) -> int:
    from agentaudit_backend.judging import load_judge  # noqa: PLC0415

    word = chosen.word.casefold()
    found = [
        rule
        for rule in load_judge(settings).packs.rules
        if word in rule.id or word in rule.title.casefold()
    ]
    if chosen.json:
        say_json(rules=[_told(rule) for rule in found])
        return 0
    if not found:
        remark(f"no rule has {printable(word)!r} in its id or title")
    for rule in found:
        say(f"{rule.severity.label:<9} {rule.id:<44} {rule.title}")
    return 0


def _test(settings: Settings, chosen: argparse.Namespace) -> int:
    from agentaudit_backend.judging import load_judge  # noqa: PLC0415
    from agentaudit_processor.own_judge import judge_with  # noqa: PLC0415
    from agentaudit_processor.rule_examples import wrong_examples  # noqa: PLC0415

    def run() -> int:
        if chosen.packs:
            judge = judge_with(_packs(chosen.packs))
            rules = judge.packs.own
        else:
            judge = load_judge(settings)
            rules = judge.packs.rules
        wrong = list(wrong_examples(judge, rules))
        count = sum(len(rule.examples) for rule in rules)
        if chosen.json:
            say_json(rules=len(rules), examples=count, wrong=wrong)
        else:
            for sentence in wrong:
                say(sentence)
        remark(f"{len(rules)} rules, {count} examples, {len(wrong)} of them wrong")
        return FAILED if wrong else 0

    return _refusing(run)


def _lint(_settings: Settings, chosen: argparse.Namespace) -> int:
    from agentaudit_processor.own_judge import judge_with  # noqa: PLC0415

    def run() -> int:
        rules = judge_with(_packs(chosen.packs)).packs.own
        for rule in rules:
            for hint in _hints(rule):
                say(f"{rule.id}: {hint}")
        remark(f"{len(rules)} rules can be used")
        return 0

    return _refusing(run)


def _new(_settings: Settings, chosen: argparse.Namespace) -> int:
    from agentaudit_backend.pages.rule_draft import first_pack  # noqa: PLC0415

    pack, _, name = chosen.rule.partition(".")
    if not (pack.isidentifier() and name.isidentifier() and chosen.rule.islower()):
        return fail(f"{chosen.rule}: expected PACK.RULE in small letters, digits and _", USAGE)
    path = chosen.folder / f"{pack}.yaml"
    text = first_pack(pack, name)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        return fail(f"{path}: {error.strerror or error}")
    remark(f"Wrote {path}. Change it, then: agentaudit rules test {path}")
    return 0


def _packs(paths: Sequence[Path]) -> "list[OwnPack]":
    from agentaudit_processor.classify.own_packs import (  # noqa: PLC0415
        OwnPack,
        pack_of_file,
        packs_of_folder,
    )

    found: list[OwnPack] = []
    for path in paths:
        packs = packs_of_folder(path) if path.is_dir() else [pack_of_file(path)]
        if not packs:
            raise WrongLine(f"{path}: no pack is in this folder; their names end with .yaml")
        found += packs
    return found


def _refusing(run: Callable[[], int]) -> int:
    """What `run` gives; packs that are not right are told on stderr."""
    from agentaudit_processor.classify.patterns import RuleError  # noqa: PLC0415

    try:
        return run()
    except RuleError as error:
        return fail(str(error))


def _hints(rule: "Rule") -> Iterator[str]:
    if not rule.source:
        yield "say in `source` where it is known from"
    if not rule.tags:
        yield "no `tags`: which entry of ATT&CK or OWASP does it speak of?"
    if rule.pattern.startswith((".*", "(?i).*")):
        yield "a pattern is looked for anywhere: `.*` at its head costs time and finds no more"
    if rule.matcher == "pattern" and not rule.pii and not rule.secret and "input" in rule.sides:
        yield "a `pattern` also matches text that is only quoted; `command` asks what is executed"
    if len(rule.examples) < 4:
        yield f"{len(rule.examples)} examples; more of what it must leave alone keep it honest"


def _told(rule: "Rule") -> dict[str, object]:
    return {
        "id": rule.id,
        "pack": rule.pack,
        "title": rule.title,
        "risk_level": rule.severity.label,
        "in_production": rule.in_production.label,
        "asks_of": rule.matcher,
        "pii": rule.pii,
        "secret": rule.secret,
        "signal": rule.signal,
        "tags": list(rule.tags),
        "why": rule.why,
        "advice": rule.advice,
    }
