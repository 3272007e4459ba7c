"""One request shared out among workers, and one answer made of theirs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from agentaudit_processor.model import Decision, RiskLevel
from agentaudit_processor.receivers.judging import Done, Figures, Work
from agentaudit_processor.receivers.shares import Share

WORTH_SHARING = 128 * 1024
"""Bytes of a share, some 150 spans: fewer gain less by being judged in step, and each worker has to
decode all of the request."""


def most_shares(work: Work) -> int:
    """Among how many workers `work` is worth to be shared."""
    return max(len(work.body) // WORTH_SHARING, 1)


def shares_of(work: Work, count: int) -> Iterator[Work]:
    """`work` for each of `count` workers."""
    return (replace(work, share=Share(number, count)) for number in range(count))


def united(answers: Sequence[Done | None]) -> Done | None:
    """The answer to the whole; None where there is none to a share of it."""
    done = [one for one in answers if one is not None]
    if len(done) < len(answers):
        return None
    if len(done) == 1:
        return done[0]
    return Done(
        figures=_sum([one.figures for one in done]),
        batch=list(chain.from_iterable(one.batch for one in done)),
        onward=tuple(chain.from_iterable(one.onward for one in done)),
    )


def _sum(figures: Sequence[Figures]) -> Figures:
    sorts: Counter[tuple[RiskLevel, Decision]] = Counter()
    for one in figures:
        sorts.update(one.sorts)
    return Figures(
        accepted=sum(one.accepted for one in figures),
        refused=sum(one.refused for one in figures),
        message="; ".join(dict.fromkeys(one.message for one in figures if one.message)),
        judge_failures=sum(one.judge_failures for one in figures),
        sorts=sorts,
        judging_s=sum(one.judging_s for one in figures),
    )
