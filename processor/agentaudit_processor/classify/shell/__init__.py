"""What a shell command executes: parsed, looked through, and told as Deeds.

`reader` walks the parse tree (`grammar`) with the shell's state at hand (`state`: variables,
aliases, functions, files written on the way); `expansion` makes words of nodes, `quoting` undoes
quotes, `redirects` says what is read and written. `running` takes note of one command: what it
runs in turn is told by `wrappers` (with the tables of `prefixes` and `options`), `remote` and
`inline`, what it prints by `output`. Text that is only data is not executed and makes no Deed.
"""

from agentaudit_processor.classify.shell.reader import read_shell

__all__ = ["read_shell"]
