"""The Policy as hooks fetch it: its document, its version, the digest key, and a seal over all.

The seal is an HMAC by the API key that fetched it: who changes the copy on a laptop's disk without
knowing the key is found out, and so is a copy cut short.
"""

import hmac
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from agentaudit_processor.policy import Policy
from agentaudit_processor.policy_document import FIELDS, policy_of, to_document
from agentaudit_processor.policy_values import PolicyError

SEAL = "seal"
_SERVERS = ("retention", "approvers")
"""Fields that only the server acts on; why something is held, and who may answer, is no laptop's
business."""
_ALGORITHM = "hmac-sha256"


def bundle_of(policy: Policy, api_key: str) -> dict[str, Any]:
    """All that a hook needs of `policy` to judge as the server does."""
    fields = {k: v for k, v in to_document(policy).items() if k not in _SERVERS}
    fields["approvals"] = {k: v for k, v in fields["approvals"].items() if k not in _SERVERS}
    told = {"version": policy.version, **fields, "digest_key": policy.digest_key.hex()}
    return sealed(told, api_key)


def sealed(told: Mapping[str, Any], api_key: str) -> dict[str, Any]:
    """`told` with the seal that the holder of `api_key` expects."""
    return {**told, SEAL: _seal(told, api_key)}


def policy_of_bundle(bundle: object, api_key: str) -> Policy:
    """The Policy that a server sent to the holder of `api_key`.

    A field that this version does not know is passed over: the server may be newer.

    Raises:
        PolicyError: the seal does not hold, or a field has a value that it cannot have.
    """
    if not isinstance(bundle, Mapping):
        raise PolicyError("policy", "expected fields with values")
    told = {name: value for name, value in bundle.items() if name != SEAL}
    if not hmac.compare_digest(str(bundle.get(SEAL)).encode(), _seal(told, api_key).encode()):
        raise PolicyError(SEAL, "it is missing, or what it seals was changed")
    version = told.get("version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise PolicyError("version", "expected a number")
    document = {name: told[name] for name in FIELDS if name in told}
    return policy_of(document, version=version, digest_key=_key(told.get("digest_key")))


def _seal(told: Mapping[str, Any], api_key: str) -> str:
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    key = sha256(api_key.encode("utf-8", "replace")).digest()
    return f"{_ALGORITHM}:{hmac.digest(key, text.encode(), 'sha256').hex()}"


def _key(raw: object) -> bytes:
    try:
        return bytes.fromhex(raw if isinstance(raw, str) else "?")
    except ValueError:
        raise PolicyError("digest_key", "expected hexadecimal digits") from None
