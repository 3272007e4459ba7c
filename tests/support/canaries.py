"""Canaries: secrets that give themselves away, personal data; to plant and to look for."""

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import quote

_BY_CLAUDE = ("hook_event_name", "session_id", "tool_use_id", "agent_id")
KEPT = frozenset((*_BY_CLAUDE, "turn_id", "hookName", "sessionId", "timestamp", "traceparent"))
"""Fields by which the hook knows what is told of what; nothing is planted in them."""
_RANDOM = "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17kT9xQz4LmN7pRs2VwYb6DcaB3dE5fG7hJ9"
_HEX = "8f2a55949038a9610f50fb23b5883af3b4ecb3c3bb792cbcefbd1542c692be63"


def _jwt() -> str:
    head = b64encode(b'{"alg":"HS256"}').decode().rstrip("=")
    return f"{head}.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"


# written in pieces, so that no scanner takes one for a live token
SECRETS = {
    "AWS": "AKIA" + "Q3EGWTZ5LKJ7HGF2",
    "Anthropic": "sk-" + f"ant-api03-{_RANDOM}",
    "OpenAI": "sk-" + f"proj-{_RANDOM[:40]}",
    "GitHub": "ghp_" + _RANDOM[:36],
    "GitHub, fine": "github_" + f"pat_{_RANDOM[:60]}",
    "GitLab": "glpat-" + _RANDOM[5:25],
    "Slack": "xoxb-" + f"123456789012-123456789013-{_RANDOM[:24]}",
    "Slack's hook": "https://hooks.slack.com/services/" + f"T00AB12CD/B01EF34GH/{_RANDOM[:24]}",
    "Stripe": "sk_live_" + _RANDOM[3:27],
    "Google": "AIza" + f"Sy{_RANDOM[7:40]}",
    "npm": "npm_" + _RANDOM[:36],
    "PyPI": "pypi-" + f"AgEIcHlwaS5vcmc{_RANDOM}{_RANDOM}",
    "DigitalOcean": "dop_v1_" + _HEX,
    "Vault": "hvs." + _RANDOM[:40],
    "Terraform": f"{_RANDOM[:14]}.atlasv1." + _RANDOM[:64],
    "SendGrid": "SG." + f"{_RANDOM[:22]}.{_RANDOM[10:53]}",
    "Hugging Face": "hf_" + "zQWBuTSOoRiFApspHcVYKncnsDkxkJAmLq",
    "Databricks": "dapi" + _HEX[:32],
    "Doppler": "dp.pt." + _RANDOM[:43],
    "Linear": "lin_api_" + _RANDOM[:40],
    "a web token": _jwt(),
    "a URL": "postgres://app:" + "h4rd2Gue55x" + "@db.intern/shop",
    "a key": "-----BEGIN EC PRIVATE "
    + "KEY-----\nMHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY\n-----END EC PRIVATE KEY-----",
    "our own key": "aa_live_" + _RANDOM[:32],
}
"""Forms that say what they are, wherever they stand."""

TELLING = {"a URL": "h4rd2Gue55x", "a key": "MHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY"}
"""What must not be seen of a secret, where it is not all of it."""

PERSONAL = {
    "e-mail": "jane.roe@firm-of-hers.org",
    "IBAN": "DE89370400440532013000",
    "card": "4111111111111111",
    "card, grouped": "5555 5555 5555 4444",
    "phone": "+49 30 901820",
    "phone of the US": "(415) 555-0132",
    "address of version 4": "81.2.69.142",
    "address of version 6": "2a02:810d:8040:1f2::1",
    "MAC": "3c:22:fb:4a:91:0d",
    "wallet": "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
    "US": "536-22-1234",
    "Spain": "54362315K",
    "Italy": "RCCMNL83S18D969H",
    "Belgium": "85.07.30-033.28",
    "Switzerland": "756.9217.0769.85",
    "France": "2 95 10 99 126 111 93",
    "Finland": "131052-308T",
    "Ireland": "6433435F",
    "Sweden": "19880320-0016",
    "Britain": "HH 01 02 03 D",
}
"""Personal data by its form alone."""


def planted(value: Any, canaries: Iterable[str]) -> Any:
    """`value` with the next of `canaries` behind every text in it, texts of `KEPT` fields aside."""
    endless = cycle(canaries)

    def plant(one: Any) -> Any:
        if isinstance(one, str):
            return f"{one} {next(endless)}"
        if isinstance(one, dict):
            return {key: item if key in KEPT else plant(item) for key, item in one.items()}
        return [plant(item) for item in one] if isinstance(one, list) else one

    return plant(value)


def needles(canary: str) -> list[bytes]:
    """The bytes that show `canary`: as it is, as JSON and addresses of pages write it, in base64
    of any alignment."""
    raw = canary.encode()
    found = [raw, json.dumps(canary)[1:-1].encode(), quote(canary, safe="").encode()]
    for before in range(3):
        encoded = b64encode(b"\0" * before + raw)
        found.append(encoded[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6])
    return [needle for needle in dict.fromkeys(found) if len(needle) >= 5]


def files_below(*folders: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file below `folders`, with what is in it; but for the packs, read, whose examples
    are made up."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            ours = path.is_symlink() or path.match(".cache/agentaudit/yaml-*")
            if path.is_file() and not ours:
                yield path, path.read_bytes()


def seen(canaries: dict[str, str], places: Iterable[tuple[Any, bytes]]) -> list[str]:
    """`canary in place`, for each of `canaries` that any of `places` shows."""
    wanted = {name: needles(canary) for name, canary in canaries.items()}
    return [
        f"{name} in {place}"
        for place, content in places
        for name, ways in wanted.items()
        if any(way in content for way in ways)
    ]
