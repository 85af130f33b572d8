"""``kwargs`` of the manifest become the arguments that a builder wants."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, List, Optional, Sequence, Tuple, Union  # noqa: UP035 -- what zoos write

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keraviz_docs.reading.arguments import Arguments, fit, signature_of
from keraviz_docs.reading.failures import CannotRead

if TYPE_CHECKING:
    from keraviz_docs.manifest.entries import Position as Shape

Size = tuple[int, int]


def fitted(builder: Callable[..., Any], **kwargs: Any) -> Any:
    arguments = fit(builder, kwargs, "zoo:builder")
    return arguments.named if not arguments.positional else arguments


def by_default(shape=(1, 2)): ...  # type: ignore[no-untyped-def]  # zoos are not always typed
def nested_default(blocks=((1, 2), (3, 4))): ...  # type: ignore[no-untyped-def]  # likewise
def annotated(shape: tuple[int, ...]) -> None: ...
def optional(shape: tuple[int, ...] | None = None) -> None: ...
def old_optional(shape: Optional[Tuple[int, int]] = None) -> None: ...  # noqa: UP006, UP045
def in_union(shape: Union[int, tuple[int, int]] = 3) -> None: ...  # noqa: UP007
def deep(blocks: list[tuple[int, int]]) -> None: ...
def pairs(blocks: tuple[tuple[int, int], ...]) -> None: ...
def alias(shape: Size) -> None: ...
def with_metadata(shape: Annotated[tuple[int, int], "height, width"]) -> None: ...
def unresolvable(shape: Optional[Tuple[Shape, ...]] = None) -> None: ...  # noqa: UP006, UP045


@pytest.mark.parametrize(
    "builder", [by_default, annotated, optional, old_optional, in_union, alias, with_metadata, unresolvable]
)
def test_a_list_becomes_a_tuple_where_the_parameter_is_one(builder: Callable[..., Any]) -> None:
    assert fitted(builder, shape=[5, 6]) == {"shape": (5, 6)}


@pytest.mark.parametrize(("builder", "expected"), [(nested_default, ((5, 6),)), (pairs, ((5, 6),)), (deep, [(5, 6)])])
def test_so_do_the_lists_inside(builder: Callable[..., Any], expected: Any) -> None:
    assert fitted(builder, blocks=[[5, 6]]) == {"blocks": expected}


def untyped(shape=None): ...  # type: ignore[no-untyped-def]  # likewise
def list_default(shape=[1]): ...  # type: ignore[no-untyped-def]  # noqa: B006  # likewise, nor careful
def a_list(shape: list[int]) -> None: ...
def old_list(shape: List[int]) -> None: ...  # noqa: UP006
def either(shape: list[int] | tuple[int, ...]) -> None: ...
def sequence(shape: Sequence[int]) -> None: ...
def unresolvable_list(shape: List[Shape]) -> None: ...  # noqa: UP006
def any_keyword(**shape: Any) -> None: ...


@pytest.mark.parametrize(
    "builder", [untyped, list_default, a_list, old_list, either, sequence, unresolvable_list, any_keyword]
)
def test_elsewhere_a_list_stays_a_list(builder: Callable[..., Any]) -> None:
    assert fitted(builder, shape=[5, 6]) == {"shape": [5, 6]}


def test_a_tuple_stays_a_tuple() -> None:
    assert fitted(a_list, shape=(5, 6)) == {"shape": (5, 6)}


def test_a_scalar_stays_a_scalar_even_for_a_tuple() -> None:
    assert fitted(in_union, shape=7) == {"shape": 7}


@given(st.lists(st.integers() | st.text() | st.none()))
def test_no_element_is_lost(values: list[Any]) -> None:
    assert fitted(by_default, shape=values) == {"shape": tuple(values)}


def positional(units: int, rate: float = 0.5, /, name: str = "net") -> None: ...


def test_positional_only_parameters_are_passed_by_position() -> None:
    assert fit(positional, {"units": 3, "name": "x"}, "zoo:net") == Arguments((3,), {"name": "x"})


def test_parameters_are_seen_through_decorators_and_partial() -> None:
    @functools.wraps(annotated)
    def decorated(*args: Any, **kwargs: Any) -> None:
        annotated(*args, **kwargs)

    assert fitted(functools.partial(decorated), shape=[5, 6]) == {"shape": (5, 6)}


class Net:
    def __new__(cls, *_: Any, **__: Any) -> Net:
        return super().__new__(cls)

    def __init__(self, shape: tuple[int, ...], units: int = 1) -> None: ...


def test_a_class_takes_what_its_init_takes() -> None:
    assert fitted(Net, shape=[5, 6]) == {"shape": (5, 6)}
    assert str(signature_of(Net)) == "(shape: 'tuple[int, ...]', units: 'int' = 1) -> 'None'"


def test_an_unknown_argument_is_named_with_the_near_miss_and_what_there_is() -> None:
    def builder(units: int = 1, rate: float = 0.0) -> None: ...

    with pytest.raises(CannotRead) as raised:
        fit(builder, {"unit": 3}, "zoo:builder")
    assert raised.value.kind == "arguments"
    assert raised.value.message == (
        "`zoo:builder` takes no argument `unit`. Did you mean `units`? It takes `units`, `rate`."
    )


def test_an_argument_for_a_builder_without_any() -> None:
    def builder() -> None: ...

    with pytest.raises(CannotRead, match=r"takes no argument `units`\. It takes none at all\."):
        fit(builder, {"units": 3}, "zoo:builder")


def test_missing_arguments_are_named_together() -> None:
    def builder(units: int, classes: int, rate: float = 0.0) -> None: ...

    with pytest.raises(CannotRead) as raised:
        fit(builder, {"rate": 0.1}, "zoo:builder")
    assert raised.value.message == (
        "`zoo:builder` needs the arguments `units` and `classes`: give a value under `kwargs`."
    )


def test_a_misspelt_required_argument_is_the_near_miss_not_a_missing_one() -> None:
    def builder(units: int) -> None: ...

    with pytest.raises(CannotRead, match=r"Did you mean `units`"):
        fit(builder, {"unit": 3}, "zoo:builder")
