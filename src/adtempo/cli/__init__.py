"""The command line: one thin file per area.

In come words a person or a script typed; out go a result on standard output, progress and notes on standard error,
and an exit code that says what sort of problem there was. With --json a reading command prints exactly the body that
the HTTP API returns. A command opens the workspace, calls one thing below, and renders what it got: it holds no rule,
no query and no arithmetic, and imports what is heavy only inside the function that needs it.
"""
