"""What a program in another language does to files and shells, by the calls that it spells out.

`calls` holds the tables of functions, `literals` the values that names were given, `reader` finds
calls and tells them as Deeds. No interpreter and no parser: what is computed is not seen.
"""

from agentaudit_processor.classify.code.reader import read_code

__all__ = ["read_code"]
