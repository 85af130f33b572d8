"""Shortcuts: ways around most of a block that end where the block's own result is added or appended.

Sources: residual learning, arXiv:1512.03385, section 3.2, with identity and projection shortcuts; dense connectivity,
arXiv:1608.06993, section 3.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Collection

from keraviz_docs.architecture import Architecture, Input, Node

_JOIN = re.compile(r"^(Concatenate|concatenate|stack)$")
_GATE = re.compile(r"^(Multiply|multiply|Dot|dot|einsum|matmul)$")


def shortcut(architecture: Architecture, block: Collection[int]) -> frozenset[int] | None:
    """Return the nodes that stand on the shortcuts of a block and nowhere else: none on an identity.

    A shortcut begins with a tensor that other nodes take too and ends in a node whose other operands come from deeper
    inside; a gate (a product) is no such node.  On the way it may pass one layer with a kernel if its end is an
    addition, or the like, after which nothing branches any more.

    Args:
        architecture: the model.
        block: the numbers of the block's nodes.

    Returns:
        ``None`` for a block without a shortcut.  Cost: linear in the nodes and operands, times the length of the ways.
    """
    inside = frozenset(block)
    takers = Counter(operand.node for number in inside for operand in architecture.node(number).inputs)
    beside: set[int] = set()
    found = False
    merges = [number for number in sorted(inside) if len(architecture.node(number).inputs) > 1]
    for number in merges:
        node = architecture.node(number)
        if _GATE.search(node.class_name):
            continue
        short = [way for operand in node.inputs if (way := _way(architecture, operand, inside)) is not None]
        if len(short) != 1 or all(takers[passed] == 1 for passed in short[0]):
            continue
        if len(short[0]) == 1 or (number == merges[-1] and not _JOIN.search(node.class_name)):
            found = True
            beside.update(itertools.takewhile(lambda passed: takers[passed] == 1, short[0]))
    return frozenset(beside & inside) if found else None


def has_kernel(node: Node) -> bool:
    """Whether a layer multiplies by a matrix or a kernel: a normalisation and a scale do not."""
    return any(len(weight.shape) > 1 for weight in node.weights)


def _way(architecture: Architecture, operand: Input, inside: frozenset[int]) -> tuple[int, ...] | None:
    """Follow an operand back to the node outside; nothing if that is far, or the way begins with several tensors."""
    passed = [operand.node]
    kernels = 0
    while passed[-1] in inside:
        node = architecture.node(passed[-1])
        kernels += has_kernel(node)
        if len(node.inputs) != 1 or kernels > 1:
            return None
        passed.append(node.inputs[0].node)
    return tuple(passed)
