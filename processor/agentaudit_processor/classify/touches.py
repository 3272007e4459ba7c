"""Which paths a program reads, writes or deletes, by its words."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import pairwise

from agentaudit_processor.classify.deeds import Access
from agentaudit_processor.classify.tables import table
from agentaudit_processor.classify.touches_of_tools import copied_between_machines, touched_by_git
from agentaudit_processor.classify.visits import MAILERS

_READERS = table(
    """
    cat less more head tail bat xxd od hexdump strings base64 sort uniq cut nl tac wc diff cmp
    paste column jq yq view zcat gunzip fold rev md5sum sha256sum comm xz base32 iconv
    gzip bzip2 split fmt expand pr look plutil
    """
)
_DELETERS = table("rm unlink shred srm trash grm del rimraf wipe del-cli rmrf")
_SEARCHERS = frozenset(("grep", "egrep", "fgrep", "rg", "ag", "sed", "awk", "gawk", "mawk", "perl"))
_COPIERS = frozenset(("cp", "mv", "install", "rsync", "scp", "ln", "ditto", "gcp", "gmv"))
_ARCHIVERS = frozenset(("tar", "zip", "7z", "rar", "cpio", "gtar", "bsdtar"))
_WRITERS = table("tee touch truncate vi vim nano emacs mkfifo ed sponge")
# What only looks at names, or takes words that are no paths of its own.
_INERT = table(
    """
    ls stat test [ echo printf cd mkdir file which export find du df chmod chown chgrp
    basename dirname realpath readlink ssh ssh-add ssh-keygen curl wget kill pwd type command
    sudo npm pip psql mysql tree rmdir chflags xattr
    """
)


def touched(program: str, argv: Sequence[str]) -> Iterator[tuple[Access, str]]:
    """Paths that the command touches, and how."""
    words = [word for word in argv[1:] if not word.startswith("-") or word == "-"]
    if program in _DELETERS:
        access = Access.DELETE_TREE if _is_recursive(program, argv) else Access.DELETE
        yield from ((access, word) for word in words)
    elif program in ("source", "."):  # it takes effect, and nobody sees it
        yield from ((Access.USE, word) for word in words[:1])
    elif program in _READERS:
        yield from ((Access.READ, word) for word in words)
    elif program in _SEARCHERS:
        edits = program in ("sed", "perl") and any(w.startswith(("-i", "-pi")) for w in argv[1:])
        access = Access.WRITE if edits else Access.READ
        named = any(word in ("-e", "-f", "--regexp") for word in argv)
        yield from ((access, word) for word in (words if named else words[1:]))
    elif program in _COPIERS:
        yield from _copied(program, argv, words)
    elif program in _ARCHIVERS:
        yield from _packed(program, argv, words)
    elif program in _WRITERS:
        yield from ((Access.WRITE, word) for word in words)
    elif (own := _OWN.get(program)) is not None:
        yield from own(argv)
    elif program not in _INERT and "=" not in program:
        yield from ((Access.USE, word) for word in words if _looks_like_path(word))


def found_in(argv: Sequence[str]) -> tuple[str, bool]:
    """Where a `find` starts, and whether it chooses among what it finds."""
    starts = []
    for word in argv[1:]:
        if word.startswith(("-", "(", "!")):
            break
        starts.append(word)
    chooses = any(word in _CHOOSING and after != "*" for word, after in pairwise([*argv, ""]))
    return (starts[0] if starts else "."), chooses


_CHOOSING = table(
    """
    -name -iname -path -ipath -regex -iregex -mtime -mmin -newer -atime -ctime -size -empty -user
    -perm -inum -samefile
    """
)


def _find(argv: Sequence[str]) -> Iterator[tuple[Access, str]]:
    start, filtered = found_in(argv)
    each = Access.DELETE_FOUND if filtered else Access.DELETE_TREE
    for option, program in pairwise(argv):
        if option in ("-exec", "-execdir") and program.rpartition("/")[2] in _DELETERS:
            yield (each, start)
    words, running = [], False
    for word in argv:  # what stands in `-exec … ;` is not find's own
        running = (running or word.startswith(("-exec", "-ok"))) and word not in (";", "+")
        words.append("" if running else word)
    at = words.index("-delete") if "-delete" in words else 0
    if not at or words[at - 1] in ("-name", "-iname", "-path", "-regex"):  # a file called so
        return
    yield (each, start)


def _copied(program: str, argv: Sequence[str], words: list[str]) -> Iterator[tuple[Access, str]]:
    if program == "rsync" and "--delete" in argv and words:
        yield (Access.DELETE_FOUND, words[-1])
    if len(words) < 2:
        return
    access = Access.USE if program == "ln" else Access.READ
    for word in words[:-1]:
        machine, sign, there = word.partition(":")
        is_there = program in ("scp", "rsync") and bool(sign) and "/" not in machine
        yield (Access.USE, there) if is_there and there else (access, word)
    if program in ("mv", "gmv"):
        nowhere = words[-1] == "/dev/null"
        for word in words[:-1]:
            moved = Access.WRITE if word.endswith("*") else Access.DELETE
            yield (Access.DELETE_TREE if nowhere else moved, word)
    yield (Access.WRITE, words[-1])


def _packed(program: str, argv: Sequence[str], words: list[str]) -> Iterator[tuple[Access, str]]:
    """What an archive is made of; `tar --remove-files` and `zip -m` delete it afterwards."""
    moves = "--remove-files" in argv or "-sdel" in argv
    if program == "zip":
        moves = any(word[:1] == "-" and word[1:2] != "-" and "m" in word for word in argv[1:])
    yield from ((Access.READ, word) for word in words[1:])
    if moves:
        named = (word for word in words if not word.endswith(_PACKED) and word != "/dev/null")
        yield from ((Access.DELETE_FOUND, word) for word in named if "/" in word or "~" in word)


_PACKED = (".tar", ".tgz", ".zip", ".7z", ".gz", ".xz", ".bz2", ".zst", ".rar")

# not `-keyout`: a key that is made is nobody's yet
_OPENSSL_READS = table("-in -key -inkey -CA -CAkey -cert -certfile -signkey -kfile -sign -verify")


def _options(
    argv: Sequence[str], *, reads: Collection[str], writes: Collection[str]
) -> Iterator[tuple[Access, str]]:
    for option, path in pairwise(argv):
        if option in reads:
            yield (Access.READ, path)
        elif option in writes:
            yield (Access.WRITE, path)


def _dd(argv: Sequence[str]) -> Iterator[tuple[Access, str]]:
    for word in argv[1:]:
        name, _, path = word.partition("=")
        if name == "if":
            yield (Access.READ, path)
        elif name == "of":
            yield (Access.WRITE, path)


def _fetched(argv: Sequence[str]) -> Iterator[tuple[Access, str]]:
    into = ["-o", "--output", "--output-dir", "-P"]
    if argv[0].endswith("wget"):
        into += ["-O", "--output-document"]
    out_of = ("-T", "--upload-file", "-K", "--config", "--post-file", "--body-file", "--key", "-E")
    data = ("-d", "--data", "--data-binary", "-F", "--form", "--data-raw", "--data-urlencode")
    cluster = "O" if argv[0].endswith("wget") else "o"
    for at, word in enumerate(argv[:-1]):
        after = argv[at + 1]
        option, _, value = word.partition("=")
        is_cluster = word[:1] == "-" and word[1:2] != "-" and word.endswith(cluster)
        if (word in into or is_cluster) and after != "-" and not after.startswith("-"):
            yield (Access.WRITE, after)
        elif word in out_of:
            yield (Access.READ, after)
        elif option in out_of and value:
            yield (Access.READ, value)
        elif word in data and "@" in after:
            path = after.partition("@")[2].partition(";")[0]
            if path and path != "-":
                yield (Access.READ, path)
    for word in argv:
        option, sign, value = word.partition("=")
        if sign and option in ("--post-file", "--body-file", "--upload-file"):
            yield (Access.READ, value)
    yield from ((Access.WRITE, name) for name in _named_by_url(argv))


def _named_by_url(argv: Sequence[str]) -> Iterator[str]:
    """The file that is named as on the server: `wget URL`, `curl -O URL`."""
    short = [word for word in argv[1:] if word[:1] == "-" and word[1:2] != "-"]
    if argv[0].endswith("wget") or argv[0].endswith("aria2c"):
        if any("O" in word for word in short) or "--output-document" in " ".join(argv):
            return
    elif "--remote-name" not in argv and not any("O" in word for word in short):
        return
    for word in argv[1:]:
        path = word.partition("://")[2].partition("?")[0]
        if "/" in path.rstrip("/") and not word.startswith("-"):
            yield path.rstrip("/").rpartition("/")[2]


def _openssl(argv: Sequence[str]) -> Iterator[tuple[Access, str]]:
    return _options(argv, reads=_OPENSSL_READS, writes=("-out",))


def _posted(argv: Sequence[str]) -> Iterator[tuple[Access, str]]:
    """`xh post URL @file`, `http URL field@file`."""
    named = (word.rpartition("@")[2] for word in argv[2:] if "@" in word and word[0] != "-")
    return ((Access.READ, path) for path in named if path and "://" not in path)


def _mailed(argv: Sequence[str]) -> Iterator[tuple[Access, str]]:
    return _options(argv, reads=("-a", "--attach"), writes=())


_OWN: Mapping[str, Callable[[Sequence[str]], Iterator[tuple[Access, str]]]] = {
    "openssl": _openssl,
    "dd": _dd,
    "find": _find,
    **dict.fromkeys(("curl", "wget", "aria2c"), _fetched),
    **dict.fromkeys(("http", "https", "xh"), _posted),
    **dict.fromkeys(MAILERS, _mailed),
    **dict.fromkeys(
        (
            "docker",
            "podman",
            "nerdctl",
            "docker-compose",
            "kubectl",
            "oc",
            "lxc",
            "incus",
            "vagrant",
        ),
        copied_between_machines,
    ),
    "git": touched_by_git,
    "yadm": touched_by_git,
}
"""Programs with a way of their own to name paths."""


def _is_recursive(program: str, argv: Sequence[str]) -> bool:
    if program in ("rimraf", "trash", "del-cli", "rmrf"):
        return True
    for word in argv[1:]:
        if word == "--":
            return False
        if word == "--recursive" or (len(word) > 3 and "--recursive".startswith(word)):
            return True
        if word.startswith("-") and not word.startswith("--") and ("r" in word or "R" in word):
            return True
    return False


def _looks_like_path(word: str) -> bool:
    return word.startswith(("/", "~", "./", "../", ".env", "$HOME")) and "://" not in word
