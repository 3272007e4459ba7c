"""Which hosts a program speaks to, and whether it sends or fetches, by its words."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from urllib.parse import urlsplit

from agentaudit_processor.classify.tables import table

MAILERS = table("mail mailx mutt neomutt sendmail msmtp swaks s-nail heirloom-mailx ssmtp")


def visited(program: str, argv: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Hosts or URLs that the command speaks to: (`get` or `send`, target)."""
    if program in ("curl", "wget", "http", "https", "xh", "fetch", "aria2c"):
        sends = _sends_by_http(argv)
        for before, word in pairwise(argv):
            if _is_url(before, word):
                yield ("send" if sends else "get", word)
    elif program in ("scp", "rsync", "sftp"):
        for word in argv[1:]:
            host, colon, _ = word.partition(":")
            if colon and "/" not in host and not word.startswith("-") and len(host) > 1:
                yield ("send" if word == argv[-1] else "get", host.rpartition("@")[2])
    elif program in ("ssh", "nc", "ncat", "telnet", "ftp", "socat", "mosh"):
        for word in argv[1:]:
            if not word.startswith("-") and ("." in word or "@" in word):
                yield ("send", word.rpartition("@")[2])
                break
    elif program == "openssl" or program in MAILERS:
        yield from (("send", host) for host in _told(program, argv))
    elif program == "git" and len(argv) > 1 and argv[1] in ("push", "clone", "fetch", "pull"):
        target = next((w for w in argv[2:] if "://" in w or "@" in w), "")
        if target:
            yield ("send" if argv[1] == "push" else "get", target)


def _is_url(before: str, word: str) -> bool:
    """Tell whether `word` is a URL, also one without a scheme: `curl host.example/path`."""
    if word[:1] == "-":
        return False
    if "://" in word:
        return True
    host, slash, _ = word.partition("/")
    is_value = before[:1] == "-" and before[1:2] != "-" and before[-1:] not in _WITHOUT_VALUE
    return bool(slash) and not is_value and "." in host.strip(".") and host[:1] not in "@~$"


_WITHOUT_VALUE = table("s S L f k i I v g G N O J j q")
"""Short options of curl and wget that take no value."""


def _told(program: str, argv: Sequence[str]) -> Iterator[str]:
    """`openssl s_client -connect host:443`, `mail -s x bob@host`."""
    if program == "openssl":
        return (word for option, word in pairwise(argv) if option == "-connect")
    addresses = (word for word in argv[1:] if "@" in word[1:-1] and "/" not in word)
    return (word.rpartition("@")[2] for word in addresses)


def host_of(target: str) -> str:
    """The host in a URL, in `user@host:path` or in `host`; empty if there is none."""
    if "://" in target:
        try:
            return urlsplit(target).hostname or ""
        except ValueError:  # a broken IPv6 literal
            return ""
    return target.rpartition("@")[2].partition(":")[0].partition("/")[0]


def _sends_by_http(argv: Sequence[str]) -> bool:
    if argv[0].endswith(("http", "https", "xh")):
        return any(word.upper() in ("POST", "PUT", "PATCH") or word[:1] == "@" for word in argv[1:])
    sending = ("-d", "--data", "-F", "--form", "-T", "--upload-file", "--json", "-u", "--user")
    for at, word in enumerate(argv):
        if word.startswith(sending) or word.startswith(("--data", "--post", "--body")):
            return True
        if word in ("-X", "--request") and at + 1 < len(argv):
            return argv[at + 1].upper() in ("POST", "PUT", "PATCH", "DELETE")
    return False
