"""The example in the explanation of the figures does what it says."""

from __future__ import annotations

import re
from pathlib import Path

from keraviz_docs import cost

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "figures.md"


def test_the_rule_in_the_documentation_counts_a_square_matrix() -> None:
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    names: dict[str, cost.Rule] = {}
    exec(snippet, names)  # noqa: S102  # the project's own documentation
    call = cost.Call(
        class_name="Mixing",
        config={},
        inputs=(cost.Operand((1, 10, 8), "float32"),),
        outputs=(cost.Operand((1, 10, 8), "float32"),),
        weights=(),
    )
    assert names["mixing"](call) == 10 * 8 * 8
