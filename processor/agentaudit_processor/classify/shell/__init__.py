"""What a shell command executes: parsed, looked through, and told as Deeds.

`reader` walks the parse tree (`grammar`) with the shell's state at hand (`state`: variables,
aliases, functions, files written on the way); `expansion` makes words of nodes, `quoting` undoes
quotes, `redirects` says what is read and written. `running` takes note of one command: what it
runs in turn is told by `wrappers` (with the tables of `prefixes` and `options`), `items`, `remote`
and `inline`, what `$(…)` and `<(…)` in its words give it by `given`, what it prints by `output`,
what it changes by `builtins` and `made_files`. Text that is only data is not executed and makes no
Deed.
"""

from agentaudit_processor.classify.shell.reader import read_shell

__all__ = ["read_shell"]
