"""The command line: one module a command group, nothing below it knows Typer or Rich."""

import sys


def run() -> None:
    """Run the `mediabase` command; an interrupt during the half second of imports is one sentence too."""
    try:
        from orchestrator.cli.main import main
    except KeyboardInterrupt:
        sys.stderr.write("mediabase: interrupted; nothing was done yet.\n")
        sys.exit(130)
    main()
