"""Multiply-accumulates, bytes and structure of an architecture.

:func:`with_costs` fills in the figures that an architecture carries; :func:`costs_of` works out all there is to show.
"""

from keraviz_docs.cost.call import Call, Operand, Rule, elements
from keraviz_docs.cost.counting import NodeCost, Sum, node_costs, with_costs
from keraviz_docs.cost.memory import ActivationBytes, Moment, WeightBytes, activation_bytes, weight_bytes
from keraviz_docs.cost.rules import multiplies_nothing, register
from keraviz_docs.cost.shapes import at_inputs, at_sizes
from keraviz_docs.cost.structure import (
    Depth,
    ReceptiveField,
    Rung,
    depth,
    longest_path,
    receptive_field,
    resolution_ladder,
)
from keraviz_docs.cost.summary import CONVENTION, MEMORY_RULE, Costs, Share, costs_of

__all__ = [
    "CONVENTION",
    "MEMORY_RULE",
    "ActivationBytes",
    "Call",
    "Costs",
    "Depth",
    "Moment",
    "NodeCost",
    "Operand",
    "ReceptiveField",
    "Rule",
    "Rung",
    "Share",
    "Sum",
    "WeightBytes",
    "activation_bytes",
    "at_inputs",
    "at_sizes",
    "costs_of",
    "depth",
    "elements",
    "longest_path",
    "multiplies_nothing",
    "node_costs",
    "receptive_field",
    "register",
    "resolution_ladder",
    "weight_bytes",
    "with_costs",
]
