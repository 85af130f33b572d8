"""Ways around a block, as papers draw them."""

from __future__ import annotations

from typing import Any

import pytest

from keraviz_docs.architecture import Weight
from keraviz_docs.folding import shortcut
from tests.folding.test_fold import Chain

KERNEL = (Weight("kernel", (3, 3, 16, 16), "float32", True),)


class Weighted(Chain):
    """A chain in which convolutions have kernels, and activations are known."""

    def layer(self, class_name: str, *sources: int, **settings: Any) -> int:
        import msgspec

        number = super().layer(class_name, *sources, **settings)
        if "Conv" in class_name:
            self.nodes[-1] = msgspec.structs.replace(self.nodes[-1], weights=KERNEL)
        self.nodes[-1] = msgspec.structs.replace(self.nodes[-1], activation=settings.get("activation"))
        return number


@pytest.fixture
def chain() -> Weighted:
    return Weighted()


def deep(chain: Chain, source: int) -> int:
    return chain.layer("Conv2D", chain.layer("ReLU", chain.layer("Conv2D", source)))


def test_an_identity_is_a_shortcut_without_nodes(chain: Weighted) -> None:
    x = chain.layer("InputLayer")
    end = chain.layer("Add", deep(chain, x), x)
    assert shortcut(chain.done(end), range(2, end + 1)) == frozenset()


def test_a_projection_stands_on_the_shortcut(chain: Weighted) -> None:
    x = chain.layer("InputLayer")
    projected = chain.layer("BatchNormalization", chain.layer("Conv2D", x))
    end = chain.layer("ReLU", chain.layer("Add", deep(chain, x), projected))
    assert shortcut(chain.done(end), range(2, end + 1)) == frozenset({2, 3})


def test_what_is_appended_to_its_own_result_is_a_shortcut(chain: Weighted) -> None:
    x = chain.layer("InputLayer")
    end = chain.layer("Concatenate", x, deep(chain, x))
    assert shortcut(chain.done(end), range(2, end + 1)) == frozenset()


def test_branches_of_an_inception_module_are_none(chain: Weighted) -> None:
    x = chain.layer("InputLayer")
    end = chain.layer("Concatenate", chain.layer("Conv2D", x), deep(chain, x), chain.layer("AveragePooling2D", x))
    assert shortcut(chain.done(end), range(2, end + 1)) is None


def test_a_gate_is_none(chain: Weighted) -> None:
    x = chain.layer("InputLayer")
    end = chain.layer("Multiply", x, deep(chain, chain.layer("GlobalAveragePooling2D", x)))
    assert shortcut(chain.done(end), range(2, end + 1)) is None


def test_what_comes_from_an_encoder_is_none(chain: Weighted) -> None:
    x, skipped = chain.layer("InputLayer"), chain.layer("InputLayer")
    end = deep(chain, chain.layer("Concatenate", chain.layer("Conv2DTranspose", x), skipped))
    assert shortcut(chain.done(end), range(3, end + 1)) is None
