"""Multiply-accumulates of products of matrices: dense layers, einsum, matmul, attention."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence

from keraviz_docs.cost.call import Call, Operand, Shaped, elements, is_float

Labels = Mapping[str, int]


def dense(call: Call) -> int | None:
    """``Dense``: every output element sums over the features that come in."""
    summed = call.inputs[0].shape[-1] if call.kernel is None else call.kernel[0]
    return elements(call.outputs[0]) * summed


def einsum_dense(call: Call) -> int | None:
    """``EinsumDense``: the product of the sizes of all labels of its equation."""
    return _with_kernel(str(call.config["equation"]), call.inputs[0], call.kernel, call.outputs[0])


def einsum(call: Call) -> int | None:
    """``keras.ops.einsum``, ``Einsum``: the product of the sizes of all labels, if one of them is summed.

    Three or four operands count as the cheapest sequence of pairs, the way ``opt_einsum`` evaluates them; one operand,
    or two without a summed label, multiply element by element and accumulate nothing.
    """
    config = call.config
    equation = next(
        (config[key] for key in ("subscripts", "equation", "arg0") if isinstance(config.get(key), str)), None
    )
    operands: list[Shaped] = [*call.inputs, *call.weights]
    if equation is None:
        return None
    terms, result = split_equation(equation)
    if len(terms) == 1:
        return 0
    if len(terms) == 2 and len(operands) == 1:
        return _missing_operand(terms, operands[0], call.outputs[0], result)
    if len(terms) != len(operands) or len(terms) > 4:
        return None
    orders = itertools.permutations(operands) if call.inputs and call.weights else [tuple(operands)]
    counts = {
        count
        for count in (_contraction(terms, order, result, call.outputs[0]) for order in orders)
        if count is not None
    }
    return counts.pop() if len(counts) == 1 else None


def matmul(call: Call) -> int | None:
    """``keras.ops.matmul``, ``MatMul``, ``BatchMatMulV2``: every output element sums over the shared dimension."""
    config = call.config
    flip_left = any(config.get(key) for key in ("transpose_a", "adj_x", "adjoint_a"))
    flip_right = any(config.get(key) for key in ("transpose_b", "adj_y", "adjoint_b"))
    operands: list[Shaped] = [*call.inputs, *call.weights]
    output = call.outputs[0]
    pairs = [tuple(operands)] if not call.weights else list(itertools.permutations(operands))
    shared = set()
    if len(operands) == 2:
        for left, right in pairs:
            for turned in (False, True) if call.weights else (False,):
                shared |= _shared(left.shape, right.shape, output.shape, flip_left, flip_right != turned)
    elif len(operands) == 1:
        shared = _shared_with_constant(operands[0].shape, output.shape, flip_left, flip_right)
    return elements(output) * shared.pop() if len(shared) == 1 else None


def contraction(call: Call) -> int | None:
    """``dot``, ``tensordot``, ``inner``, ``outer``, ``vdot``: products without batch dimensions.

    Where every dimension is either summed or kept, ``|a|·|b| = |out|·summed²``.
    """
    operands: list[Shaped] = [*call.inputs, *call.weights]
    if len(operands) != 2:
        return None
    output = elements(call.outputs[0])
    if not output:
        return 0
    squared, rest = divmod(elements(operands[0]) * elements(operands[1]), output)
    summed = math.isqrt(squared)
    return output * summed if not rest and summed * summed == squared else None


def dot_layer(call: Call) -> int | None:
    """``keras.layers.Dot``: every output element sums over the dimension that ``axes`` names."""
    axes = call.config["axes"]
    axis = axes if isinstance(axes, int) else axes[0]
    return elements(call.outputs[0]) * call.inputs[0].shape[axis]


def cross_product(call: Call) -> int | None:
    """``cross``: two products per output element of a vector of three."""
    return 2 * elements(call.outputs[0])


def distances(call: Call) -> int | None:
    """``cdist``: a difference squared and summed per pair and feature."""
    return elements(call.outputs[0]) * call.inputs[0].shape[-1] if call.inputs else None


def fused_attention(call: Call) -> int | None:
    """``keras.ops.dot_product_attention``: query ``(batch, target, heads, size)``, key and value alike."""
    if len(call.floating) < 3:
        return None
    query, key, value = call.floating[:3]
    batch, target, heads, size = query.shape
    return batch * heads * target * key.shape[1] * (size + value.shape[-1])


def attention(call: Call) -> int | None:
    """``Attention`` (Luong): scores and the weighted sum; ``score_mode="concat"`` scores element by element."""
    query, value, _ = _query_value_key(call)
    batch, target, size = query.shape
    source = value.shape[1]
    scores = target * source * size if call.config.get("score_mode", "dot") == "dot" else 0
    return batch * (scores + target * source * value.shape[-1])


def additive_attention(call: Call) -> int | None:
    """``AdditiveAttention`` (Bahdanau): a scaled sum over the features scores every pair, then the weighted sum."""
    query, value, _ = _query_value_key(call)
    batch, target, size = query.shape
    source = value.shape[1]
    scores = target * source * size if call.config.get("use_scale", True) else 0
    return batch * (scores + target * source * value.shape[-1])


def multi_head_attention(call: Call) -> int | None:
    """``MultiHeadAttention``: four projections, the scores, and the weighted sum of the values.

    Attention over several axes treats their product as the length and the axes left over as batch.
    """
    config = call.config
    heads, size = int(config["num_heads"]), int(config["key_dim"])
    value_size = int(config.get("value_dim") or size)
    return _projected_attention(call, heads, heads, size, value_size)


def grouped_query_attention(call: Call) -> int | None:
    """``GroupQueryAttention``: as multi-head attention, with fewer heads of keys and values to project."""
    config = call.config
    heads, size = int(config["num_query_heads"]), int(config["head_dim"])
    return _projected_attention(call, heads, int(config["num_key_value_heads"]), size, size)


def reversible_embedding(call: Call) -> int | None:
    """``ReversibleEmbedding``: nothing when it looks up, a product with every embedding when it runs in reverse."""
    looks_up = not is_float(call.inputs[0])
    return 0 if looks_up else elements(call.outputs[0]) * call.inputs[0].shape[-1]


def split_equation(equation: str) -> tuple[tuple[str, ...], str]:
    """Return the terms and the result of an einsum equation; an implicit result is made explicit as NumPy does."""
    equation = re.sub(r"\s", "", equation)
    left, arrow, result = equation.partition("->")
    if not arrow:
        letters = re.findall(r"[A-Za-z]", left)
        kept = "".join(sorted(letter for letter in set(letters) if letters.count(letter) == 1))
        result = ("..." if "..." in left else "") + kept
    return tuple(left.split(",")), result


def label_sizes(terms: Sequence[str], operands: Sequence[Shaped]) -> Labels | None:
    """Return the size of every label (an ellipsis as ``…1``, the last, and so on), or ``None`` if they clash."""
    sizes: dict[str, int] = {}
    for term, operand in zip(terms, operands, strict=True):
        labels = labels_of(term, len(operand.shape))
        if labels is None or len(labels) != len(operand.shape):
            return None
        for label, size in zip(labels, operand.shape, strict=True):
            known = sizes.setdefault(label, size)
            if known == 1:
                sizes[label] = size
            elif size not in (1, known):
                return None
    return sizes


def labels_of(term: str, rank: int) -> list[str] | None:
    """Return the label of every dimension of a term, or ``None`` if the rank does not fit."""
    before, dots, after = term.partition("...")
    extra = rank - len(before) - len(after)
    if extra < 0 or (extra and not dots):
        return None
    return [*before, *(f"…{place}" for place in range(extra, 0, -1)), *after]


def _with_kernel(equation: str, x: Shaped, kernel: tuple[int, ...] | None, y: Shaped) -> int | None:
    """Count ``x,kernel->y`` by the labels of the operands; for a packed (quantised) kernel by those of the result."""
    terms, result = split_equation(equation)
    if len(terms) != 2:
        return None
    known = [] if kernel is None else [label_sizes(terms, [x, Operand(kernel)])]
    known.append(label_sizes([terms[0], result], [x, y]))
    wanted = set("".join(terms)) - {"."}
    return next((math.prod(sizes.values()) for sizes in known if sizes is not None and wanted <= set(sizes)), None)


def _missing_operand(terms: Sequence[str], known: Shaped, y: Shaped, result: str) -> int | None:
    """Count a product with a constant that is no node: its labels are those of the result and the other operand."""
    counts = set()
    for place, other in ((0, 1), (1, 0)):
        sizes = label_sizes([terms[place], result], [known, y])
        if sizes is not None and set(terms[other]) - {"."} <= set(sizes):
            summed = any(label not in (labels_of(result, len(y.shape)) or ()) for label in sizes)
            counts.add(math.prod(sizes.values()) if summed else 0)
    return counts.pop() if len(counts) == 1 else None


def _contraction(terms: Sequence[str], operands: Sequence[Shaped], result: str, y: Shaped) -> int | None:
    sizes = label_sizes([*terms, result], [*operands, y])
    if sizes is None:
        return None
    kept = frozenset(labels_of(result, len(y.shape)) or ())
    factors = [
        frozenset(labels_of(term, len(operand.shape)) or ()) for term, operand in zip(terms, operands, strict=True)
    ]
    return _cheapest(factors, kept, sizes)


def _cheapest(factors: Sequence[frozenset[str]], kept: frozenset[str], sizes: Labels) -> int:
    """Return the least work that contracts all factors pair by pair."""
    if len(factors) < 2:
        return 0
    best = None
    for one, two in itertools.combinations(range(len(factors)), 2):
        rest = [factor for place, factor in enumerate(factors) if place not in (one, two)]
        together = factors[one] | factors[two]
        remaining = together & kept.union(*rest)
        work = math.prod(sizes[label] for label in together) if remaining != together else 0
        total = work + _cheapest([*rest, remaining], kept, sizes)
        best = total if best is None else min(best, total)
    return best or 0


def _shared(
    left: tuple[int, ...], right: tuple[int, ...], output: tuple[int, ...], flip_left: bool, flip_right: bool
) -> set[int]:
    """Return the summed dimension of ``left @ right`` if that gives ``output``."""
    rows, inner = ((1, *left) if len(left) == 1 else left)[-2:]
    other, columns = ((*right, 1) if len(right) == 1 else right)[-2:]
    if flip_left:
        rows, inner = inner, rows
    if flip_right:
        other, columns = columns, other
    expected = (() if len(left) == 1 else (rows,)) + (() if len(right) == 1 else (columns,))
    fits = inner == other and output[len(output) - len(expected) :] == expected
    return {inner} if fits else set()


def _shared_with_constant(
    known: tuple[int, ...], output: tuple[int, ...], flip_left: bool, flip_right: bool
) -> set[int]:
    """Return the possible summed dimensions when the other operand is a constant that is no node."""
    if len(known) < 2 or len(output) < 2:
        return set()
    left = known[:-2] + ((known[-1], known[-2]) if flip_left else known[-2:])
    right = known[:-2] + ((known[-1], known[-2]) if flip_right else known[-2:])
    shared = set()
    if left[-2] == output[-2]:
        shared.add(left[-1])
    if right[-1] == output[-1]:
        shared.add(right[-2])
    return shared


def _query_value_key(call: Call) -> tuple[Operand, Operand, Operand]:
    given = [operand for operand in call.floating if len(operand.shape) > 2]
    query = given[0]
    value = given[1] if len(given) > 1 else query
    return query, value, given[2] if len(given) > 2 else value


def attended_pairs(call: Call) -> int:
    """Return how many scores a closed attention layer computes: pairs of positions, times heads."""
    query, value, _ = _query_value_key(call)
    batch, target, source = _lengths(query, value, call.config.get("attention_axes"))
    heads = call.config.get("num_heads", call.config.get("num_query_heads", 1))
    return batch * target * source * int(heads)


def _lengths(query: Operand, value: Operand, axes: Sequence[int] | None) -> tuple[int, int, int]:
    """Return batch, target length and source length; the axes that are not attended belong to the batch."""
    places = [axis % len(query.shape) for axis in axes] if axes else range(1, len(query.shape) - 1)
    target = math.prod(query.shape[place] for place in places)
    source = math.prod(value.shape[place] for place in places)
    return elements(query) // (target * query.shape[-1]), target, source


def _projected_attention(call: Call, heads: int, key_heads: int, size: int, value_size: int) -> int:
    query, value, key = _query_value_key(call)
    batch, target, source = _lengths(query, value, call.config.get("attention_axes"))
    projections = (
        target * query.shape[-1] * heads * size
        + source * key.shape[-1] * key_heads * size
        + source * value.shape[-1] * key_heads * value_size
        + target * heads * value_size * call.outputs[0].shape[-1]
    )
    return batch * (projections + heads * target * source * (size + value_size))
