"""Every span and log attribute that we write or read, by its name on the wire.

Standard names first (OTel semantic conventions, GenAI semantic conventions 0.1); `agentaudit.*`
only where none exists. The hook writes the first group, the processor adds the second.
"""

# --- standard names ---------------------------------------------------------------------------
OPERATION_NAME = "gen_ai.operation.name"
TOOL_NAME = "gen_ai.tool.name"
TOOL_CALL_ID = "gen_ai.tool.call.id"
TOOL_TYPE = "gen_ai.tool.type"
TOOL_ARGUMENTS = "gen_ai.tool.call.arguments"  # JSON text
TOOL_RESULT = "gen_ai.tool.call.result"  # JSON text
CONVERSATION_ID = "gen_ai.conversation.id"
AGENT_NAME = "gen_ai.agent.name"
PROVIDER_NAME = "gen_ai.provider.name"
SESSION_ID = "session.id"
USER_EMAIL = "user.email"
USER_ID = "user.id"
USER_NAME = "user.name"
HOST_NAME = "host.name"
SERVICE_NAME = "service.name"
SERVICE_VERSION = "service.version"
ERROR_TYPE = "error.type"
MCP_METHOD = "mcp.method.name"
PROCESS_COMMAND_LINE = "process.command_line"
PROCESS_EXIT_CODE = "process.exit.code"
PROCESS_WORKING_DIRECTORY = "process.working_directory"
FILE_PATH = "file.path"
URL_FULL = "url.full"

EXECUTE_TOOL = "execute_tool"

# --- written by the hook ----------------------------------------------------------------------
HOOK_EVENT = "agentaudit.hook.event"  # the client's own event name: PreToolUse
HOOK_DECISION = "agentaudit.hook.decision"  # allow | block
HOOK_RISK_LEVEL = "agentaudit.hook.risk_level"
HOOK_POLICY_VERSION = "agentaudit.hook.policy_version"
HOOK_PACKS_VERSION = "agentaudit.hook.packs_version"
HOOK_VERSION = "agentaudit.hook.version"
ACTION = "agentaudit.action"
OUTCOME = "agentaudit.outcome"
PERMISSION_MODE = "agentaudit.agent.permission_mode"
SUBAGENT_ID = "agentaudit.agent.subagent.id"
SUBAGENT_TYPE = "agentaudit.agent.subagent.type"
PROMPT_ID = "agentaudit.prompt.id"
MCP_SERVER = "agentaudit.mcp.server.name"
CONTENT_TRUNCATED = "agentaudit.content.truncated"
SPOOL_REPLAYED = "agentaudit.spool.replayed"
CWD = "agentaudit.cwd"
EXTRA = "agentaudit.extra"  # JSON text: client fields that have no attribute of their own
PARENT_SPAN_ID = "agentaudit.parent_span.id"  # on log records, which have no place for it
ERROR_MESSAGE = "agentaudit.error.message"  # where no ERROR span status can hold it
FACT_ID = "agentaudit.fact.id"
FACT_KIND = "agentaudit.fact.kind"
FACT_NAME = "agentaudit.fact.name"
FACT_DATA = "agentaudit.fact.data"  # JSON text

# --- log event names --------------------------------------------------------------------------
EVENT_TOOL_REQUESTED = "agentaudit.tool.requested"
EVENT_FACT = "agentaudit.fact"
EVENT_DETECTION = "agentaudit.detection"

# --- added by the processor -------------------------------------------------------------------
PROCESSOR_VERSION = "agentaudit.processor.version"  # its presence means: enriched already
RULESET_VERSION = "agentaudit.ruleset.version"
RISK_LEVEL = "agentaudit.risk.level"
RISK_REASONS = "agentaudit.risk.reasons"
RISK_RULE_IDS = "agentaudit.risk.rule_ids"
ACTION_CATEGORY = "agentaudit.action.category"
PII_DETECTED = "agentaudit.pii.detected"
PII_TYPES = "agentaudit.pii.types"
PII_COUNT = "agentaudit.pii.count"
SECRET_TYPES = "agentaudit.secret.types"  # noqa: S105  an attribute name
FRAMEWORK_CONTROLS = "agentaudit.framework.controls"
POLICY_OUTCOME = "agentaudit.policy.outcome"
POLICY_VERSION = "agentaudit.policy.version"
SOURCE_DIALECT = "agentaudit.source.dialect"
EVENT_ID = "agentaudit.event.id"
REDACTION_COUNT = "redaction.masked.count"  # names of the Collector's redaction processor
REDACTION_KEYS = "redaction.masked.keys"
SECURITY_RULE_NAME = "security_rule.name"
SECURITY_RULE_CATEGORY = "security_rule.category"
SECURITY_RULE_RULESET = "security_rule.ruleset.name"

HOOK_SCOPE = "agentaudit.hook"
