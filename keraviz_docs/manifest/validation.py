"""A document held against the schema."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from keraviz_docs.manifest.document import Document
from keraviz_docs.manifest.mistakes import Mistake
from keraviz_docs.manifest.schema import schema
from keraviz_docs.manifest.wording import Finding, explain

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


def violations(document: Document) -> Iterator[Mistake]:
    """Yield everything in which a document breaks the schema, except what could not be read in the first place."""
    for error in _validator().iter_errors(document.value):
        path = tuple(error.absolute_path)
        if any(path[:length] in document.unreadable for length in range(len(path) + 1)):
            continue
        finding = Finding(
            path=path,
            value=error.instance,
            keyword=str(error.validator),
            rule=error.validator_value,
            schema=cast("Mapping[str, Any]", error.schema),
            of_key="propertyNames" in error.absolute_schema_path,
        )
        yield from explain(finding, document)


@functools.cache
def _validator() -> Validator:
    """Return the validator; unlike JSON's, its numbers are finite, and a whole number is written without a point."""
    # Imported here because most commands and every child process know the manifest's data but validate nothing.
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    checker = Draft202012Validator.TYPE_CHECKER.redefine_many({"number": _is_number, "integer": _is_integer})
    validator: Validator = extend(Draft202012Validator, type_checker=checker)(schema())  # type: ignore[no-untyped-call]  # the stubs type it half
    return validator


def _is_integer(_: object, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: object, value: Any) -> bool:
    return _is_integer(_, value) or (isinstance(value, float) and math.isfinite(value))
