"""What counts as a setting, and what Keras would have chosen itself."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keraviz_docs.architecture import Node
from keraviz_docs.review.settings import affects_function, canonical, settings_of, shown


def node(class_name: str, module: str = "keras.layers", **config: object) -> Node:
    return Node(number=1, path="a", name="a", kind="layer", class_name=class_name, module=module, config=config)


def test_defaults_are_not_settings() -> None:
    assert settings_of(node("Conv2D", filters=8, strides=[1, 1], use_bias=True, name="conv", trainable=True)) == {
        "filters": 8
    }


def test_a_class_of_the_same_name_elsewhere_has_no_known_defaults() -> None:
    assert settings_of(node("Conv2D", "zoo.layers", strides=[1, 1])) == {"strides": [1, 1]}


def test_serialised_objects_become_short_text() -> None:
    initializer = {"module": "keras", "class_name": "HeNormal", "config": {"seed": 3}, "registered_name": None}
    assert canonical(initializer) == "HeNormal(seed=3)"
    assert canonical({"class_name": "DTypePolicy", "config": {"name": "mixed_float16"}}) == "mixed_float16"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_the_canonical_form_is_final(value: object) -> None:
    assert canonical(canonical(value)) == canonical(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [([3, 3], "3×3"), ([None, 8], "?×8"), (None, "none"), (True, "yes"), ("relu", "relu"), (0.5, "0.5"), ([], "none")],
)
def test_values_are_shown_as_people_write_them(value: object, text: str) -> None:
    assert shown(value) == text


def test_what_matters_in_training_only() -> None:
    assert not affects_function("kernel_initializer")
    assert not affects_function("momentum")
    assert affects_function("activation")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_table_of_defaults_is_that_of_keras() -> None:
    from benchmarks.review_keras_defaults import TABLE, defaults

    assert json.loads(TABLE.read_text("utf-8")) == json.loads(json.dumps(defaults()))
