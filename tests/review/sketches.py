"""Architectures in a few lines: the layers of a snapshot, without the rest of the file."""

from __future__ import annotations

import re
import textwrap

from keraviz_docs.architecture import Architecture
from keraviz_docs.review.snapshot import read


def sketch(layers: str, *, inputs: str = "x", outputs: str = "y", checkpoint: str = "") -> Architecture:
    """Read layers written as in a snapshot; ``x`` and ``y`` are the input and the output unless told otherwise."""
    body = textwrap.indent(textwrap.dedent(layers).strip("\n"), "  ")
    parameters = sum(int(count.replace(",", "")) for count in re.findall(r"; ([\d,]+) parameters", layers))
    text = "architecture: toy\nformat: 1\nbuilder: zoo.toys:toy\nmodel: Functional\n"
    text += f"parameters: {parameters:,} ({parameters:,} trainable)\nweight bytes: {4 * parameters:,}\n"
    text += f"\nlayers\n{body}\n\ninputs\n" + "".join(f"  {name}\n" for name in inputs.split())
    text += "\noutputs\n" + "".join(f"  {name}\n" for name in outputs.split())
    if checkpoint:
        text += "\ncheckpoint\n" + textwrap.indent(textwrap.dedent(checkpoint).strip("\n"), "  ") + "\n"
    return read(text, "sketch").architecture
