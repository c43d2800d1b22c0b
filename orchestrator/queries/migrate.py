"""One text of v0.5.0 SQL, a script or a Markdown page, made into v0.6.0 SQL by edits of what must change."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from orchestrator.patient_id import LEGACY_PREFIX
from orchestrator.queries.anatomy import made_by
from orchestrator.queries.context import Context
from orchestrator.queries.findings import Finding
from orchestrator.queries.outcome import Migrated, MigratedText, Options
from orchestrator.queries.refusals import Found, meaning
from orchestrator.queries.rewrite import Edit, apply, patients_path
from orchestrator.queries.script import TABLE, Command, Script, Statement, name_of, read_script
from orchestrator.queries.statements import Rewritten, rewrite_statement

_CONNECT = re.compile(r"\\c(?:onnect)?\b")
_BRANCH = re.compile(r"\\(if|elif|else|endif)\b")
_LEGACY_DATABASE = re.compile(rf"{LEGACY_PREFIX}[A-Za-z0-9_.-]+")


@dataclass
class _State:
    """Where the script has come to."""

    context: Context
    line_end: str
    is_in_path: bool = False
    """Whether the script itself, or what was put into it, made search_path lead to the patient."""
    is_own_path: bool = False
    """Whether that was put into it here: names without a schema are still those of v0.5.0."""
    lost: str = ""
    """Why nobody knows whom statements read: the script has connected to another database."""
    made: set[str] = field(default_factory=set)
    """Names of tables, views and functions that the script has made so far."""
    text_with_table: int | None = None
    """Where the statement before has a string that names the wide table."""
    edits: list[Edit] = field(default_factory=list)
    statements: list[Migrated] = field(default_factory=list)

    @property
    def patient_id(self) -> str:
        """Return whom statements read now."""
        return self.context.patient.patient_id


def migrate_text(text: str, context: Context, options: Options) -> MigratedText:
    """Return the text with every statement that names the wide table made into one for the patient.

    A statement that cannot be said in v0.6.0 stays as it is, with a finding that refuses it. Positions of findings are
    those of the old text.
    """
    script = read_script(text, is_markdown=options.is_markdown)
    state = _State(context, "\r\n" if "\r\n" in text else "\n")
    for position, reason in script.unreadable:
        state.statements.append(_unreadable(script, state, position, reason))
    for part in script.parts:
        if isinstance(part, Command):
            _command(script, part, state)
        else:
            _statement(script, part, state, options)
    return MigratedText(apply(text, state.edits, 0, len(text)), tuple(sorted(state.statements, key=lambda s: s.line)))


def _unreadable(script: Script, state: _State, position: int, reason: str) -> Migrated:
    finding = _finding(script, ("E111", meaning("E111", reason), position))
    outcome = "refused" if TABLE in script.text.lower() else "unchanged"
    return Migrated(
        finding.line, state.patient_id, "", "", outcome, findings=(finding,) if outcome == "refused" else ()
    )


def _statement(script: Script, statement: Statement, state: _State, options: Options) -> None:
    _follow_path(statement, state)
    strings = statement.strings_with_table
    state.text_with_table = statement.tokens[strings[0]].start if strings else None
    old = script.text[statement.start : statement.end]
    if state.lost:
        if statement.mentions or statement.strings_with_table:
            state.statements.append(_as_it_was(script, state, statement, _lost(state, statement.start)))
        return
    context = replace(state.context, functions=state.context.functions and state.context.functions | state.made)
    is_in_path = state.is_in_path and not state.is_own_path
    written = rewrite_statement(statement, context, options, is_in_path=is_in_path)
    edits = [] if written.style == "refused" else _with_line_ends(written.edits, state)
    if written.needs_path and not state.is_in_path:
        state.edits.append(Edit(statement.start, statement.start, patients_path(state.context) + state.line_end))
        state.is_in_path = state.is_own_path = True
    state.edits += edits
    state.made.update(made_by(statement))
    state.statements.append(
        Migrated(
            line=script.place(statement.start)[0],
            patient_id=state.patient_id,
            old=old,
            new=apply(script.text, edits, statement.start, statement.end),
            outcome=written.style,
            findings=tuple(_finding(script, found) for found in _told(written.found, state)),
            proofs=tuple(replace(proof, line=script.place(proof.line)[0]) for proof in written.proofs),
            **_queries(script.text, written, edits),
        )
    )


def _told(found: Sequence[Found], state: _State) -> list[Found]:
    """Return what there is to say, in the order of the text; what the script itself has made is not missing."""
    missing = {f": {name}, " for name in state.made}
    told = [each for each in found if each[0] != "W104" or not any(name in each[1] for name in missing)]
    return sorted(told, key=lambda each: each[2])


def _with_line_ends(edits: Sequence[Edit], state: _State) -> list[Edit]:
    """Return edits with the line ends that the text has."""
    return [replace(edit, text=edit.text.replace("\n", state.line_end)) for edit in edits]


def _queries(text: str, written: Rewritten, edits: list[Edit]) -> dict[str, str | None]:
    """Return the query before and after; a repair that makes it run at all is in both."""
    if written.query is None:
        return {}
    start, end = written.query
    plain = apply(text, written.plain_edits, start, end) if written.plain_edits else None
    return {
        "old_query": apply(text, written.repairs, start, end),
        "new_query": apply(text, edits, start, end),
        "plain_query": plain,
    }


def _follow_path(statement: Statement, state: _State) -> None:
    """Note whether a statement of the script sets search_path to the patient, or away from it."""
    ends = statement.is_word(0, "rollback", "abort", "discard")
    if ends or (statement.is_word(0, "reset") and statement.is_word(1, "all")):
        state.is_in_path = state.is_own_path = False  # what was set may be undone
        return
    if not statement.is_word(0, "set", "reset") or not any(statement.is_word(index, "search_path") for index in (1, 2)):
        return
    schema = state.context.patient.schema
    state.is_in_path = any(name_of(token) == schema or token.text == schema for token in statement.tokens)
    state.is_own_path = False
    state.lost = "" if state.is_in_path else state.lost


def _command(script: Script, command: Command, state: _State) -> None:
    """Follow \\c to a patient; another command that names the table needs search_path."""
    if connecting := _CONNECT.match(command.text):
        _connect(script, command, command.text[connecting.end() :].split(), state)
    elif command.text.startswith(r"\gexec") and state.text_with_table is not None:
        found = ("E107", meaning("E107", "what the query says is run as SQL"), state.text_with_table)
        state.statements.append(_as_it_was(script, state, command, found))
    elif _BRANCH.match(command.text):
        state.is_in_path = state.is_own_path = False  # nobody knows which branch is taken
    elif TABLE in command.text.lower() and not (state.is_in_path and "public." not in command.text.lower()):
        reason = f"a command of psql: put {patients_path(state.context)} in front, and no public. before the name"
        found = ("E112", meaning("E112", reason), command.start)
        state.statements.append(_as_it_was(script, state, command, found))


def _connect(script: Script, command: Command, arguments: Sequence[str], state: _State) -> None:
    """Follow a connection to the database of a patient; of any other nobody knows whom it holds."""
    wanted = [each for each in arguments if not each.startswith("-reuse")]
    if not wanted or wanted[0] == "-":
        return  # to the same database
    state.is_in_path = state.is_own_path = False
    database = _LEGACY_DATABASE.search(command.text)
    patient = state.context.by_database.get(database[0]) if database else None
    if patient is None or database is None:
        state.lost = f"{database[0]} was not moved" if database else f"{wanted[0]} is no patient's database"
        if database:
            found = _lost(state, command.start + database.start())
            state.statements.append(_as_it_was(script, state, command, found))
        return
    state.lost = ""
    state.context = state.context.of(patient)
    new = command.text.replace(database[0], state.context.database) + state.line_end + patients_path(state.context)
    state.edits.append(Edit(command.start, command.end, new))
    line = script.place(command.start)[0]
    state.statements.append(Migrated(line, state.patient_id, command.text, new, "view"))
    state.is_in_path = state.is_own_path = True


def _lost(state: _State, position: int) -> Found:
    return "E113", meaning("E113", state.lost), position


def _as_it_was(script: Script, state: _State, part: Statement | Command, found: Found) -> Migrated:
    line, old = script.place(part.start)[0], script.text[part.start : part.end]
    return Migrated(line, state.patient_id, old, old, "refused", findings=(_finding(script, found),))


def _finding(script: Script, found: Found) -> Finding:
    code, message, position = found
    return Finding(code, message, *script.place(position))
