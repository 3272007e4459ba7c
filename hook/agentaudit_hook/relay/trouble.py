"""What keeps records from being delivered, in one sentence that says what to do."""

from collections.abc import Mapping
from dataclasses import dataclass

from agentaudit_hook.relay.causes import cause_in_words

_KEY = "the API key"
_TOO_LARGE = ("larger than", "exceeds maximum size")
"""How gRPC in C, Go, Java and Python words a message over the receiver's limit."""
_NO_TRUST = "No trust between this machine and"
_TLS_WORDS = ("certificate", "tlsv1", "handshake")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """`permanent`: this batch would be refused again; the sender must not offer it unchanged."""

    sentence: str
    permanent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A batch was taken but for `count` of its records, which must not be offered again.

    The receiver says how many and `why`, not which (OTLP 1.11, "Partial Success").
    """

    count: int
    why: str

    @property
    def sentence(self) -> str:
        """For the log, the status and the timeline."""
        return f"the receiver took a batch without {self.count} of its records: {self.why}"


def of_http_status(status: int, url: str) -> Trouble:
    """Trouble told by an HTTP status other than 2xx."""
    if status == 401:
        return Trouble(sentence=_key_refused(url, "401"))
    if status == 403:
        return Trouble(sentence=_key_may_not(url, "403"))
    if status == 404:
        return Trouble(
            sentence=f"{url} is not found (404): check AGENTAUDIT_BASE_URL; records are kept."
        )
    if status in (400, 413, 415):
        return Trouble(sentence=f"{url} cannot read a batch ({status}).", permanent=True)
    return Trouble(sentence=f"{url} cannot take records now ({status}); they are kept and resent.")


def of_grpc_status(code: str, details: str, endpoint: str) -> Trouble:
    """Trouble told by a gRPC status name: UNAUTHENTICATED, UNAVAILABLE …"""
    if code == "UNAUTHENTICATED":
        return Trouble(sentence=_key_refused(endpoint, code))
    if code == "PERMISSION_DENIED":
        return Trouble(sentence=_key_may_not(endpoint, code))
    too_large = code == "RESOURCE_EXHAUSTED" and any(words in details for words in _TOO_LARGE)
    if too_large or code in ("INVALID_ARGUMENT", "OUT_OF_RANGE"):
        sentence = f"{endpoint} cannot read a batch ({code}: {details[:120]})."
        return Trouble(sentence=sentence, permanent=True)
    if "handshake failed" in details.lower():
        return Trouble(sentence=_no_trust(endpoint, "TLS handshake failed"))
    told = f"{code}: {details[:120]}" if details else code
    return Trouble(
        sentence=f"{endpoint} cannot be reached or takes nothing now ({told}); records are kept."
    )


def of_web_page(url: str) -> Trouble:
    """A 2xx answer in HTML: somebody's log-in page took the place of the receiver."""
    return Trouble(
        sentence=f"{url} answers with a web page, so it is no OTLP receiver: check "
        "AGENTAUDIT_BASE_URL. Records are kept."
    )


def of_silence(url: str, error: BaseException | None) -> Trouble:
    """Nobody answered at all; without an error, not in time."""
    cause = cause_in_words(error)
    if any(words in cause.lower() for words in _TLS_WORDS):
        return Trouble(sentence=_no_trust(url, cause))
    return Trouble(
        sentence=f"Nothing answers at {url} ({cause}): is the server running, "
        "and is that its address (base_url)? Records are kept and sent later."
    )


def _no_trust(where: str, cause: str) -> str:
    return (
        f"{_NO_TRUST} {where} ({cause}): set AGENTAUDIT_CA_FILE to the "
        "authority of the server's certificate, and AGENTAUDIT_CLIENT_CERTIFICATE if it asks for "
        "one. Records are kept and sent later."
    )


def told_once(problems: Mapping[str, str]) -> dict[str, str]:
    """Problems by part, without the policy's where delivery has the same cause."""
    policy, export = problems.get("policy", ""), problems.get("export", "")
    is_same = is_about_key(policy) == is_about_key(export) and bool(policy and export)
    return {part: said for part, said in problems.items() if not (is_same and part == "policy")}


def is_about_key(sentence: str) -> bool:
    """Whether a Trouble's sentence says that another key would help."""
    return _KEY in sentence


def is_about_settings(sentence: str) -> bool:
    """Whether a Trouble's sentence says that other settings would help: a key, a certificate."""
    return is_about_key(sentence) or sentence.startswith(_NO_TRUST)


def _key_refused(where: str, code: str) -> str:
    return (
        f"{where} refused {_KEY} ({code}): give a valid one with `agentaudit-hook login`, or in "
        "AGENTAUDIT_API_KEY (`agentaudit key list` on the server shows them). Records are kept "
        "until then."
    )


def _key_may_not(where: str, code: str) -> str:
    return (
        f"{where}: {_KEY} may not write ({code}): use a key with role ingest or admin. "
        "Records are kept until then."
    )
