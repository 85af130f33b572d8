"""Files that commands write."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from keraviz_docs.cli.files import write


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are a matter of POSIX")
def test_what_is_no_file_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write(pipe, b"report", quiet=True)
    reader.join()
    assert read == [b"report"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "reports" / "report.txt"
    for content in (b"first", b"second"):
        write(file, content, quiet=True)
        assert file.read_bytes() == content
    assert list(file.parent.iterdir()) == [file]
