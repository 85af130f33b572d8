"""What `import keraviz_docs` offers, and what it costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import keraviz_docs

PUBLIC = {
    "Architecture",
    "Compared",
    "UserError",
    "__version__",
    "compare",
    "load_ipython_extension",
    "read",
    "render",
    "snapshot",
    "svg",
}


def test_the_public_names_are_these() -> None:
    assert set(keraviz_docs.__all__) == PUBLIC
    assert set(dir(keraviz_docs)) >= PUBLIC
    assert all(getattr(keraviz_docs, name) is not None for name in PUBLIC)


def test_type_checkers_see_the_same_names() -> None:
    stub = ast.parse(Path(keraviz_docs.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    imported = {name.asname for node in stub.body if isinstance(node, ast.ImportFrom) for name in node.names}
    own = {node.name for node in stub.body if isinstance(node, ast.FunctionDef)}
    annotated = {
        node.target.id for node in stub.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    assert (imported | own | annotated) - {None} == PUBLIC


def test_the_version_is_the_installed_one() -> None:
    assert keraviz_docs.__version__ == metadata.version("keraviz-docs")


def test_any_other_name_is_an_error() -> None:
    with pytest.raises(AttributeError, match="module 'keraviz_docs' has no attribute 'reed'"):
        keraviz_docs.reed  # type: ignore[attr-defined]  # noqa: B018  # the very point


def test_importing_it_imports_nothing_but_python_itself() -> None:
    code = "import sys; before = set(sys.modules); import keraviz_docs; print(*(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names == {"keraviz_docs"}
    assert "keraviz_docs" in loaded
    assert not [name for name in loaded if name.startswith("keraviz_docs.")]


def test_reading_something_elsewhere_keeps_tensorflow_out_of_this_process(tmp_path: Path) -> None:
    code = (
        "import sys, keraviz_docs\n"
        "read = keraviz_docs.read('keras.applications:MobileNetV2', kwargs={'alpha': 1.4})\n"
        "print(read.totals.parameters, 'tensorflow' in sys.modules, 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == "6156712 False False\n"
