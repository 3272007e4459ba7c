"""A store with one of everything that a page, a file or a message can show.

Every text that somebody outside wrote, agents and people alike, is the one that a test gives: for
tests that walk all routes, whatever they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from agentaudit_backend.alerts.query import filter_of
from agentaudit_backend.store.alert_views import ChannelKind, Wanted
from agentaudit_backend.store.approval_views import ApprovalState
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import Action, Activity, ToolCall
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import (
    Answer,
    Approvals,
    Exemption,
    LegalHold,
    Retention,
    RiskLevel,
)
from tests.support.builders import a_fact, a_request, a_tool_call, an_actor

ORDINARY = "ordinary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Furnished:
    """What is in the store: parameters of routes by name, and a key of each role."""

    parameters: Mapping[str, str]
    keys: Mapping[str, str]

    def path(self, pattern: str) -> str:
        """The address of a route's pattern, `/dashboard/events/{event_id}`, of a thing that is."""
        for name, value in self.parameters.items():
            for shape in (f"{{{name}}}", f"{{{name}:text}}"):
                pattern = pattern.replace(shape, quote(value, safe="", errors="replace"))
        assert "{" not in pattern, f"tell furnished.py of {pattern}"
        return pattern


def furnish(
    store: Store, judge: Judge, text: str = ORDINARY, now: datetime | None = None
) -> Furnished:
    """Fill a fresh, migrated store; `text` is in every field that takes one."""
    now = now or datetime.now(UTC)
    organization = store.default_organization()
    of_agents, text = text, text.encode("utf-8", "replace").decode()  # forms hold no lone surrogate
    keys = {
        role: store.create_key(organization, role=role, name=f"{role} {text}")
        for role in ("admin", "auditor", "ingest")
    }
    store.create_key(organization, role="ingest", name=text)
    _policy(store, text, now)
    alert_rule, channel = _alert_rule(store, text, now)
    policy = store.policy(organization)
    events = [
        judge.examine(each, digest_key=policy.digest_key).event(policy)
        for each in _activities(of_agents, now)
    ]
    store.write(organization, events)
    while store.alerts.look(filter_of, now + timedelta(seconds=1)) >= 0:
        pass
    alert = store.alerts.fired(organization)[0]
    pending = _approvals(store, judge, of_agents, now)
    _exports(store, text, now)
    token = store.people.invite(organization, name=text, role="auditor", author=text, now=now)
    subject = f"https://login.example|{text}"
    store.people.arrive(organization, subject=subject, name=text, role="auditor", now=now)
    (invitation,) = store.people.open_invitations(organization, now)
    listed = store.list_keys(organization)
    session = events[1].activity.session_id
    parameters = {
        "alert_id": alert.alert_id,
        "approval_id": pending,
        "channel_id": channel,
        "event_id": events[1].event_id,
        "export_id": "AE-1",
        "invitation_id": invitation.invitation_id,
        "key_id": str(listed[-1].id),
        "name": text,
        "rule_id": alert_rule,
        "session_id": session,
        "token": token,
        "version": "2",
    }
    return Furnished(parameters=parameters, keys=keys)


def a_hostile_call(text: str, at: datetime, **fields: object) -> ToolCall:
    """A deletion by `rm` that says `text` wherever a sender can say something."""
    began = _ns(at)
    told = {
        "session_id": f"s {text}",
        "call_id": f"c {text}",
        "actor": an_actor(
            agent_name=text,
            agent_version=text,
            user_email=text,
            user_name=text,
            user_id=text,
            host_name=text,
            subagent_id=text,
            subagent_type=text,
        ),
        "arguments": {
            "command": f"rm -rf /srv/{text}",
            "description": text,
            text: [text, {text: text}],
        },
        "result": {"stdout": f"{text}\n{text}", "stderr": text, text: text},
        "cwd": f"/home/{text}",
        "started_ns": began,
        "ended_ns": began + 1_000_000,
        "mcp_server": text,
        "permission_mode": text,
        "prompt_id": text,
        "error_type": text,
        "error_message": text,
        "extra": {"vcs.repository.name": text, "vcs.ref.head.name": text, text: text},
    }
    return a_tool_call(**told | fields)  # type: ignore[arg-type]


def _activities(text: str, now: datetime) -> list[Activity]:
    def at(minutes: int) -> datetime:
        return now - timedelta(minutes=60 - minutes)

    session = {"session_id": f"s {text}"}
    edit = {"file_path": f"/srv/{text}.py", "old_string": text, "new_string": f"{text}\nx"}
    read = {"file_path": f"/home/{text}/.env"}
    return [
        a_fact(at_ns=_ns(at(0)), data={"source": text, text: text}, **session),
        a_hostile_call(text, at(1)),
        a_hostile_call(text, at(2), tool_name=text, call_id="c2", action=Action.OTHER),
        a_hostile_call(
            text, at(3), tool_name="Edit", call_id="c3", action=Action.FILE_EDIT, arguments=edit
        ),
        a_hostile_call(
            text, at(4), tool_name="Read", call_id="c4", action=Action.FILE_READ, arguments=read
        ),
        a_hostile_call(
            text,
            at(5),
            tool_name="WebFetch",
            call_id="c5",
            action=Action.WEB_FETCH,
            arguments={"url": f"https://example.com/{text}", "prompt": text},
        ),
        a_request(call_id="c6", started_ns=_ns(at(6)), **session),
    ]


def _policy(store: Store, text: str, now: datetime) -> None:
    organization = store.default_organization()
    expires = _ns(now + timedelta(days=30))
    wanted = replace(
        store.policy(organization),
        rule_answers={"destructive.delete_tree": Answer.ASK},
        tool_answers={text: Answer.ALLOW},
        exemptions=(
            Exemption(
                id="old-shop",
                rule_id="destructive.*",
                owner=text,
                reason=text,
                expires_ns=expires,
                path=f"*/{text}/*",
                command=text,
            ),
        ),
        approvals=Approvals(up_to=RiskLevel.CRITICAL, approvers=("*", text)),
        retention=Retention(holds=(LegalHold(id="case", owner=text, reason=text),)),
    )
    store.save_policy(organization, wanted, author=text, note=text)


def _alert_rule(store: Store, text: str, now: datetime) -> tuple[str, str]:
    organization = store.default_organization()
    channel = store.alerts.add_channel(
        organization,
        name=text,
        kind=ChannelKind.WEBHOOK,
        address="https://hooks.example.com/x",
        now=now,
    )
    wanted = Wanted(
        name=text,
        query="risk:>=medium",
        threshold=1,
        window_s=7200,
        quiet_s=900,
        channels=(channel.channel_id,),
        enabled=True,
    )
    rule = store.alerts.add_rule(organization, wanted, text, now - timedelta(hours=2))
    return rule.rule_id, channel.channel_id


def _approvals(store: Store, judge: Judge, text: str, now: datetime) -> str:
    """One that is decided and one that waits; gives the id of the latter."""
    organization = store.default_organization()
    policy = store.policy(organization)
    asked = []
    for number, call_id in (("1", f"c {text}"), ("2", "a2")):  # the first is stored, too
        call = a_hostile_call(text, now, call_id=call_id)
        event = judge.examine(call, digest_key=policy.digest_key).event(policy)
        asked.append(
            store.approvals.ask(
                organization,
                event,
                call_key=number,
                key_id=999,
                valid=timedelta(minutes=60),
                now=now,
            )
        )
    store.approvals.decide(
        organization,
        asked[0].approval_id,
        ApprovalState.DENIED,
        by=text,
        note=text,
        valid=timedelta(minutes=60),
        now=now,
    )
    return asked[1].approval_id


def _exports(store: Store, text: str, now: datetime) -> None:
    organization = store.default_organization()
    for number, form in (("1", "csv"), ("2", "jsonl")):
        store.export_jobs.ask(
            organization,
            export_id=f"AE-{number}",
            author=text,
            form=form,
            query="range=all",
            scope=text,
            now=now,
        )
    store.export_jobs.failed("AE-2", text, now=now)


def _ns(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000_000
