"""What tools of stores without SQL are told to do, as the store's own client would be told it.

`mcp__redis__execute {"command": "FLUSHALL"}` is `redis-cli FLUSHALL`, `drop-database` of a MongoDB
server `mongosh --eval db.dropDatabase()`: so the rules for those clients hold for the tools too.
"""

from collections.abc import Iterator, Mapping

from agentaudit_processor.classify.tables import table
from agentaudit_processor.model import Json, ToolCall

_KEY_VALUE = table("redis valkey keydb")
_DOCUMENT = table("mongodb mongo mongosh")
_SEEKING = table(
    """
    search find ask docs documentation lookup retrieve research answer chat recall grep browse crawl
    web wiki suggest autocomplete recommend similar semantic rag knowledge
    """
)
_OF_TABLES = table(
    """
    sql psql postgres postgresql pg mysql mariadb sqlite db database databases bigquery snowflake
    redshift clickhouse duckdb mssql oracle supabase neon athena trino presto databricks cockroach
    warehouse table tables
    """
)
_GIVEN = ("command", "cmd", "query")
_FLUSHES = ("flushall", "flushdb")
_FILTERS = ("filter", "query")
_MAX_CHARS = 4096


def client_lines(call: ToolCall) -> Iterator[str]:
    """The command lines that do what `call` does; none for a tool of another store."""
    tool = call.tool_name[:200].lower()
    words = {*_words(tool), *_words((call.mcp_server or "")[:200].lower())}
    if words & _KEY_VALUE:
        lines = _key_value(tool, call.arguments)
    elif words & _DOCUMENT:
        lines = _document(tool, call.arguments)
    else:
        return
    yield from (" ".join(line[:_MAX_CHARS].split()) for line in lines)


def is_seeking(call: ToolCall) -> bool:
    """Tell whether a `query` is words that are looked for: the tool seeks, and in no tables."""
    words = _words(call.tool_name[:200].lower())
    return bool(_SEEKING & set(words)) and not _OF_TABLES & {
        *words,
        *_words((call.mcp_server or "")[:200].lower()),
    }


def _key_value(tool: str, arguments: Mapping[str, Json]) -> Iterator[str]:
    name = _joined(tool)
    yield from (f"redis-cli {flush}" for flush in _FLUSHES if name.endswith(flush))
    for given in _GIVEN:
        told = [arguments.get(given), arguments.get("args")]
        if told[0]:
            yield " ".join(["redis-cli", *(word for value in told for word in _texts(value))])


def _document(tool: str, arguments: Mapping[str, Json]) -> Iterator[str]:
    name = _joined(tool)
    shell = " ".join(["mongosh", *_texts(arguments.get("database"))])
    held = ".".join(["db", *_texts(arguments.get("collection"))])
    if name.endswith("dropdatabase"):
        yield f"{shell} --eval db.dropDatabase()"
    elif name.endswith("dropcollection"):
        yield f"{shell} --eval {held}.drop()"
    elif name.endswith(("dropindex", "dropindexes")):
        yield f"{shell} --eval {held}.dropIndexes()"
    elif name.endswith("renamecollection"):
        yield f"{shell} --eval {held}.renameCollection()"
    elif name.endswith(("deletemany", "updatemany")) and _takes_all(arguments):
        verb = "deleteMany" if name.endswith("deletemany") else "updateMany"
        yield f"{shell} --eval {held}.{verb}({{}})"


def _joined(tool: str) -> str:
    """`drop-database`, `drop_database` and `dropDatabase` alike."""
    return "".join(_words(tool))


def _words(name: str) -> list[str]:
    return "".join(sign if sign.isalpha() else " " for sign in name).split()


def _takes_all(arguments: Mapping[str, Json]) -> bool:
    """Tell whether no filter says which documents are meant."""
    filters = [arguments.get(name) for name in _FILTERS]
    return not any(one.strip("{} \n\t") if isinstance(one, str) else one for one in filters)


def _texts(value: Json) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values[:50] if isinstance(one, str) and one]
