"""The command line: one module a command group, nothing below it knows Typer or Rich."""

from orchestrator.cli.main import main

__all__ = ["main"]
