"""Every span and log attribute that we write or read, by its name on the wire.

Standard names first (OTel semantic conventions, GenAI semantic conventions 0.1); `agentaudit.*`
only where none exists. The hook writes the first group, the processor adds the second.
"""

# --- standard names ---------------------------------------------------------------------------
OPERATION_NAME = "gen_ai.operation.name"  # execute_tool
TOOL_NAME = "gen_ai.tool.name"  # the tool, as the agent's user knows it: Bash, save_note
TOOL_CALL_ID = "gen_ai.tool.call.id"  # the agent's own id of the call
TOOL_TYPE = "gen_ai.tool.type"  # function, extension or datastore
TOOL_ARGUMENTS = "gen_ai.tool.call.arguments"  # JSON text; secrets masked
TOOL_RESULT = "gen_ai.tool.call.result"  # JSON text; secrets masked
CONVERSATION_ID = "gen_ai.conversation.id"  # the agent's session
AGENT_NAME = "gen_ai.agent.name"  # claude-code, codex …
PROVIDER_NAME = "gen_ai.provider.name"  # who runs the model: anthropic, openai …
SESSION_ID = "session.id"  # the agent's session
USER_EMAIL = "user.email"  # the person the agent works for
USER_ID = "user.id"  # that person's id, as configured
USER_NAME = "user.name"  # login name on the machine
HOST_NAME = "host.name"  # the machine; on the resource
SERVICE_NAME = "service.name"  # the agent; on the resource
SERVICE_VERSION = "service.version"  # the agent's version; on the resource
ERROR_TYPE = "error.type"  # tool_error, timeout, policy_block … (`ToolCall.error_type`)
MCP_METHOD = "mcp.method.name"  # tools/call, for a tool of an MCP server
PROCESS_COMMAND_LINE = "process.command_line"  # the command of a shell call
PROCESS_EXIT_CODE = "process.exit.code"  # its exit code, where the agent tells it
PROCESS_WORKING_DIRECTORY = "process.working_directory"  # where it ran
FILE_PATH = "file.path"  # the file of a file tool
URL_FULL = "url.full"  # the address of a fetch
VCS_REPOSITORY_URL = "vcs.repository.url.full"  # of the session's folder; no credentials in it
VCS_REPOSITORY_NAME = "vcs.repository.name"  # the last part of that
VCS_REF_NAME = "vcs.ref.head.name"  # the branch or tag that was checked out
VCS_REF_TYPE = "vcs.ref.head.type"  # branch or tag
VCS_REF_REVISION = "vcs.ref.head.revision"  # the commit that was checked out
HOST_ARCH = "host.arch"  # the processor's kind; on the resource
OS_TYPE = "os.type"  # linux, darwin …; on the resource
OS_VERSION = "os.version"  # the system's release; on the resource

EXECUTE_TOOL = "execute_tool"

# --- written by the hook ----------------------------------------------------------------------
HOOK_EVENT = "agentaudit.hook.event"  # the client's own event name: PreToolUse
HOOK_DECISION = "agentaudit.hook.decision"  # allow | ask | block
HOOK_RISK_LEVEL = "agentaudit.hook.risk_level"  # low, medium, high or critical
HOOK_POLICY_VERSION = "agentaudit.hook.policy_version"  # the policy that the hook judged by
HOOK_PACKS_VERSION = "agentaudit.hook.packs_version"  # the packs that the hook judged by
HOOK_VERSION = "agentaudit.hook.version"  # version of agentaudit-hook
ACTION = "agentaudit.action"  # file_read, shell_command … (`model.Action`)
OUTCOME = "agentaudit.outcome"  # success, failure or unknown
PERMISSION_MODE = "agentaudit.agent.permission_mode"  # the agent's own word: default, plan …
SUBAGENT_ID = "agentaudit.agent.subagent.id"  # which sub-agent acted
SUBAGENT_TYPE = "agentaudit.agent.subagent.type"  # of which type it is
PROMPT_ID = "agentaudit.prompt.id"  # the prompt that led to the call
MCP_SERVER = "agentaudit.mcp.server.name"  # the MCP server that offers the tool
HOOK_RULE_IDS = "agentaudit.hook.rule_ids"  # of its findings, where content was kept back
CONTENT_REDUCED = "agentaudit.content.reduced"  # what was kept back: arguments: hash, results: off
CONTENT_TRUNCATED = "agentaudit.content.truncated"  # something was cut before it was sent
SPOOL_REPLAYED = "agentaudit.spool.replayed"  # sent late, from the hook's spool
CLIENT_SEQUENCE = "agentaudit.client.sequence"  # number among the session's records, from 1 on
CWD = "agentaudit.cwd"  # the session's working directory
EXTRA = "agentaudit.extra"  # JSON text: client fields that have no attribute of their own
PARENT_SPAN_ID = "agentaudit.parent_span.id"  # on log records, which have no place for it
ERROR_MESSAGE = "agentaudit.error.message"  # where no ERROR span status can hold it
FACT_ID = "agentaudit.fact.id"  # tells two facts of one session apart
FACT_KIND = "agentaudit.fact.kind"  # session, prompt, permission … (`EventKind`)
FACT_NAME = "agentaudit.fact.name"  # the client's own event name: SessionStart
FACT_DATA = "agentaudit.fact.data"  # JSON text

# --- log event names --------------------------------------------------------------------------
EVENT_TOOL_REQUESTED = "agentaudit.tool.requested"  # a tool call, before it runs
EVENT_FACT = "agentaudit.fact"  # something else worth proof
EVENT_DETECTION = "agentaudit.detection"  # a finding, as a log record of its own

# --- added by the processor -------------------------------------------------------------------
PROCESSOR_VERSION = "agentaudit.processor.version"  # its presence means: enriched already
RULESET_VERSION = "agentaudit.ruleset.version"  # digest of the packs
RISK_LEVEL = "agentaudit.risk.level"  # low, medium, high or critical
RISK_REASONS = "agentaudit.risk.reasons"  # sentences, the weightiest first
RISK_RULE_IDS = "agentaudit.risk.rule_ids"  # ids of the rules that matched
ACTION_CATEGORY = "agentaudit.action.category"  # action class, as in frameworks.yaml
PII_DETECTED = "agentaudit.pii.detected"  # personal data was found
PII_TYPES = "agentaudit.pii.types"  # which types of it
PII_COUNT = "agentaudit.pii.count"  # how often
SECRET_TYPES = "agentaudit.secret.types"  # noqa: S105  which types of secrets were found
FRAMEWORK_CONTROLS = "agentaudit.framework.controls"  # keys of the controls touched
POLICY_OUTCOME = "agentaudit.policy.outcome"  # allow, block, denied, observe
POLICY_VERSION = "agentaudit.policy.version"  # the policy judged by
SOURCE_DIALECT = "agentaudit.source.dialect"  # who wrote the record: hook, semconv …
EVENT_ID = "agentaudit.event.id"  # id of the stored event
REDACTION_COUNT = "redaction.masked.count"  # names of the Collector's redaction processor
REDACTION_KEYS = "redaction.masked.keys"  # which attributes were masked
SECURITY_RULE_NAME = "security_rule.name"  # title of the gravest finding's rule
SECURITY_RULE_CATEGORY = "security_rule.category"  # its pack
SECURITY_RULE_RULESET = "security_rule.ruleset.name"  # pack and version

DETECTION_WHERE = "agentaudit.detection.where"  # the field that it was found in
DETECTION_EXCERPT = "agentaudit.detection.excerpt"  # what was found and what stood around; masked
DETECTION_EXPLANATION = "agentaudit.detection.explanation"  # why it matters
DETECTION_ADVICE = "agentaudit.detection.advice"  # the safer way
DETECTION_COUNT = "agentaudit.detection.count"  # how often it was found there
DETECTION_TAGS = "agentaudit.detection.tags"  # ATT&CK techniques, OWASP entries

HOOK_SCOPE = "agentaudit.hook"
PROCESSOR_SCOPE = "agentaudit.processor"
OF_THE_REPOSITORY = (
    VCS_REPOSITORY_URL,
    VCS_REPOSITORY_NAME,
    VCS_REF_NAME,
    VCS_REF_TYPE,
    VCS_REF_REVISION,
)
"""Kept under these names in `ToolCall.extra` and `Fact.data`."""
