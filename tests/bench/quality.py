"""Detection on labelled corpora: recall, false alarms, targets; writes docs/detection-quality.md.

`python -m tests.bench.quality --corpora DIR [--write] [--misses N]`. The corpora are not in this
repository; `corpora.yaml` says what they are. Each is a file `NAME.jsonl` or `NAME.*.jsonl` of
objects with `id`, `kind`, `label`, `meta`, and `input` or `parts` of it. What judges is the command
that people have: `agentaudit-hook classify --jsonl`, which never sees a label.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/detection-quality.md"
LEVELS = ("low", "medium", "high", "critical")
_RUN = "import sys; from agentaudit_hook.cli import run; sys.exit(run(sys.argv[1:]))"
_FAMILIES = {
    "EMAIL": ("email",),
    "PHONE": ("phone", "mobile", "telephone", "msisdn"),
    "CARD": ("creditcard", "debitcard", "paymentcard", "cardnumber"),
    "IBAN": ("iban",),
    "IP": ("ipaddress", "ipv4", "ipv6"),
    "MAC": ("macaddress",),
    "CRYPTO": ("crypto", "bitcoin", "btc", "ethereum", "wallet"),
    "NAME": ("personname", "fullname", "firstname", "lastname"),
    "DATE": ("date", "dob", "birth"),
    "ADDRESS": ("streetaddress", "postal", "address"),
}
_OTHER_NAMES = {"ip": "IP", "mac": "MAC", "name": "NAME", "person": "NAME", "card": "CARD"}

Record = dict[str, Any]
Answers = dict[Any, Record]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Figures of one corpus. Shares of 1; None where there was nothing to count."""

    positives: int
    negatives: int
    recall: float | None
    alarms: float | None
    mediums: float | None = None
    """Of harmless commands, those at medium or above."""
    noise: float | None = None
    """Of harmless commands, those with a secret or personal data reported."""
    missed: Sequence[Record] = ()
    alarmed: Sequence[Record] = ()


def run(arguments: Sequence[str]) -> int:
    """Score, and print or write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    parser.add_argument("--misses", type=int, default=0, help="print so many of each corpus")
    chosen = parser.parse_args(arguments)
    known = yaml.safe_load((Path(__file__).parent / "corpora.yaml").read_text())["corpora"]
    records = {corpus["name"]: _load(chosen.corpora, corpus["name"]) for corpus in known}
    answers = _classified([one for rows in records.values() for one in rows])
    scores = {
        corpus["name"]: _MEASURES[corpus["measure"]](records[corpus["name"]], answers)
        for corpus in known
        if records[corpus["name"]]
    }
    for name, score in scores.items():
        for word, rows in (("missed", score.missed), ("alarm", score.alarmed)):
            for row in rows[: chosen.misses]:
                print(f"{name} {word}: {row['input'][:160]!r} {answers[row['id']]}")
    page = _page(known, scores)
    if chosen.write:
        PAGE.write_text(page, encoding="utf-8")
    else:
        print(page)
    return 0


def _load(folder: Path, name: str) -> list[Record]:
    paths = [*folder.glob(f"{name}.jsonl"), *folder.glob(f"{name}.*.jsonl")]
    lines = [line for path in paths for line in path.read_text("utf-8").splitlines() if line]
    records = [json.loads(line) for line in lines]
    for record in records:
        record.setdefault("input", "".join(record.get("parts", ())))
        record.setdefault("meta", {})
    return records


def _classified(records: Iterable[Record]) -> Answers:
    lines = []
    for record in records:
        told = {name: record[name] for name in ("id", "kind", "input")}
        path = record["meta"].get("path")
        lines.append(json.dumps(told | ({"path": path} if path else {})))
    done = subprocess.run(
        [sys.executable, "-c", _RUN, "classify", "--jsonl"],
        input="\n".join(lines).encode(),
        capture_output=True,
        check=True,
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return {answer["id"]: answer for answer in told}


def _risk(records: Sequence[Record], answers: Answers) -> Score:
    """A risky record counts as found at its `min_risk` (high if it has none).

    Where some ask for less than high, recall is of those that ask for high.
    """

    def level(record: Record) -> int:
        return LEVELS.index(answers[record["id"]]["risk_level"])

    def asked(record: Record) -> int:
        return LEVELS.index(record["meta"].get("min_risk", "high"))

    risky = [r for r in records if r["label"] == "risky"]
    grave = [r for r in risky if asked(r) == LEVELS.index("high")]
    # reading a vault destroys nothing, but is none of the harmless either
    harmless = [
        r
        for r in records
        if r["label"] == "benign" and not str(r["meta"].get("rule") or "").startswith("secrets.")
    ]
    counted = risky if len({asked(r) for r in risky}) < 3 else grave
    missed = [r for r in counted if level(r) < asked(r)]
    alarmed = [r for r in harmless if level(r) >= LEVELS.index("high")]
    noisy = [r for r in harmless if answers[r["id"]]["pii"] or answers[r["id"]]["secrets"]]
    return Score(
        positives=len(counted),
        negatives=len(harmless),
        recall=_share(len(counted) - len(missed), len(counted)),
        alarms=_share(len(alarmed), len(harmless)),
        mediums=_share(sum(level(r) >= 1 for r in harmless), len(harmless)),
        noise=_share(len(noisy), len(harmless)),
        missed=missed,
        alarmed=alarmed,
    )


def _secrets(records: Sequence[Record], answers: Answers) -> Score:
    """Found means any type of secret reported."""
    return _reported(records, answers, "secret", "no_secret", "secrets")


def _pii(records: Sequence[Record], answers: Answers) -> Score:
    """Of entities with a checksum or a form of their own; found means the right family.

    A false alarm is that family reported of an example that is broken, or anything reported where
    the record names no entity.
    """

    def wanted(record: Record) -> set[str]:
        meta = record["meta"]
        return {_family(name) for name in meta.get("pattern_entities") or [meta.get("entity", "")]}

    def found(record: Record) -> set[str]:
        return {_family(name) for name in answers[record["id"]]["pii"]}

    strong = [r for r in records if r["label"] == "pii" and r["meta"].get("strong")]
    broken = [r for r in records if r["label"] == "no_pii" and "entity" in r["meta"]]
    broken = [r for r in broken if r["meta"].get("strong", True)]
    clean = broken or [r for r in records if r["label"] == "no_pii"]
    missed = [r for r in strong if not wanted(r) & found(r)]
    alarmed = [r for r in clean if (wanted(r) & found(r) if broken else found(r))]
    return Score(
        positives=len(strong),
        negatives=len(clean),
        recall=_share(len(strong) - len(missed), len(strong)),
        alarms=_share(len(alarmed), len(clean)),
        missed=missed,
        alarmed=alarmed,
    )


def _reported(
    records: Sequence[Record], answers: Answers, positive: str, negative: str, field: str
) -> Score:
    positives = [r for r in records if r["label"] == positive]
    negatives = [r for r in records if r["label"] == negative]
    missed = [r for r in positives if not answers[r["id"]][field]]
    alarmed = [r for r in negatives if answers[r["id"]][field]]
    return Score(
        positives=len(positives),
        negatives=len(negatives),
        recall=_share(len(positives) - len(missed), len(positives)),
        alarms=_share(len(alarmed), len(negatives)),
        missed=missed,
        alarmed=alarmed,
    )


_MEASURES: dict[str, Callable[[Sequence[Record], Answers], Score]] = {
    "risk": _risk,
    "secrets": _secrets,
    "pii": _pii,
}


def _family(name: str) -> str:
    plain = "".join(filter(str.isalnum, name.lower()))
    for family, words in _FAMILIES.items():
        if any(word in plain for word in words):
            return family
    return _OTHER_NAMES.get(plain, "ID")


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None


_HEAD = """# Detection quality

<!-- Written by `python -m tests.bench.quality --corpora DIR --write`; do not edit. -->

How much of what is risky, secret or personal is found, and how often something harmless is taken
for it, on labelled texts that others wrote. The texts are not in this repository: the command above
takes the folder they are in. They were divided by a hash of each text; rules were written with one
half at hand, which these figures are of, and without the other, which is kept for a second opinion.
What judges is `agentaudit-hook classify --jsonl`, the same packs and the same code as in the hook.

**Recall**: of what is risky (at the level that the record asks for), secret or personal, how much
is found. **False alarms**: of what is harmless, how much is taken for high risk, a secret, or the
kind of personal data that it is a broken example of. With under fifty texts a figure is within
about fourteen points either way.

"""
_TABLE = (
    "| corpus | of | found | recall | harmless | false alarms | aim | best of others |\n"
    "|---|---|---|---|---|---|---|---|\n"
)


_QUIET = """
Everyday commands, all of them harmless; the aim is at most 0.3 % high and 3 % medium:

| corpus | high or above | medium or above | a secret or personal data reported |
|---|---|---|---|
"""
_OTHERS = """
The best of others: measured in November 2026 on the other half, as recall / false alarms, each with
its usual settings. *Its own tests*: the corpus is that tool's.
"""


def _page(known: Sequence[Record], scores: dict[str, Score]) -> str:
    parts = [_HEAD, _TABLE]
    parts += [_row(corpus, scores[corpus["name"]]) for corpus in known if corpus["name"] in scores]
    quiet = {
        c["name"]: [scores[c["name"]]] for c in known if c.get("noise") and c["name"] in scores
    }
    quiet["**together**"] = [score for both in quiet.values() for score in both]
    parts.append(_QUIET)
    parts += [_quiet_row(name, told) for name, told in quiet.items()]
    parts.append(_OTHERS)
    parts.append("\n## What is missed, and why we leave it so\n")
    for corpus in known:
        if corpus["misses"] and corpus["name"] in scores:
            parts.append(f"\n**{corpus['name']}** ({_left(scores[corpus['name']])})\n\n")
            parts += [f"- {miss}\n" for miss in corpus["misses"]]
    parts.append("\n## Where the texts come from\n\n| corpus | source | licence |\n|---|---|---|\n")
    parts += [f"| {c['name']} | {c['source']} | {c['licence']} |\n" for c in known]
    return "".join(parts)


def _quiet_row(name: str, scores: Sequence[Score]) -> str:
    whole = sum(score.negatives for score in scores)

    def share(field: str) -> str:
        return _percent(_share(sum((getattr(s, field) or 0) * s.negatives for s in scores), whole))

    return f"| {name} | {share('alarms')} | {share('mediums')} | {share('noise')} |\n"


def _row(corpus: Record, score: Score) -> str:
    aim = corpus.get("target", {})
    aims = [f"≥ {aim['recall']} %"] if "recall" in aim else []
    aims += [f"≤ {aim['alarms']} %"] if "alarms" in aim else []
    reached = 100 * (score.recall or 0) >= aim.get("recall", 0)
    reached = reached and 100 * (score.alarms or 0) <= aim.get("alarms", 100)
    aims += [] if reached else ["**not reached**"]
    found = score.positives - len(score.missed)
    cells = (
        corpus["name"],
        corpus["measure"],
        f"{found} of {score.positives}" if score.positives else "",
        _percent(score.recall),
        str(score.negatives or ""),
        _percent(score.alarms) if score.negatives else "",
        ", ".join(aims) or ("see below" if corpus.get("noise") else "none set"),
        corpus["best"],
    )
    return f"| {' | '.join(cells)} |\n"


def _left(score: Score) -> str:
    told = []
    if score.missed:
        told.append(f"{len(score.missed)} missed")
    if score.alarmed:
        told.append(f"{len(score.alarmed)} false alarms")
    return ", ".join(told) or "nothing at present"


def _percent(share: float | None) -> str:
    if share is None:
        return ""
    return f"{100 * share:.2f} %" if 0 < share < 0.01 else f"{100 * share:.1f} %"


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
