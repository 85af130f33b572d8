"""From ``package.module:name`` to the callable it names."""

from __future__ import annotations

import contextlib
import difflib
import importlib
import importlib.util
import os
import pkgutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from keraviz_docs.manifest.entries import BuilderTarget
from keraviz_docs.reading.failures import CannotRead, from_exception
from keraviz_docs.reading.sources import portable


@contextlib.contextmanager
def importable(project: Path) -> Iterator[None]:
    """Import from the project first, as Python started there would; also from its ``src/``, if it has that layout."""
    before = list(sys.path)
    roots = [project.resolve()]
    source = project.resolve() / "src"
    if source.is_dir() and not (source / "__init__.py").exists():
        roots.append(source)
    sys.path[:0] = [str(root) for root in roots]
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = before


def resolve(target: BuilderTarget, project: Path) -> Callable[..., Any]:
    """Import the callable that a target names; within :func:`importable`.

    Raises:
        CannotRead: the module is missing or fails to import, or the name is missing or not callable.
    """
    thing: Any = module(target.module, project)
    path = target.module
    for name in target.name.split("."):
        thing = _attribute(thing, name, path)
        path = f"{path}:{name}" if thing is not None and ":" not in path else f"{path}.{name}"
    if not callable(thing):
        raise CannotRead(
            "import",
            f"`{target}` is {_kind(thing)}, which cannot be called. A builder is a function that returns a keras.Model.",
        )
    return thing  # type: ignore[no-any-return]  # `callable` narrows Any to nothing useful


def module(name: str, project: Path) -> ModuleType:
    """Import a module by its full name; within :func:`importable`.

    Raises:
        CannotRead: there is no such module, it is another one of that name, or importing it raised.
    """
    try:
        found = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise _missing_module(name, error.name, project) from error
        raise from_exception(error, f"Importing `{name}`", project, kind="import") from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise from_exception(error, f"Importing `{name}`", project, kind="import") from error
    _refuse_namesake(name, found, project)
    return found


def _missing_module(name: str, missing: str, project: Path) -> CannotRead:
    parent, _, last = missing.rpartition(".")
    if parent:
        holder = sys.modules.get(parent)
        paths = list(getattr(holder, "__path__", ()))
        if not paths:
            return CannotRead("import", f"There is no module `{name}`: `{parent}` is a module, not a package.")
    else:
        paths = sys.path[:2]
    siblings = {found.name for found in pkgutil.iter_modules(paths)} | _folders(paths)
    message = f"There is no module `{name}`"
    if missing != name:
        message += f", because there is no `{missing}`"
    where = portable(Path(paths[0]), project) if parent else str(_shown(project))
    near = difflib.get_close_matches(last, sorted(siblings), n=1)
    if near:
        suggestion = ".".join(filter(None, [parent, near[0]])) + name[len(missing) :]
        return CannotRead("import", f"{message}. Did you mean `{suggestion}`?")
    return CannotRead(
        "import",
        f"{message}. Builders are imported from the manifest's directory ({where}) and from what is installed.",
    )


def _shown(project: Path) -> str:
    # Only the last part: the same report on every machine.
    return f"{project.resolve().name}{os.sep}"


def _folders(paths: list[str]) -> set[str]:
    """Name the namespace packages, which ``pkgutil`` does not list."""
    return {
        folder.name
        for path in paths
        if Path(path).is_dir()
        for folder in Path(path).iterdir()
        if folder.name.isidentifier() and folder.is_dir() and any(folder.glob("*.py"))
    }


def _refuse_namesake(name: str, found: ModuleType, project: Path) -> None:
    """Refuse a module that was imported before the project came first (``queue``, ``types``), where the project has one."""
    if name in sys.builtin_module_names or name.partition(".")[0] in sys.stdlib_module_names:
        for root in sys.path[:2]:
            own = Path(root, *name.split("."))
            file = next((path for path in (own.with_suffix(".py"), own / "__init__.py") if path.is_file()), None)
            if file is not None and getattr(found, "__file__", None) != str(file):
                raise CannotRead(
                    "import",
                    f"`{name}` is a module of Python itself, so {portable(file, project)} cannot be imported. "
                    "Give it another name.",
                )


def _attribute(thing: Any, name: str, path: str) -> Any:
    try:
        return getattr(thing, name)
    except AttributeError:
        pass
    inside = "module " if isinstance(thing, ModuleType) else ""
    message = f"There is no `{name}` in {inside}`{path}`"
    near = difflib.get_close_matches(name, [known for known in dir(thing) if not known.startswith("__")], n=1)
    if near:
        raise CannotRead("import", f"{message}. Did you mean `{near[0]}`?")
    builders = [
        known
        for known, value in vars(thing).items()
        if isinstance(thing, ModuleType)
        and not known.startswith("_")
        and callable(value)
        and getattr(value, "__module__", None) == thing.__name__
    ]
    if builders:
        known = ", ".join(f"`{builder}`" for builder in builders[:8]) + (", …" if len(builders) > 8 else "")
        raise CannotRead("import", f"{message}. It has {known}.")
    raise CannotRead("import", f"{message}.")


def _kind(thing: Any) -> str:
    if isinstance(thing, ModuleType):
        return "a module"
    name = type(thing).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
