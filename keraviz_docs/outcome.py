"""What comes of trying to read one model: a :class:`Reading` or a :class:`Failure`, both plain data.

They cross the process boundary as they are.  A build holds the readings of all its models, and the cache keeps them,
as :class:`Packed`.
"""

from __future__ import annotations

import contextlib
import gc
import zlib
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from keraviz_docs.architecture import Architecture, Source
from keraviz_docs.digests import digest
from keraviz_docs.errors import Code

FailureKind = Literal[
    "import",  # the builder's module or name could not be imported
    "arguments",  # the entry's kwargs do not fit the builder's parameters
    "inputs",  # the entry's inputs are no inputs of a model
    "exception",  # the builder raised
    "wrong-return",  # the builder returned something that is no Keras model
    "unbuilt",  # the model does not know its input and the manifest has no `inputs`
    "timeout",
    "memory",
    "crash",  # the process died: a signal, os._exit, sys.exit
    "saved-file",  # a .keras archive that is missing, damaged or needs code that is not there
    "cost-rule",  # a rule for costs that the zoo registered failed
    "no-builders",  # a module that is to be searched for builders has none
    "internal",  # a bug in this package
]

CODES: Mapping[FailureKind, Code] = {
    "import": Code.IMPORT,
    "arguments": Code.KWARGS,
    "inputs": Code.INPUTS,
    "exception": Code.BUILDER_RAISED,
    "wrong-return": Code.WRONG_RETURN,
    "unbuilt": Code.UNBUILT,
    "timeout": Code.TIMEOUT,
    "memory": Code.MEMORY,
    "crash": Code.CRASH,
    "saved-file": Code.SAVED_FILE,
    "cost-rule": Code.COST_RULE,
    "no-builders": Code.NO_BUILDERS,
    "internal": Code.INTERNAL,
}
"""What each kind of failure is called in messages."""


class BuilderFacts(msgspec.Struct, frozen=True, kw_only=True, tag="builder"):
    """What a page says about the code that builds a model."""

    target: str
    """``package.module:name`` or the path of a ``.keras`` file."""
    docstring: str | None = None
    signature: str | None = None
    """``name(param: type = default, ...) -> type`` as written."""
    usage: str = ""
    """A Python snippet that builds this very model, ready to copy."""
    source: Source | None = None
    source_url: str | None = None


class Reading(msgspec.Struct, frozen=True, kw_only=True, tag="reading"):
    """A model that could be read."""

    architecture: Architecture
    builder: BuilderFacts


class Frame(msgspec.Struct, frozen=True):
    """One line of a traceback."""

    file: str
    line: int
    function: str
    code: str


class Failure(msgspec.Struct, frozen=True, kw_only=True, tag="failure"):
    """A model that could not be read, and why."""

    id: str
    target: str
    kind: FailureKind
    message: str
    """One or two sentences: what happened, what was expected, what to do."""
    frames: tuple[Frame, ...] = ()
    """The zoo's own frames, outermost first; Keras's and ours are left out, unless it is a bug of ours."""
    output: str = ""
    """The last of what the builder printed, at most 4,000 characters."""

    @property
    def code(self) -> Code:
        """What its kind is called in messages."""
        return CODES[self.kind]


Outcome = Reading | Failure


class Packed(msgspec.Struct, frozen=True, kw_only=True, tag="packed"):
    """A reading in a few kilobytes, with what is asked of it often; its objects take a hundred times as much."""

    builder: BuilderFacts
    digest: str
    """Of the architecture: equal ones have equal digests, in every process."""
    parameters: int
    nodes: int
    """How many the architecture has."""
    data: bytes
    """The architecture as JSON, deflated."""

    @classmethod
    def of(cls, reading: Reading) -> Packed:
        """Pack a reading."""
        data = msgspec.json.encode(reading.architecture, order="deterministic")
        return cls(
            builder=reading.builder,
            digest=digest(data),
            parameters=reading.architecture.totals.parameters,
            nodes=len(reading.architecture.nodes),
            data=zlib.compress(data, 1),
        )

    @property
    def content(self) -> str:
        """The digest of the reading; how it is deflated does not count."""
        return digest(self.digest.encode() + msgspec.json.encode(self.builder, order="deterministic"))

    def reading(self) -> Reading:
        """Unpack it: milliseconds, every time.

        Raises:
            zlib.error, msgspec.DecodeError: it was damaged.
        """
        with _without_collecting():
            architecture = _ARCHITECTURE.decode(zlib.decompress(self.data))
        return Reading(architecture=architecture, builder=self.builder)


_ARCHITECTURE = msgspec.json.Decoder(Architecture)


@contextlib.contextmanager
def _without_collecting() -> Iterator[None]:
    """Hold the garbage collector off: it would take four times as long as making all the objects that it looks at."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def to_json(outcome: Outcome) -> bytes:
    """Encode compactly; equal outcomes give equal bytes."""
    return msgspec.json.encode(outcome, order="deterministic")


def from_json(data: bytes) -> Outcome:
    """Decode and validate.

    Raises:
        msgspec.DecodeError: the data is not an outcome.
    """
    outcome: Outcome = msgspec.json.decode(data, type=Outcome)
    return outcome
