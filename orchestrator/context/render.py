"""Makes Markdown of what is told about a patient."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from orchestrator.context.facts import Context


def render(context: Context) -> str:
    """Return it as Markdown."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(),  # of HTML, which this is not
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    made.filters["cell"] = _cell
    return made.get_template("context.md").render(context=context)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
