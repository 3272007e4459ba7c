"""Frameworks by the names that their publishers and people use."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from agentaudit_backend.store.views import ControlCount
from agentaudit_processor.frameworks import load_frameworks


def by_framework(
    controls: tuple[ControlCount, ...],
) -> tuple[tuple[str, tuple[ControlCount, ...]], ...]:
    """The controls grouped by their framework's name, in the order given."""
    found: dict[str, list[ControlCount]] = {}
    for control in controls:
        found.setdefault(framework_name(control.framework), []).append(control)
    return tuple((name, tuple(each)) for name, each in found.items())


def framework_name(framework_id: str) -> str:
    """`soc2` as its publisher writes it; an unknown id stands for itself."""
    return framework_names().get(framework_id, framework_id)


@cache
def framework_names() -> Mapping[str, str]:
    """Id -> name of every framework that we can map to."""
    return {
        each["id"]: f"{_SHORT[each['id']]}, {each['name']}"
        if each["id"] in _SHORT
        else each["name"]
        for each in load_frameworks()["frameworks"]
    }


def short_name(framework_id: str) -> str:
    """What people call it, before the number of a control: `GDPR`, `SOC 2`."""
    return _SHORT.get(framework_id) or _SHORT_ENOUGH.get(framework_id, framework_id)


_SHORT: Final[Mapping[str, str]] = {
    "gdpr": "GDPR",
    "eu_ai_act": "EU AI Act",
    "iso_42001": "ISO/IEC 42001",
    "iso_27001": "ISO/IEC 27001",
    "nist_800_53": "NIST SP 800-53",
    "nist_800_92": "NIST SP 800-92",
    "pci_dss": "PCI DSS",
    "dora": "DORA",
}
_SHORT_ENOUGH: Final[Mapping[str, str]] = {
    "soc2": "SOC 2",
    "nist_ai_rmf": "NIST AI RMF",
    "hipaa_security": "HIPAA",
    "nis2": "NIS 2",
    "owasp_asi": "OWASP ASI",
    "owasp_llm": "OWASP LLM",
    "mitre_atlas": "MITRE ATLAS",
    "mitre_attack": "MITRE ATT&CK",
}
