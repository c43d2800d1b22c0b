"""A relay between clients and a PostgreSQL server that knows where transactions end, and can stop there.

It reads the messages of both sides (protocol 3) and passes them on unchanged. Each time a transaction is about to
end, and again when the server has answered that it did, it asks `at` what to do, while the client waits.
"""

import re
import socket
import struct
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

When = Literal["before", "after"]
Side = Literal["target", "legacy"]

SOCKET = ".s.PGSQL.5432"
PEER = struct.Struct("3i")
"""What SO_PEERCRED tells: process, user, group."""
READS = {"BEGIN", "CLOSE", "COMMIT", "DEALLOCATE", "DECLARE", "DISCARD", "FETCH", "LOCK", "RELEASE", "RESET",
         "ROLLBACK", "SAVEPOINT", "SELECT", "SET", "SHOW", "START"}  # fmt: skip
"""First words of command tags that write nothing, unless a function of ours is called."""
OUR_FUNCTION = re.compile(r"\b(?:cohort|migration|staging)\.\w+\(")
ENDS = re.compile(r"(?:commit|end|rollback|abort)\b(?!\s+(?:transaction\s+)?to\b)", re.IGNORECASE)
BEGINS = re.compile(r"(?:begin|start transaction)\b", re.IGNORECASE)
COMMENT = re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL)
COPY_OUT = re.compile(r"\s*copy .* to stdout", re.IGNORECASE | re.DOTALL)
REPEATED = re.compile(r"([^\s,]+)(?:, \1)+")
LIMITS = re.compile(r"^(?:set local [^;]*; ?)+", re.IGNORECASE)
DBT_NODE = re.compile(r'"node_id": "[a-z_]+\.\w+\.(\w+)"')
NAME_LENGTH = 90


@dataclass
class Cycle:
    """What a client sent at once, and waits for an answer to."""

    texts: list[str] = field(default_factory=list)
    raw: bytearray = field(default_factory=bytearray)
    is_executed: bool = False
    step: "Step | None" = None


@dataclass(frozen=True)
class Step:
    """An end of a transaction; the name is the same in every run of the same command."""

    side: Side
    shape: str
    """What was done, with the patient's name left out."""
    patient: str
    """The patient that was named, or nothing."""
    ordinal: int
    """The how many-th of this name in its run, from 1."""

    def __str__(self) -> str:
        """Return the name that logs have."""
        return f"{self.side}: {self.shape}" + (f" [{self.patient}]" if self.patient else "") + f" #{self.ordinal}"


@dataclass(eq=False)
class Link:
    """A client's connection."""

    side: Side
    peer: int
    """The client's process."""
    client: socket.socket
    server: socket.socket
    backend: int = 0
    """The server's process."""
    status: str = "I"
    cycles: "deque[Cycle]" = field(default_factory=deque)
    prepared: dict[bytes, str] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)
    last_write: str = ""
    startup: bytes = b""
    """What the client said when it connected."""
    patients: set[str] = field(default_factory=set)

    def close(self) -> None:
        """End both sides."""
        for end in (self.client, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


At = Callable[[When, Step, Link], bool]
"""Told of a boundary while the client waits there; returns whether the message goes on (False: it is lost)."""


class Relay:
    """Listens in a folder for each side, and passes on to the server's socket."""

    def __init__(self, home: Path, server_folder: Path, patients: tuple[str, ...]) -> None:
        """Listen below `home`; `patients` are the names to look for in what clients send."""
        self.server = str(server_folder / SOCKET)
        self.at: At | None = None
        self.on_connect: Callable[[int], object] = lambda _: None
        """Told of every process that connects."""
        self.links: set[Link] = set()
        self.wrote: dict[Step, bool] = {}
        """Of every step that was passed, whether it wrote."""
        self._patients = {patient.lower().encode(): patient for patient in patients}
        self._seen: Counter[tuple[str, str, str]] = Counter()
        self._counting = threading.Lock()
        self._listeners: list[socket.socket] = []
        self.folders: dict[Side, Path] = {}
        sides: tuple[Side, ...] = ("target", "legacy")
        for side in sides:
            self.folders[side] = home / f"relay-{side}"
            self.folders[side].mkdir(mode=0o700)
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(self.folders[side] / SOCKET))
            listener.listen(64)
            self._listeners.append(listener)
            threading.Thread(target=self._accept, args=(side, listener), daemon=True).start()

    def begin(self, at: At) -> None:
        """Count steps from the first again, and ask `at` from now on."""
        self._seen.clear()
        self.wrote.clear()
        self.at = at

    def open_links(self, side: Side) -> list[Link]:
        """Return the connections of a side that are open."""
        with self._counting:
            return [link for link in self.links if link.side == side and link.backend]

    def close(self) -> None:
        """Listen no more, and end all connections."""
        for listener in self._listeners:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for link in list(self.links):
            link.close()

    def _accept(self, side: Side, listener: socket.socket) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = listener.accept()
                peer = PEER.unpack(client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size))[0]
                self.on_connect(peer)
                server = socket.socket(socket.AF_UNIX)
                try:
                    server.connect(self.server)
                except OSError:  # it is down: the client sees its connection closed
                    client.close()
                    continue
                link = Link(side, peer, client, server)
                with self._counting:
                    self.links.add(link)
                for pump in (self._from_client, self._from_server):
                    threading.Thread(target=self._pump, args=(pump, link), daemon=True).start()

    def _pump(self, pump: Callable[[Link], None], link: Link) -> None:
        try:
            with suppress(OSError):
                pump(link)
        finally:
            link.close()
            with self._counting:
                self.links.discard(link)

    def _from_client(self, link: Link) -> None:
        link.startup = _startup(link.client)
        link.server.sendall(link.startup)
        cycle = Cycle()
        for kind, message in _messages(link.client):
            body = message[5:]
            if kind in b"QP":
                cycle.texts.append(_statement(kind, body, link))
            elif kind in b"B":
                name = body.split(b"\0", 2)[1]
                if name in link.prepared and link.prepared[name] not in cycle.texts:
                    cycle.texts.append(link.prepared[name])
            if kind in b"QPB":
                cycle.raw += body
            if kind in b"QE":
                cycle.is_executed = True
            if kind in b"QS":
                self._name(link, cycle)
                link.cycles.append(cycle)
                if cycle.step and not self._goes_on("before", cycle.step, link):
                    return
                cycle = Cycle()
            link.server.sendall(message)

    def _from_server(self, link: Link) -> None:
        for kind, message in _messages(link.server):
            if kind in b"K":
                link.backend = struct.unpack("!i", message[5:9])[0]
            elif kind in b"C" and not (link.cycles and any(COPY_OUT.match(text) for text in link.cycles[0].texts)):
                link.tags.add(message[5:].split(b"\0")[0].decode().split()[0])
            elif kind in b"Z":
                link.status = chr(message[5])
                cycle = link.cycles.popleft() if link.cycles else None
                if cycle and cycle.step and link.status == "I":
                    called = any(OUR_FUNCTION.search(text) for text in cycle.texts)
                    self.wrote[cycle.step] = bool(link.tags - READS) or called
                    if not self._goes_on("after", cycle.step, link):
                        continue  # the answer is lost; what the server says after it is not
                if link.status == "I":
                    link.tags.clear()
                    link.patients.clear()
                    link.last_write = ""
            link.client.sendall(message)

    def _goes_on(self, when: When, step: Step, link: Link) -> bool:
        return self.at is None or self.at(when, step, link)

    def _name(self, link: Link, cycle: Cycle) -> None:
        """Give a name to what ends a transaction, and remember what the transaction did."""
        raw = bytes(link.startup + cycle.raw).lower()
        link.patients |= {patient for name, patient in self._patients.items() if name in raw}
        texts = [shape for text in cycle.texts if (shape := self._shape(text))]
        is_end = bool(texts) and ENDS.match(texts[-1]) is not None
        is_begin = bool(texts) and BEGINS.match(texts[-1]) is not None
        if texts and not is_end and not is_begin and (not link.last_write or _first_word(texts[0]) not in READS):
            link.last_write = texts[0]
        is_alone = link.status == "I" and not link.cycles and not is_begin
        if not texts or not cycle.is_executed or not (is_end or is_alone):
            return
        shape = f"{texts[-1]} after {link.last_write}" if is_end and link.last_write else texts[-1]
        patient = next(iter(link.patients)) if len(link.patients) == 1 else ""
        with self._counting:
            self._seen[link.side, shape, patient] += 1
            cycle.step = Step(link.side, shape, patient, self._seen[link.side, shape, patient])

    def _shape(self, text: str) -> str:
        node = DBT_NODE.search(text)
        shape = " ".join(COMMENT.sub(" ", text).split())
        shape = LIMITS.sub("", shape) or shape
        for patient in self._patients.values():
            shape = re.sub(re.escape(patient), "*", shape, flags=re.IGNORECASE)
        shape = REPEATED.sub(r"\1", shape)
        return (f"({node[1]}) " if node and not ENDS.match(shape) else "") + shape[:NAME_LENGTH]


def _first_word(shape: str) -> str:
    words = shape.upper().split()
    return words[1] if words[0].startswith("(") and len(words) > 1 else words[0]


def _statement(kind: int, body: bytes, link: Link) -> str:
    if kind in b"Q":
        return body.rstrip(b"\0").decode(errors="replace")
    name, text = body.split(b"\0", 2)[:2]
    link.prepared[name] = text.decode(errors="replace")
    return link.prepared[name]


def _startup(client: socket.socket) -> bytes:
    """Return the first message, which has no type; none asks for TLS on a Unix socket."""
    length = _exactly(client, 4)
    return length + _exactly(client, struct.unpack("!I", length)[0] - 4)


def _messages(end: socket.socket) -> Iterator[tuple[int, bytes]]:
    """Yield type and bytes of every message until the other side closes; raises OSError when it breaks."""
    while True:
        head = _exactly(end, 5)
        yield head[0], head + _exactly(end, struct.unpack("!I", head[1:])[0] - 4)


def _exactly(end: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = end.recv(count - len(parts))
        if not part:
            raise ConnectionError("closed")
        parts += part
    return bytes(parts)
