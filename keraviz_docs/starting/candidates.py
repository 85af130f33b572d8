"""What may build a model, judged by its source alone: annotations, what functions return, what classes derive from.

Judging errs on the side of trying: whatever is named here is tried afterwards, in a process of its own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from keraviz_docs.manifest.entries import BuilderTarget
from keraviz_docs.reading.annotations import alternatives, base_name
from keraviz_docs.starting.code import Code, Definition, External, Function, Meaning, dotted, statements
from keraviz_docs.starting.scope import Scope

_CLASSES = frozenset({"Model", "Sequential", "Functional"})
_LIKE_CLASSES = ("Model", "Backbone", "Sequential", "Functional")
_MAKERS = frozenset({"load_model", "clone_model", "model_from_json", "from_preset", "from_config"})
_OTHERS = frozenset({"torch", "pydantic", "django", "sqlalchemy", "peewee", "flax", "sklearn", "transformers"})
"""Packages whose models are other things."""
_TRAINING = frozenset({"fit", "evaluate", "predict", "train_on_batch", "parse_args", "save_weights", "load_weights"})
"""Methods that a module should not call while it is imported: for a page to be made, it is imported."""


_GUESSES = {"input_shape": "[224, 224, 3]"} | dict.fromkeys(("classes", "num_classes", "n_classes"), "10")
"""What most zoos would take for arguments without a default, as YAML."""


_SIZES = frozenset({"default_size", "image_size", "img_size", "input_size", "resolution"})
"""What zoos call the size of the inputs that a model is meant for."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Something to try."""

    target: BuilderTarget
    definition: Definition
    guessed: str | None = None
    """Arguments that it needs and that were guessed, as a mapping on one line of YAML."""
    size: int | None = None
    """Of the inputs that it is meant for, if it says so."""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Something that promises a model and is no entry, and why."""

    module: str
    target: str
    reason: str
    settings: str | None = None
    """What would make an entry of it, perhaps: a key of the manifest, as one line of YAML."""
    is_target: bool = True
    """Whether an entry could name it."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the source tells."""

    candidates: tuple[Candidate, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    modules: int = 0
    """How many modules were searched."""


def find(scope: Scope) -> Found:
    """Find what may build a model; in the order of modules, and in each in the order of the source."""
    code = Code(scope.modules)
    judge = _Judge(code)
    candidates: list[Candidate] = []
    left_out: list[LeftOut] = []
    for target, definition in _public(code, scope):
        if not judge.builds(definition):
            continue
        busy = _busy(code, definition.module)
        needed = judge.needed(definition)
        if busy is not None:
            left_out.append(LeftOut(module=target.module, target=str(target), reason=busy))
        elif not set(needed) <= _GUESSES.keys():
            left_out.append(_needing(target, needed))
        else:
            guessed = ", ".join(f"{name}: {_GUESSES[name]}" for name in needed)
            candidates.append(
                Candidate(
                    target=target,
                    definition=definition,
                    guessed=f"{{{guessed}}}" if guessed else None,
                    size=judge.size(definition),
                )
            )
    for name in sorted(scope.searched):
        left_out += _live(code, judge, name)
    left_out += [
        LeftOut(module=name, target=name, reason=f"cannot be parsed: {reason}", is_target=False)
        for name, reason in sorted(code.unreadable.items())
        if name in scope.searched
    ]
    left_out += [
        LeftOut(module=str(file), target=file.as_posix(), reason="no import can name it: rename it", is_target=False)
        for file in scope.unimportable
    ]
    return Found(candidates=tuple(candidates), left_out=tuple(left_out), modules=len(scope.searched))


def _needing(target: BuilderTarget, needed: Sequence[str]) -> LeftOut:
    names = ", ".join(needed)
    return LeftOut(
        module=target.module,
        target=str(target),
        reason=f"needs {names}",
        settings=f"kwargs: {{{', '.join(f'{name}: null' for name in needed)}}}",
    )


def _public(code: Code, scope: Scope) -> Iterator[tuple[BuilderTarget, Definition]]:
    """Yield each public function and class once, under the name that its users import it by.

    That is where it is defined; or, if that is private, the most specific module that passes it on.
    """
    addresses: dict[Definition, list[BuilderTarget]] = {}
    for module in sorted(scope.searched):
        if _is_private(module):
            continue
        for name in code.public_names(module):
            found = code.meaning(module, name)
            if isinstance(found, Definition) and not name.startswith("_"):
                addresses.setdefault(found, []).append(BuilderTarget(module, name))
    for module in sorted(scope.searched):
        here = code.module(module)
        # `src` is private by custom only: without another address, this is the one.
        if here is not None and _is_private(module) and not _is_hidden(module):
            for definition in here.definitions.values():
                if not definition.name.startswith("_"):
                    addresses.setdefault(definition, [BuilderTarget(module, definition.name)])
    chosen = [(_chosen(definition, targets), definition) for definition, targets in addresses.items()]
    yield from sorted(chosen, key=lambda pair: (pair[0].module, pair[1].node.lineno, pair[0].name))


def _chosen(definition: Definition, targets: Sequence[BuilderTarget]) -> BuilderTarget:
    own = BuilderTarget(definition.module, definition.name)
    return own if own in targets else max(targets, key=lambda each: (each.module.count("."), each.module, each.name))


def _is_private(module: str) -> bool:
    return _is_hidden(module) or "src" in module.split(".")


def _is_hidden(module: str) -> bool:
    return any(part.startswith("_") for part in module.split("."))


def _busy(code: Code, module: str) -> str | None:
    """Say that importing a module does more than define, if it does."""
    here = code.module(module)
    for statement in statements(here.tree.body) if here is not None else ():
        if isinstance(statement, (Function, ast.ClassDef)):
            continue
        for part in _shallow(statement):
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in _TRAINING:
                return (
                    f"importing it calls `{ast.unparse(part.func)}` (line {part.lineno}); "
                    'put that below `if __name__ == "__main__":`'
                )
    return None


def _live(code: Code, judge: _Judge, module: str) -> Iterator[LeftOut]:
    """Yield models that stand in a module as they are, unless a builder of the zoo made them."""
    here = code.module(module)
    if here is None or _is_private(module):
        return
    for name, value in here.aliases.items():
        made_here = isinstance(value, ast.Call) and isinstance(
            code.meaning(module, dotted(value.func) or ""), Definition
        )
        if not name.startswith("_") and not made_here and judge.is_model(value, module, None):
            reason = "is a model, not a function that returns one: put it into a function"
            yield LeftOut(module=module, target=f"{module}:{name}", reason=reason, is_target=False)


@dataclass
class _Judge:
    """Remembers what it made of functions and classes, since they refer to one another."""

    code: Code
    known: dict[Definition, bool] = field(default_factory=dict)

    def builds(self, definition: Definition) -> bool:
        """Whether calling it may give a Keras model."""
        if definition not in self.known:
            self.known[definition] = False  # while it is being judged: functions may call themselves
            node = definition.node
            if isinstance(node, ast.ClassDef):
                self.known[definition] = _is_kerass_own(definition) or any(
                    self._names_model(base, definition.module) for base in node.bases
                )
            elif isinstance(node, ast.FunctionDef):
                self.known[definition] = self._returns_model(node, definition)
        return self.known[definition]

    def needed(self, definition: Definition) -> list[str]:
        """Name the arguments without a default; for a class, those of its constructor."""
        node: ast.stmt | None = definition.node
        bound = isinstance(node, ast.ClassDef)
        if isinstance(node, ast.ClassDef):
            node = self._constructor(definition, frozenset())
        if not isinstance(node, Function):
            return []
        arguments = node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        required = positional[: len(positional) - len(arguments.defaults)][bound:]
        pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        return [each.arg for each in (*required, *(keyword for keyword, default in pairs if default is None))]

    def size(self, definition: Definition) -> int | None:
        """Return the size of the inputs that a builder is meant for: the default of an argument, or set in a class."""
        return self._size(definition, frozenset())

    def _size(self, definition: Definition, seen: frozenset[Definition]) -> int | None:
        node = definition.node
        if definition in seen:
            return None
        if isinstance(node, Function):
            return next(_sizes(_defaults(node)), None)
        own = [*_set_in(node)]
        for statement in node.body:
            if isinstance(statement, Function) and statement.name == "__init__":
                own += _defaults(statement)
        found = next(_sizes(own), None)
        if found is not None:
            return found
        bases = [self._meaning(dotted(base), definition.module) for base in node.bases]
        inherited = (self._size(base, seen | {definition}) for base in bases if isinstance(base, Definition))
        return next((size for size in inherited if size is not None), None)

    def is_model(self, value: ast.expr | None, module: str, function: Function | None) -> bool:
        """Whether an expression may be a Keras model, by what it calls or what its name was set to."""
        return self._is_model(value, module, function, frozenset())

    def _constructor(self, definition: Definition, seen: frozenset[Definition]) -> Function | None:
        node = definition.node
        if definition in seen or not isinstance(node, ast.ClassDef):
            return None
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
                return statement
        for base in node.bases:
            found = self._meaning(dotted(base), definition.module)
            inherited = self._constructor(found, seen | {definition}) if isinstance(found, Definition) else None
            if inherited is not None:
                return inherited
        return None

    def _returns_model(self, function: ast.FunctionDef, definition: Definition) -> bool:
        if function.returns is not None:
            promised = _evaluated(function.returns)
            choices = alternatives(promised) if promised is not None else []
            if any(self._names_model(choice, definition.module) for choice in choices):
                return True
            if promised is not None and base_name(promised) != "Any":
                return False
        returned = [part.value for part in _inside(function) if isinstance(part, ast.Return)]
        return any(self.is_model(value, definition.module, function) for value in returned)

    def _names_model(self, expression: ast.expr, module: str) -> bool:
        """Whether an expression names a class of Keras models."""
        meaning = self._meaning(dotted(expression), module)
        if isinstance(meaning, Definition):
            return isinstance(meaning.node, ast.ClassDef) and self.builds(meaning)
        return isinstance(meaning, External) and self._is_model_class(meaning.name, module)

    def _is_model_class(self, name: str, module: str) -> bool:
        package, last = name.partition(".")[0], name.rpartition(".")[2]
        if package in _OTHERS:
            return False
        if last in _CLASSES:
            return True
        return last.endswith(_LIKE_CLASSES) and ("keras" in package or self._uses_keras(module))

    def _uses_keras(self, module: str) -> bool:
        here = self.code.module(module)
        imported = {name.partition(".")[0] for name in here.imports.values()} if here is not None else set()
        return bool(imported & {"keras", "tensorflow", "keras_hub"})

    def _meaning(self, name: str | None, module: str) -> Meaning | None:
        return None if name is None else self.code.meaning(module, name)

    def _is_model(self, value: ast.expr | None, module: str, function: Function | None, seen: frozenset[str]) -> bool:
        if isinstance(value, ast.IfExp):
            return any(self._is_model(each, module, function, seen) for each in (value.body, value.orelse))
        if isinstance(value, ast.BoolOp):
            return any(self._is_model(each, module, function, seen) for each in value.values)
        if isinstance(value, ast.NamedExpr):
            return self._is_model(value.value, module, function, seen)
        if isinstance(value, ast.Call):
            return self._gives_model(value, module)
        if isinstance(value, ast.Name) and function is not None and value.id not in seen:
            assigned = _assigned(function, value.id)
            return any(self._is_model(each, module, function, seen | {value.id}) for each in assigned)
        return False

    def _gives_model(self, call: ast.Call, module: str) -> bool:
        name = dotted(call.func)
        if name is None:
            return False
        meaning = self._meaning(name, module)
        if isinstance(meaning, Definition):
            return self.builds(meaning)
        if isinstance(meaning, External):
            if ".applications." in meaning.name and meaning.name.rpartition(".")[2][:1].isupper():
                return True
            return meaning.name.rpartition(".")[2] in _MAKERS or self._is_model_class(meaning.name, module)
        owner, _, method = name.rpartition(".")
        made_by = self._meaning(owner, module) if owner and method in _MAKERS else None
        return isinstance(made_by, Definition) and self.builds(made_by)


def _defaults(function: Function) -> Iterator[tuple[str, ast.expr]]:
    """Yield the arguments that have a default, with it."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True)
    yield from ((each.arg, default) for each, default in pairs)
    named = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    yield from ((each.arg, default) for each, default in named if default is not None)


def _set_in(definition: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    """Yield what is set in the body of a class, and to what."""
    for statement in definition.body:
        if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            yield from ((target.id, statement.value) for target in targets if isinstance(target, ast.Name))


def _sizes(settings: Iterable[tuple[str, ast.expr]]) -> Iterator[int]:
    for name, value in settings:
        if name in _SIZES and isinstance(value, ast.Constant) and type(value.value) is int and value.value > 0:
            yield value.value


def _is_kerass_own(definition: Definition) -> bool:
    return definition.name in _CLASSES and definition.module.partition(".")[0] == "keras"


def _assigned(function: Function, name: str) -> Iterator[ast.expr]:
    """Yield what a local name is set to, wherever in a function that happens."""
    for part in _inside(function):
        if isinstance(part, (ast.Assign, ast.AnnAssign, ast.NamedExpr)) and part.value is not None:
            places = part.targets if isinstance(part, ast.Assign) else [part.target]
            if name in map(dotted, places):
                yield part.value


def _inside(function: Function) -> Iterator[ast.AST]:
    for statement in function.body:
        yield from _shallow(statement)


def _shallow(part: ast.AST) -> Iterator[ast.AST]:
    """Yield a part of the code and all that it consists of, but not what functions and classes inside it contain."""
    yield part
    if isinstance(part, (Function, ast.ClassDef, ast.Lambda)):
        return
    for child in ast.iter_child_nodes(part):
        yield from _shallow(child)


def _evaluated(annotation: ast.expr) -> ast.expr | None:
    """Read an annotation in quotes."""
    if not (isinstance(annotation, ast.Constant) and isinstance(annotation.value, str)):
        return annotation
    try:
        return _evaluated(ast.parse(annotation.value.strip(), mode="eval").body)
    except SyntaxError:
        return None
