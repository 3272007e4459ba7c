"""Write one setting into the user's config file; its other lines and its comments stay."""

import json
import re
from pathlib import Path

from agentaudit_hook.places import make_private
from agentaudit_hook.relay.files import replace_file
from agentaudit_hook.settings import BadSettings, file_settings

_TEXT = r"""("(?:[^"\\]|\\.)*"|'[^']*')"""
_TABLE = re.compile(r"^\s*\[", re.MULTILINE)


def set_value(path: Path, name: str, value: str) -> None:
    """Give the setting `name` a value in the file at `path`, which is made if need be (0600).

    Raises:
        BadSettings: it is no config file, or holds `name` in a way that is not ours to change.
        OSError: it cannot be written.
    """
    before = file_settings(path)
    path = path.resolve()
    text = path.read_text("utf-8") if path.exists() else ""
    after = _with_value(text, name, value)
    if not path.parent.exists() and not make_private(str(path.parent)):
        raise PermissionError(f"{path.parent} cannot be made")
    fresh = path.with_name(f"{path.name}.new")
    replace_file(fresh, after.encode("utf-8"))
    try:
        told = file_settings(fresh)
    except BadSettings:
        told = {}
    if told != before | {name: value}:
        fresh.unlink()
        raise BadSettings(f"{name} in {path}: cannot be changed from here; edit the file")
    fresh.replace(path)


def _with_value(text: str, name: str, value: str) -> str:
    line = re.compile(rf"^([ \t]*{re.escape(name)}[ \t]*=[ \t]*){_TEXT}", re.MULTILINE)
    written = json.dumps(value, ensure_ascii=False)
    table = _TABLE.search(text)
    end = table.start() if table else len(text)
    head, tail = text[:end], text[end:]
    if line.search(head):
        return line.sub(lambda found: found[1] + written, head, count=1) + tail
    if head and not head.endswith("\n"):
        head += "\n"
    return f"{head}{name} = {written}\n{tail}"
