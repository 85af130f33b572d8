"""What an operation costs that was found between layers or inside a composite one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keraviz_docs.architecture import Weight
from keraviz_docs.cost import multiplies_nothing, with_costs
from keraviz_docs.cost.rules import OPERATIONS, canonical

Shape = tuple[int, ...]
Make = Callable[..., Any]


@pytest.fixture
def macs(leaf: Make, entry: Make, model_of: Make) -> Callable[..., int | None]:
    def count(
        name: str,
        inputs: Sequence[Shape],
        output: Shape,
        weights: Sequence[Shape] = (),
        module: str = "keras.ops",
        config: Mapping[str, Any] | None = None,
    ) -> int | None:
        entries = [entry(number, shape) for number, shape in enumerate(inputs, start=1)]
        node = leaf(
            len(entries) + 1,
            name,
            output,
            kind="operation",
            module=module,
            inputs=[node.number for node in entries],
            config=config or {},
            weights=tuple(Weight(f"w{place}", shape, "float32", True) for place, shape in enumerate(weights)),
        )
        counted: int | None = with_costs(model_of(*entries, node)).nodes[-1].macs
        return counted

    return count


Count = Callable[..., "int | None"]


def test_matmul_sums_over_the_shared_dimension(macs: Count) -> None:
    assert macs("matmul", [(1, 4, 5, 6), (1, 4, 6, 7)], (1, 4, 5, 7)) == 4 * 5 * 6 * 7
    assert macs("matmul", [(1, 4, 5, 6), (6, 7)], (1, 4, 5, 7)) == 4 * 5 * 6 * 7
    assert macs("BatchMatMulV2", [(1, 5, 6), (1, 7, 6)], (1, 5, 7), module="tf", config={"adj_y": True}) == 5 * 6 * 7


def test_matmul_with_a_weight_costs_the_same_whichever_way_it_is_turned(macs: Count) -> None:
    assert macs("matmul", [(1, 5, 6)], (1, 5, 7), [(6, 7)]) == 5 * 6 * 7
    assert macs("matmul", [(1, 5, 6)], (1, 5, 7), [(7, 6)]) == 5 * 6 * 7, "a tied embedding, transposed on the way"
    assert macs("matmul", [(1, 5, 5)], (1, 5, 5), [(5, 5)]) == 5**3
    assert macs("matmul", [(1, 6, 7)], (1, 5, 7), [(5, 6)]) == 5 * 6 * 7, "the weight comes first"


def test_matmul_with_a_constant_is_counted_if_only_one_reading_fits(macs: Count) -> None:
    assert macs("matmul", [(1, 5, 6)], (1, 5, 7)) == 5 * 6 * 7
    assert macs("matmul", [(1, 5, 6)], (1, 5, 6)) is None, "5 × 5 from the left or 6 × 6 from the right"


@pytest.mark.parametrize(
    ("equation", "shapes", "output", "expected"),
    [
        ("bqhd,bkhd->bhqk", [(1, 5, 2, 8), (1, 7, 2, 8)], (1, 2, 5, 7), 2 * 5 * 7 * 8),
        ("...ij,...jk", [(1, 3, 4, 5), (1, 3, 5, 6)], (1, 3, 4, 6), 3 * 4 * 5 * 6),
        ("ij->ji", [(4, 5)], (5, 4), 0),
        ("bi,bi->bi", [(1, 9), (1, 9)], (1, 9), 0),
        ("bi,bi->b", [(1, 9), (1, 9)], (1,), 9),
        # (a × 10·1000) then (a × 1000·10): the cheap order of a chain of three
        ("ij,jk,kl->il", [(10, 1000), (1000, 10), (10, 1000)], (10, 1000), 10 * 1000 * 10 + 10 * 10 * 1000),
    ],
)
def test_einsum_costs_the_product_of_its_labels(
    macs: Count, equation: str, shapes: list[Shape], output: Shape, expected: int
) -> None:
    assert macs("einsum", shapes, output, config={"subscripts": equation}) == expected


def test_einsum_with_a_weight_finds_out_which_operand_it_is(macs: Count) -> None:
    config = {"subscripts": "ab,bc->ac"}
    assert macs("einsum", [(1, 6)], (1, 7), [(6, 7)], config=config) == 6 * 7
    assert macs("einsum", [(6, 1)], (7, 1), [(7, 6)], config=config) == 6 * 7


@settings(max_examples=30)
@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), st.data())
def test_two_operands_of_einsum_cost_what_their_loops_do(sizes: list[int], data: st.DataObject) -> None:
    labels = "abcd"[: len(sizes)]
    subset = st.lists(st.sampled_from(labels), min_size=1, unique=True)
    one, two = data.draw(subset), data.draw(subset)
    used = sorted({*one, *two})
    kept = data.draw(st.lists(st.sampled_from(used), unique=True))
    size = dict(zip(labels, sizes, strict=True))
    loops = sum(1 for _ in itertools.product(*(range(size[label]) for label in used)))
    summed = set(used) - set(kept)
    from keraviz_docs.cost.call import Call, Operand
    from keraviz_docs.cost.products import einsum

    call = Call(
        "einsum",
        {"subscripts": f"{''.join(one)},{''.join(two)}->{''.join(kept)}"},
        tuple(Operand(tuple(size[label] for label in term)) for term in (one, two)),
        (Operand(tuple(size[label] for label in kept)),),
    )
    assert einsum(call) == (loops if summed else 0)


def test_products_without_batch_dimensions(macs: Count) -> None:
    assert macs("tensordot", [(1, 4, 5, 6), (5, 6, 7)], (1, 4, 7), config={"axes": 2}) == 4 * 5 * 6 * 7
    assert macs("dot", [(1, 4, 6), (6, 7)], (1, 4, 7)) == 4 * 6 * 7
    assert macs("outer", [(4,), (6,)], (4, 6)) == 24
    assert macs("inner", [(1, 6), (4, 6)], (1, 4)) == 24


def test_fused_attention_costs_its_two_products(macs: Count) -> None:
    query, key, value = (1, 5, 2, 8), (1, 7, 2, 8), (1, 7, 2, 6)
    assert macs("dot_product_attention", [query, key, value], (1, 5, 2, 6)) == 2 * 5 * 7 * (8 + 6)


def test_convolutions_read_their_kernel(macs: Count) -> None:
    assert macs("conv", [(1, 8, 8, 4)], (1, 6, 6, 10), [(3, 3, 2, 10)]) == 6 * 6 * 10 * 9 * 2, "in two groups"
    assert macs("Conv2D", [(1, 8, 8, 4)], (1, 6, 6, 10), [(3, 3, 4, 10)], "tf") == 6 * 6 * 10 * 9 * 4
    assert macs("depthwise_conv", [(1, 8, 8, 4)], (1, 6, 6, 8), [(3, 3, 4, 2)]) == 6 * 6 * 8 * 9
    assert macs("conv_transpose", [(1, 4, 4, 6)], (1, 8, 8, 5), [(3, 3, 5, 6)]) == 4 * 4 * 6 * 9 * 5
    separable = macs("separable_conv", [(1, 8, 8, 4)], (1, 6, 6, 10), [(3, 3, 4, 2), (1, 1, 8, 10)])
    assert separable == 6 * 6 * 8 * (9 + 10)


def test_what_is_not_known_is_unknown(macs: Count) -> None:
    assert macs("fft2", [(1, 8, 8)], (1, 8, 8)) is None
    assert macs("WarpDrive", [(1, 8)], (1, 8), module="tf") is None
    assert macs("add", [(1, 8), (1, 8)], (1, 8), module="zoo.operations") is None, "somebody else's add"
    assert macs("add", [(1, 8), (1, 8)], (1, 8)) == 0


def test_every_function_of_keras_ops_is_counted_or_left_out_for_a_reason() -> None:
    public = {
        name
        for name, thing in vars(keras.ops).items()
        if callable(thing) and not name.startswith("_") and not isinstance(thing, type)
    }
    solvers = (
        "cholesky cholesky_inverse det eig eigh inv lstsq lu_factor matrix_rank pinv qr solve solve_triangular svd"
    )
    left_out = {
        **dict.fromkeys(solvers.split(), "decomposes or solves"),
        **dict.fromkeys(["logdet", "slogdet"], "decomposes or solves"),
        **dict.fromkeys(["fft", "fft2", "ifft2", "rfft", "irfft", "stft", "istft"], "is a Fourier transform"),
        **dict.fromkeys(["associative_scan", "cond", "custom_gradient", "fori_loop", "jvp", "map"], "runs functions"),
        **dict.fromkeys(["scan", "switch", "vectorized_map", "while_loop"], "runs functions"),
        "corrcoef": "multiplies its observations with each other",
        **dict.fromkeys(["ctc_decode", "ctc_loss"], "searches alignments"),
        "correlate": "slides one sequence over the other",
    }
    unknown = {name for name in public if canonical(name) not in OPERATIONS}
    assert unknown == set(left_out)


def test_products_among_tensorflow_operations_are_found() -> None:
    normalisation = ["Mean", "SquaredDifference", "AddV2", "Rsqrt", "Mul", "Const", "Cast", "Placeholder"]
    assert multiplies_nothing(normalisation)
    assert not multiplies_nothing([*normalisation, "BatchMatMulV2"])
    assert not multiplies_nothing([*normalisation, "SomethingNew"]), "unknown is not nothing"


def test_operations_do_what_their_loops_count(macs: Count) -> None:
    """A matmul by hand in NumPy, one multiply-accumulate at a time."""
    left, right = np.ones((3, 4)), np.ones((4, 5))
    steps = 0
    result = np.zeros((3, 5))
    for row, column, place in itertools.product(range(3), range(5), range(4)):
        result[row, column] += left[row, place] * right[place, column]
        steps += 1
    assert (result == left @ right).all()
    assert macs("matmul", [(3, 4), (4, 5)], (3, 5)) == steps
