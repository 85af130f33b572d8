"""A layer with weights, the normalisation after it and the activation after that: what papers draw as one box."""

from __future__ import annotations

import re
from collections.abc import Sequence

from keraviz_docs.architecture import Architecture, Node
from keraviz_docs.folding.level import Consumers

_WEIGHTED = re.compile(r"Conv|Dense")
_NORMALISATION = re.compile(r"Normali[sz]ation$|Norm$")
_ACTIVATION = re.compile(r"^(Activation|ReLU|LeakyReLU|PReLU|ELU|Softmax|relu|gelu|silu|swish|sigmoid|tanh|hard_silu)$")


def begins_unit(node: Node) -> bool:
    """Whether a node is a layer with weights that a normalisation or an activation may follow."""
    return node.kind == "layer" and _WEIGHTED.search(node.class_name) is not None


def continues_unit(architecture: Architecture, unit: Sequence[int], number: int, taken: Consumers) -> bool:
    """Whether a node is the next part of a unit: it takes the last part's output, which nothing else takes."""
    if not unit:
        return False
    node = architecture.node(number)
    if [operand.node for operand in node.inputs] != [unit[-1]] or taken.get((unit[-1], 0)) != (number,):
        return False
    classes = [architecture.node(part).class_name for part in unit[1:]]
    if any(_ACTIVATION.search(name) for name in classes):
        return False
    if _NORMALISATION.search(node.class_name):
        return not classes
    return _ACTIVATION.search(node.class_name) is not None
