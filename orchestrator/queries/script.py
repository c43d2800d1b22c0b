"""A text taken apart: which spans are SQL statements, what kind each is, and where in it the query stands.

Nothing is rewritten here. What is not SQL (commands and variables of psql, shell variables, placeholders of drivers,
rows of COPY) is masked by characters of the same number, so that every position is one of the text as it was.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from sqlglot import Token, TokenType
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import TokenError

TABLE = "cancer_transcript_base"
MASK = "\u2133"
"""A letter that no SQL has; names made of it stand for what was masked."""
UNKNOWN_TEXT = "\u2112"
"""As MASK, for what may become any SQL, not just a value: ${...}, $name, :name, :"name"."""

_LEXICAL = re.compile(
    r"""
    (?P<opaque>
        --[^\n]* | /\*(?:[^*]|\*(?!/))*\*/
        | \b[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
        | (?P<tag>\$(?:[A-Za-z_]\w*)?\$).*?(?P=tag)
    )
    | (?P<rows>(?i:\bcopy\b[^;]*\bfrom\s+stdin\b[^;\n]*;)[^\n]*\n(?s:.*?)^\\\.[^\n]*$)
    | (?P<command>\\[^\r\n]*)
    | (?P<text>\$\{[^}\n]*\} | (?<![\w$])\$[A-Za-z_]\w* | (?<![:\w\])]):(?:"[^"\n]+"|[A-Za-z_]\w*(?!\w))(?!:(?!:)))
    | (?P<value>(?<![:\w\])]):'\w+' | %\(\w+\)s | %s\b)
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_FENCE = re.compile(r"^[ \t]*(?P<mark>`{3,}|~{3,})[ \t]*\{?\.?(?P<language>[\w+-]*)[^\n]*\n", re.MULTILINE)
SQL_FENCES = ("sql", "postgresql", "postgres", "psql", "pgsql")


class _Tokenizer(Postgres.Tokenizer):
    COMMANDS: ClassVar[set[TokenType]] = set()  # the rest of EXECUTE and the like is tokens, too, not one string


@dataclass(frozen=True)
class Command:
    """A command of psql, from its backslash to the end of the line."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Statement:
    """One SQL statement without its semicolon: the span of its tokens in the text, which is masked."""

    masked: str = field(repr=False)
    tokens: Sequence[Token] = field(repr=False)
    depths: Sequence[int] = field(repr=False)
    """Of parentheses and brackets, a token each; an opening one has that of what is around it."""

    @property
    def start(self) -> int:
        """Return where it begins in the text."""
        return self.tokens[0].start

    @property
    def end(self) -> int:
        """Return where it ends, exclusive."""
        return self.tokens[-1].end + 1

    def is_word(self, index: int, *words: str) -> bool:
        """Tell whether the token at an index is one of some key words; there may be no such token."""
        return 0 <= index < len(self.tokens) and word(self.tokens[index]) in words

    @cached_property
    def mentions(self) -> list[int]:
        """Return the indexes of tokens that are the name of the wide table."""
        return [index for index, token in enumerate(self.tokens) if name_of(token) == TABLE]

    @cached_property
    def strings_with_table(self) -> list[int]:
        """Return the indexes of strings and dollar-quoted bodies that hold the name of the wide table."""
        return [index for index, token in enumerate(self.tokens) if is_string(token) and TABLE in token.text.lower()]


@dataclass(frozen=True)
class Script:
    """The statements and psql's commands of a text, in its order."""

    text: str = field(repr=False)
    parts: Sequence[Statement | Command]
    unreadable: Sequence[tuple[int, str]] = ()
    """Where a part could not even be taken apart, and why; it holds no statements."""

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\n", self.text))]

    def place(self, position: int) -> tuple[int, int]:
        """Return line and column, both from 1, of a position."""
        line = bisect_right(self._line_starts, position)
        return line, position - self._line_starts[line - 1] + 1


def fold(name: str) -> str:
    """Return what PostgreSQL makes of a name that is not quoted: only letters of ASCII become small."""
    return re.sub("[A-Z]+", lambda found: found[0].lower(), name)


def word(token: Token) -> str:
    """Return a key word, or a name that is not quoted, in lower case; empty for anything else."""
    is_plain = token.token_type not in (TokenType.IDENTIFIER, *_STRINGS)
    return fold(token.text) if is_plain and token.text[:1].isalpha() else ""


_STRINGS = (TokenType.STRING, TokenType.HEREDOC_STRING, TokenType.BYTE_STRING, TokenType.UNICODE_STRING,
            TokenType.NATIONAL_STRING, TokenType.RAW_STRING)  # fmt: skip


def is_string(token: Token) -> bool:
    """Tell whether a token is a string, or a dollar-quoted body."""
    return token.token_type in _STRINGS


def is_name(token: Token) -> bool:
    """Tell whether a token is a name, and no key word."""
    return token.token_type in (TokenType.VAR, TokenType.IDENTIFIER)


def name_of(token: Token) -> str:
    """Return what PostgreSQL makes of a token that is a name: folded unless quoted; empty for what is none."""
    return token.text if token.token_type is TokenType.IDENTIFIER else word(token)


def read_script(text: str, *, is_markdown: bool = False) -> Script:
    """Take a text apart; of a Markdown page only fences of SQL count."""
    return read_spans(text, _fences(text) if is_markdown else [(0, len(text))])


def read_spans(text: str, spans: Iterable[tuple[int, int]]) -> Script:
    """Take the SQL in some spans of a text apart."""
    parts: list[Statement | Command] = []
    unreadable = []
    pieces, position, marked = [], 0, []
    for start, end in spans:
        masked, commands = _mask(text, start, end)
        pieces += [text[position:start], masked]
        marked.append((start, masked))
        parts += commands
        position = end
    whole = "".join([*pieces, text[position:]])
    for start, masked in marked:
        try:
            tokens = _Tokenizer().tokenize(masked)
        except TokenError:
            unreadable.append((start, "a quote, comment or dollar quote is not closed"))
            continue
        for token in tokens:
            token.start += start
            token.end += start
        parts += _split(whole, tokens)
    parts.sort(key=lambda part: part.start)
    return Script(text, parts, unreadable)


def _fences(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans between fences of SQL."""
    position = 0
    while opening := _FENCE.search(text, position):
        closing = re.compile(rf"^[ \t]*{opening['mark']}{opening['mark'][0]}*[ \t\r]*$", re.MULTILINE).search(
            text, opening.end()
        )
        end = closing.start() if closing else len(text)
        if opening["language"].lower() in SQL_FENCES:
            yield opening.end(), end
        position = closing.end() if closing else len(text)


def _mask(text: str, start: int, end: int) -> tuple[str, list[Command]]:
    """Return a span of the text with what is no SQL masked; and psql's commands in it."""
    pieces = []
    commands = []
    position = start
    for found in _LEXICAL.finditer(text, start, end):
        pieces.append(text[position : found.start()])
        piece = found[0]
        if found["rows"]:
            head = piece.index(";") + 1
            piece = piece[:head] + _blank(piece[head:])
        elif found["command"]:
            commands.append(Command(found.start(), found.end(), piece))
            at_line_start = not text[text.rfind("\n", 0, found.start()) + 1 : found.start()].strip()
            piece = _blank(piece) if at_line_start else ";" + _blank(piece[1:])  # \gset and \g end a statement
        elif found["text"]:
            piece = UNKNOWN_TEXT * len(piece)
        elif found["value"]:
            piece = MASK * len(piece)
        pieces.append(piece)
        position = found.end()
    pieces.append(text[position:end])
    return "".join(pieces), commands


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _split(masked: str, tokens: Sequence[Token]) -> Iterator[Statement]:
    begin = 0
    for index, token in enumerate(tokens):
        if token.token_type is TokenType.SEMICOLON and not _is_inside_body(tokens[begin:index]):
            if index > begin:
                yield _statement(masked, tokens[begin:index])
            begin = index + 1
    if begin < len(tokens):
        yield _statement(masked, tokens[begin:])


def _is_inside_body(tokens: Sequence[Token]) -> bool:
    """Tell whether a function's body in SQL (BEGIN ATOMIC ... END) is still open."""
    if not tokens or word(tokens[0]) != "create":
        return False
    words = [word(token) for token in tokens]
    if "atomic" not in words:
        return False
    body = words[words.index("atomic") :]
    return body.count("end") <= body.count("case")


def _statement(masked: str, tokens: Sequence[Token]) -> Statement:
    depths = []
    depth = 0
    for token in tokens:
        if token.token_type in (TokenType.R_PAREN, TokenType.R_BRACKET):
            depth -= 1
        depths.append(depth)
        if token.token_type in (TokenType.L_PAREN, TokenType.L_BRACKET):
            depth += 1
    return Statement(masked, tokens, depths)
