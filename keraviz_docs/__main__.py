"""``python -m keraviz_docs`` is the command ``keraviz``."""

from __future__ import annotations

from keraviz_docs.cli import main

if __name__ == "__main__":
    main()
