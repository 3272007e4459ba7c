"""What a program in another language does to files and shells, by the calls that it spells out.

`commentary` takes out what a program only says, `calls` holds the tables of functions, `literals`
the values that names were given, `reader` finds calls and tells them as Deeds, `printed` what a
program prints. No interpreter and no parser: what is computed is not seen.
"""

from agentaudit_processor.classify.code.commentary import without_commentary
from agentaudit_processor.classify.code.reader import read_code

__all__ = ["read_code", "without_commentary"]
