"""What several commands of one script do together: a file read and sent, fetched and made to run.

Each is a Deed of its own, `sequence`, whose text tells both halves:

    send PATH => TARGET      the file was read by, or piped or packed for, a command that sends
    read PATH => send TARGET the file was read before, and may or may not be what was sent
    fetch PATH => chmod      a downloaded file was made executable
    fetch PATH => run        … or started, by a shell of Windows; others give a pipeline
    encrypt NAME => delete   a file was encrypted, and the original deleted

Read off the order of the Deeds: what a command touches and visits stands behind it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import re2

from agentaudit_processor.classify.deeds import Access, Deed, DeedKind
from agentaudit_processor.classify.effects import reach_of
from agentaudit_processor.classify.tables import table
from agentaudit_processor.classify.visits import host_of

SIGN = " => "
MAX_SEQUENCES = 40
_READING = (Access.READ, Access.USE)
_DELETING = (Access.DELETE, Access.DELETE_TREE, Access.DELETE_FOUND)
_PACKERS = table(
    """
    tar gtar bsdtar zip 7z 7za rar gzip bzip2 xz zstd cp mv cat base64 openssl gpg gpg2 age split dd
    ditto rsync cpio sqlite3 xxd
    """
)
_FETCHERS = table("curl wget aria2c scp sftp rsync fetch http https ftp")
_OF_WINDOWS = table("invoke-webrequest invoke-restmethod start-bitstransfer")
_SUBSTITUTED = "$(...)"


@dataclass(slots=True)
class _Step:
    """One command, and what it touched and visited."""

    line: str
    touched: list[Deed] = field(default_factory=list)
    visited: list[Deed] = field(default_factory=list)

    @property
    def program(self) -> str:
        return self.line.partition(" ")[0]

    @property
    def read(self) -> Iterator[str]:
        return (deed.text for deed in self.touched if deed.access in _READING)

    @property
    def targets(self) -> Iterator[str]:
        """Where it sends, off this machine."""
        for deed in self.visited:
            sends = deed.verb == "send" or _SUBSTITUTED in deed.text  # in the URL itself
            if sends and reach_of(host_of(deed.text)) not in ("none", "local"):
                yield deed.text


def sequences(deeds: Sequence[Deed]) -> tuple[Deed, ...]:
    """The Deeds that only several of `deeds` together make."""
    if not any(deed.kind is DeedKind.VISIT or deed.access in _DELETING for deed in deeds):
        return ()
    steps, pipelines = _steps(deeds)
    texts = [*_sent(steps, pipelines), *_fetched(steps), *_encrypted(steps)]
    return tuple(
        Deed(kind=DeedKind.SEQUENCE, text=text)
        for text in sorted(dict.fromkeys(texts), key=_rank)[:MAX_SEQUENCES]
    )


def _rank(text: str) -> tuple[bool, bool]:
    """What is surely sent first; of what was only read before, hidden and foreign files first."""
    is_hidden = "/." in text or " ~" in text or " /etc/" in text
    return text.startswith("read "), not is_hidden


def _steps(deeds: Sequence[Deed]) -> tuple[list[_Step], list[str]]:
    steps: list[_Step] = []
    pipelines: list[str] = []
    for deed in deeds:
        if deed.kind is DeedKind.COMMAND:
            steps.append(_Step(deed.text))
        elif deed.kind is DeedKind.PIPELINE:
            pipelines.append(deed.text)
        elif not steps:
            continue
        elif deed.kind is DeedKind.TOUCH:
            steps[-1].touched.append(deed)
        elif deed.kind is DeedKind.VISIT:
            steps[-1].visited.append(deed)
    return steps, pipelines


def _sent(steps: Sequence[_Step], pipelines: Sequence[str]) -> Iterator[str]:
    for at, step in enumerate(steps):
        for target in step.targets:
            given = set(_given(at, steps, pipelines))
            yield from (f"send {path}{SIGN}{target}" for path in sorted(given))
            before = (path for other in steps[:at] for path in other.read)
            yield from (f"read {path}{SIGN}send {target}" for path in before if path not in given)


def _given(at: int, steps: Sequence[_Step], pipelines: Sequence[str]) -> Iterator[str]:
    """Paths of the files whose content the step at `at` may send."""
    step, before = steps[at], steps[:at]
    named = list(step.read)
    yield from named
    for path in named:  # an archive: what was packed into it
        name = path.rpartition("/")[2]
        for packer in before if len(name) > 2 else ():
            if packer.program in _PACKERS and name in packer.line:
                yield from (other for other in packer.read if other != path)
    if _SUBSTITUTED in step.line:
        yield from (path for other in before[-3:] for path in other.read)
    for pipeline in pipelines:
        if step.line in pipeline:
            head = pipeline[: pipeline.index(step.line)]
            yield from (path for other in before if other.line in head for path in other.read)


def _fetched(steps: Sequence[_Step]) -> Iterator[str]:
    got: dict[str, str] = {}
    of_windows: dict[str, str] = {}
    for step in steps:
        if step.program in _FETCHERS or step.program in _OF_WINDOWS:
            written = (deed for deed in step.touched if deed.access is Access.WRITE)
            names = {deed.text.rpartition("/")[2]: deed.text for deed in written if step.visited}
            got |= names
            if step.program in _OF_WINDOWS:
                of_windows |= names | {name.removesuffix(".exe"): names[name] for name in names}
        elif step.program == "chmod" and got and _makes_executable().search(step.line):
            for word in step.line.split(" ")[1:]:
                path = got.get(word.rpartition("/")[2])
                if path is not None:
                    yield f"fetch {path}{SIGN}chmod"
        elif of_windows:
            words = step.line.replace("\\", "/").split(" ")
            started = words[1:] if words[0] in ("start-process", "invoke-item") else words[:1]
            for name in started:
                path = of_windows.get(name.rpartition("/")[2])
                if path is not None:
                    yield f"fetch {path}{SIGN}run"


def _encrypted(steps: Sequence[_Step]) -> Iterator[str]:
    encrypted: set[str] = set()
    for step in steps:
        if _encrypts().search(step.line):
            encrypted.update(step.line.split(" ")[1:])
        for deed in step.touched if encrypted else ():
            if deed.access in _DELETING and (
                deed.text in encrypted or deed.text.rpartition("/")[2] in encrypted
            ):
                yield f"encrypt {deed.text}{SIGN}delete"


@cache
def _makes_executable() -> Any:
    return re2.compile(r"^chmod (?:.* )?(?:[ugoa]*\+[rwst]*x|0?[0-7]?[1357][0-7]{2})")


@cache
def _encrypts() -> Any:
    return re2.compile(
        r"^(?:gpg2? (?:.* )?(?:-[a-z]*[ce]|--symmetric|--encrypt)|openssl (?:enc|aes\S*|smime) "
        r"|age (?:.* )?-[repR]|cc?rypt |ccencrypt |mcrypt |(?:7z|7za|zip|rar) (?:.* )?-(?:p\S|P|e))"
    )
