"""Multiply-accumulates, bytes and structure of an architecture."""

from keraviz_docs.cost.call import Call, Operand, Rule, elements
from keraviz_docs.cost.counting import NodeCost, Sum, node_costs, subtotals, sum_of, with_costs
from keraviz_docs.cost.rules import register

__all__ = [
    "Call",
    "NodeCost",
    "Operand",
    "Rule",
    "Sum",
    "elements",
    "node_costs",
    "register",
    "subtotals",
    "sum_of",
    "with_costs",
]
