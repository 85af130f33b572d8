"""Multiply-accumulates, bytes and structure of an architecture."""

from keraviz_docs.cost.call import Call, Operand, Rule, elements
from keraviz_docs.cost.counting import NodeCost, Sum, node_costs, subtotals, sum_of, with_costs
from keraviz_docs.cost.memory import ActivationBytes, Moment, WeightBytes, activation_bytes, weight_bytes
from keraviz_docs.cost.rules import multiplies_nothing, register
from keraviz_docs.cost.shapes import at_sizes
from keraviz_docs.cost.structure import (
    Depth,
    ReceptiveField,
    Rung,
    depth,
    longest_path,
    receptive_field,
    resolution_ladder,
)

__all__ = [
    "ActivationBytes",
    "Call",
    "Depth",
    "Moment",
    "NodeCost",
    "Operand",
    "ReceptiveField",
    "Rule",
    "Rung",
    "Sum",
    "WeightBytes",
    "activation_bytes",
    "at_sizes",
    "depth",
    "elements",
    "longest_path",
    "multiplies_nothing",
    "node_costs",
    "receptive_field",
    "register",
    "resolution_ladder",
    "subtotals",
    "sum_of",
    "weight_bytes",
    "with_costs",
]
