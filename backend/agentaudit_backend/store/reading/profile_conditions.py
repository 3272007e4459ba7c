"""Which profiles have a thing in them: subqueries for a filter by rule, control or type of data.

Profiles are few, so these cost little beside the Events or counts that they choose.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, cast, select

from agentaudit_backend.store.profiles import CONTROL
from agentaudit_backend.store.rows import name_of
from agentaudit_backend.store.tables import Control, ProfileTag, table_of

PROFILE_TAGS = table_of(ProfileTag)
CONTROLS = table_of(Control)


def profiles_where(kind: str, meets: ColumnElement[bool]) -> Select[Any]:
    """Profiles with a tag of this kind whose value meets a condition."""
    return select(PROFILE_TAGS.c.profile_id).where(PROFILE_TAGS.c.kind == kind, meets)


def profiles_with(kind: str, values: Sequence[str]) -> Select[Any]:
    """Profiles with one of these values."""
    return profiles_where(kind, PROFILE_TAGS.c.value.in_([name_of(value) for value in values]))


def profiles_of_controls(meets: ColumnElement[bool]) -> Select[Any]:
    """Profiles with a Control whose words meet a condition."""
    ids = select(cast(CONTROLS.c.id, Text)).where(meets)
    return profiles_where(CONTROL, PROFILE_TAGS.c.value.in_(ids))


def profiles_of_frameworks(ids: Sequence[str]) -> Select[Any]:
    """Profiles with a Control of one of these frameworks."""
    return profiles_of_controls(CONTROLS.c.framework.in_(list(ids)))
