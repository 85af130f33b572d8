"""What a person names, as modules, and the directory that the files go to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from keraviz_docs.errors import UserError
from keraviz_docs.starting.scope import locate

Write = Callable[[Mapping[str, str]], Path]


def test_a_directory_is_a_project_of_its_own(write: Write) -> None:
    scope = locate(str(write({"lab/a.py": "", "lab/nets/b.py": "", "lab/m.keras": ""}) / "lab"))
    assert scope.project == Path.cwd() / "lab"
    assert set(scope.searched) == {"a", "nets.b"}
    assert scope.archives == (Path("m.keras"),)


def test_a_package_belongs_to_the_current_directory(write: Write) -> None:
    write({"zoo/__init__.py": "", "zoo/a.py": "", "zoo/sub/__init__.py": "", "other.py": ""})
    for target in ("zoo", "zoo/", "./zoo"):
        scope = locate(target)
        assert scope.project == Path.cwd()
        assert set(scope.searched) == {"zoo", "zoo.a", "zoo.sub"}
        assert scope.name == "zoo"


def test_a_package_that_is_imported_from_elsewhere_belongs_there(write: Write) -> None:
    write({"projects/one/zoo/__init__.py": "", "projects/one/zoo/a.py": "", "projects/scripts/b.py": ""})
    assert locate("projects/one/zoo").project == Path.cwd() / "projects/one"
    assert locate("projects/one/zoo").searched == {"zoo", "zoo.a"}
    assert locate("projects/scripts/b.py").project == Path.cwd() / "projects/scripts"


@pytest.mark.parametrize("target", ["our", "src/our", "src", "."])
def test_a_source_layout_is_known(write: Write, target: str) -> None:
    write({"pyproject.toml": "", "src/our/__init__.py": "", "src/our/a.py": "", "docs/conf.py": "", "setup.py": ""})
    scope = locate(target)
    assert scope.project == Path.cwd()
    assert set(scope.searched) == {"our", "our.a"}


def test_a_file_is_searched_alone_and_may_import_its_neighbours(write: Write) -> None:
    write({"a.py": "", "b.py": ""})
    scope = locate("a.py")
    assert scope.searched == {"a"}
    assert set(scope.modules) == {"a", "b"}


def test_an_installed_package_is_found_without_importing_it(write: Write) -> None:
    write({})
    scope = locate("kimm.models.vgg")
    assert scope.project == Path.cwd()
    assert scope.searched == {"kimm.models.vgg"}
    assert "kimm._src.models.vgg" in scope.modules
    assert scope.distribution == "kimm"


def test_tests_and_environments_are_passed_over(write: Write) -> None:
    files = ["a.py", "test_a.py", "a_test.py", "conftest.py", "tests/b.py", "env/pyvenv.cfg", "env/c.py", ".x/d.py"]
    assert locate(str(write(dict.fromkeys(files, "")))).searched == {"a"}


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("kim", "there is neither a package nor a directory 'kim': did you mean kimm?"),
        ("zxqv", "there is neither a package nor a directory 'zxqv': is it installed beside keraviz-docs?"),
        ("kimm.models.vgh", "`kimm` has no module `kimm.models.vgh`: did you mean kimm.models.vgg?"),
        ("no/such", "there is no no/such: name a directory, a Python file or an installed package"),
        ("math", "`math` has no Python source to search"),
        ("a-b.py", "a-b.py cannot be imported: rename it, so that its name is one that Python can import"),
    ],
)
def test_a_mistake_is_told(write: Write, target: str, sentence: str) -> None:
    write({"a-b.py": ""})
    with pytest.raises(UserError) as told:
        locate(target)
    assert told.value.message == sentence


def test_code_must_be_importable_from_where_the_manifest_goes(write: Write) -> None:
    write({"here/zoo/__init__.py": "", "there/x": ""})
    with pytest.raises(UserError, match="here/zoo cannot be imported from there"):
        locate("here/zoo", Path("there"))
