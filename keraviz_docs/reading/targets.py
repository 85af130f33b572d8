"""From ``package.module:name`` to the callable it names."""

from __future__ import annotations

import contextlib
import difflib
import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from keraviz_docs.manifest.entries import BuilderTarget
from keraviz_docs.reading.failures import CannotRead, from_exception
from keraviz_docs.reading.keras_internals import WeightsNeeded
from keraviz_docs.reading.sources import import_root, portable


@contextlib.contextmanager
def importable(project: Path) -> Iterator[None]:
    """Import the project's modules first, whether or not it is installed; see :func:`import_roots`."""
    before = list(sys.path)
    sys.path[:0] = [str(root) for root in import_roots(project)]
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = before


def import_roots(project: Path) -> tuple[Path, ...]:
    """Name the directories that a project's modules are imported from, as its author expects.

    The project directory, as if Python were started there; its ``src/``, if it has that layout; where its package is
    imported from, if the project directory is one; and the same for the repository around it, for a manifest that
    lies in ``docs/``.
    """
    project = project.resolve()
    around = next((folder for folder in (project, *project.parents) if _is_repository(folder)), project)
    roots = [project, project / "src", import_root(project), around, around / "src"]
    return tuple(dict.fromkeys(root for root in roots if root.is_dir() and not _is_package_source(root)))


def _is_repository(folder: Path) -> bool:
    return any((folder / name).exists() for name in ("pyproject.toml", "setup.py", "setup.cfg", ".git"))


def _is_package_source(root: Path) -> bool:
    return root.name == "src" and (root / "__init__.py").is_file()


def resolve(target: BuilderTarget, project: Path) -> Callable[..., Any]:
    """Import the callable that a target names; within :func:`importable`.

    Raises:
        CannotRead: the module is missing or fails to import, or the name is missing or not callable.
    """
    import keras

    thing: Any = module(target.module, project)
    path = target.module
    for name in target.name.split("."):
        thing = _attribute(thing, name, path)
        path += f".{name}" if ":" in path else f":{name}"
    if callable(thing) and not isinstance(thing, (keras.Layer, keras.KerasTensor)):
        return cast("Callable[..., Any]", thing)
    hint = " Name a function that returns it." if isinstance(thing, keras.Model) else ""
    raise CannotRead("import", f"`{target}` is {_kind(thing)}, not a function that returns a keras.Model.{hint}")


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
    except (KeyboardInterrupt, WeightsNeeded):
        raise
    except BaseException as error:
        raise from_exception(error, f"Importing `{name}`", project, kind="import") from error
    _refuse_namesake(name, found, project)
    return found


def _missing_module(name: str, missing: str, project: Path) -> CannotRead:
    parent, _, last = missing.rpartition(".")
    message = f"There is no module `{name}`"
    if missing != name:
        message += f", because there is no `{missing}`"
    if parent:
        places = [str(place) for place in getattr(sys.modules.get(parent), "__path__", ())]
        if not places:
            return CannotRead("import", f"There is no module `{name}`: `{parent}` is a module, not a package.")
    else:
        places = [str(root) for root in import_roots(project)]
    near = difflib.get_close_matches(last, sorted(_modules_in(places)), n=1)
    if near:
        suggestion = ".".join(filter(None, [parent, near[0]])) + name[len(missing) :]
        return CannotRead("import", f"{message}. Did you mean `{suggestion}`?")
    # The name of the directory alone: the same report on every machine.
    looked = f"`{parent}`" if parent else f"the manifest's directory ({project.resolve().name}/) and what is installed"
    return CannotRead("import", f"{message}: looked in {looked}.")


def _modules_in(places: list[str]) -> set[str]:
    """Name the modules and packages in directories; also namespace packages, which ``pkgutil`` does not list."""
    folders = {
        folder.name
        for place in places
        if Path(place).is_dir()
        for folder in Path(place).iterdir()
        if folder.name.isidentifier() and folder.is_dir() and any(folder.glob("*.py"))
    }
    return folders | {found.name for found in pkgutil.iter_modules(places)}


def _refuse_namesake(name: str, found: ModuleType, project: Path) -> None:
    """Refuse to take another module of that name for the project's.

    Python's own modules (``types``, ``queue``) and those that Keras needs were imported before the project came first.
    """
    relative = Path(*name.split("."))
    for root in import_roots(project):
        own = next(
            (file for file in (root / relative / "__init__.py", root / relative.with_suffix(".py")) if file.is_file()),
            None,
        )
        if own is None:
            continue
        taken = getattr(found, "__file__", None)
        if taken is not None and Path(taken).resolve() == own.resolve():
            return
        holder = "Python itself has" if name.partition(".")[0] in sys.stdlib_module_names else "what is installed has"
        raise CannotRead(
            "import",
            f"{portable(own, project)} cannot be imported as `{name}`: {holder} a module of that name, which is in "
            "use. Rename yours.",
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
