"""Everything that Keras does not offer in public, in one place; each use names the Keras file that it mirrors."""

from __future__ import annotations

import contextlib
import functools
import inspect
import re
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple
from urllib.parse import urlsplit


class WeightsNeeded(BaseException):
    """A weight's value was asked for while building without weights.

    Not an ``Exception``, so that no ``except Exception`` of the builder swallows it.
    """


class WeightlessBuild:
    """What was observed during a build without weights."""

    def __init__(self) -> None:
        self.values_read = False
        """Whether a made-up value stood in for a random one outside shape inference."""
        self.quantizing = False
        """Whether weights are being quantised, of which only the shapes matter."""


@contextlib.contextmanager
def weightless() -> Iterator[WeightlessBuild]:
    """Create variables without values inside this scope.

    Variables made from an initialiser stay empty (``keras/src/backend/common/stateless_scope.py``).  A variable made
    from a value keeps that value aside, where Keras would refuse it
    (``Variable.__init__`` in ``keras/src/backend/common/variables.py``).  Whoever reads an empty variable as a tensor
    gets what its initialiser gives, except that zeros stand for random numbers, which cost far more.  Whoever reads a
    random one as a Python number or array, or trains, evaluates or saves a model, gets :class:`WeightsNeeded`.
    """
    import keras
    from keras.src.backend.common import global_state
    from keras.src.backend.common.variables import Variable

    build = WeightlessBuild()
    create = Variable.__init__

    def create_empty(
        self: Any, initializer: Any, shape: Any = None, dtype: Any = None, *args: Any, **kwargs: Any
    ) -> None:
        initializer, shape, dtype = _without_allocating(initializer, shape, dtype, build)
        create(self, initializer, shape, dtype, *args, **kwargs)

    with contextlib.ExitStack() as patches:
        patches.enter_context(_attribute(Variable, "__init__", create_empty))
        # The backend's class is what overrides `numpy` (keras/src/backend/tensorflow/core.py).
        for reader in ("numpy", "__array__", "__int__", "__float__"):
            patches.enter_context(
                _attribute(keras.Variable, reader, _refusing_made_up_values(getattr(keras.Variable, reader), build))
            )
        # TensorFlow's optimizer knows a variable by its tensor (keras/src/backend/tensorflow/optimizer.py), which is
        # not there; every other backend's by its identity (keras/src/optimizers/base_optimizer.py).
        patches.enter_context(_attribute(keras.optimizers.Optimizer, "_var_key", lambda _, variable: id(variable)))
        patches.enter_context(_attribute(keras.Model, "quantize", _noting_quantization(keras.Model.quantize, build)))
        for method in (*_USING_VALUES, *_WRITING):
            patches.enter_context(_attribute(keras.Model, method, _needing_weights(method)))
        for name in ("save_model", "save_weights"):
            patches.enter_context(diverted(getattr(keras.saving, name), _needing_weights(name)))
        try:
            with keras.StatelessScope(initialize_variables=False):
                yield build
        finally:
            # Otherwise the next symbolic call allocates all of them (`initialize_all_variables`, variables.py).
            global_state.set_global_attribute("uninitialized_variables", [])


_USING_VALUES = ("fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch")
_WRITING = ("save", "save_weights", "export")


class _Zeros:
    """Stands in for a random initialiser."""

    def __init__(self, build: WeightlessBuild) -> None:
        self._build = build

    def __call__(self, shape: Any, dtype: Any = None, **_: Any) -> Any:
        import tensorflow as tf
        from keras.src.backend.common.symbolic_scope import in_symbolic_scope

        if not in_symbolic_scope():
            self._build.values_read = True
        return tf.zeros(shape, dtype or "float32")


class _Value:
    """An initial value as an initialiser; converted at the first read, so that an array nobody reads is not copied."""

    def __init__(self, value: Any, dtype: Any) -> None:
        self._value = value
        self._dtype = dtype
        self._tensor: Any = None

    def __call__(self, _shape: Any, dtype: Any = None, **_: Any) -> Any:
        import tensorflow as tf
        from keras import ops

        if self._tensor is None:
            with tf.init_scope():
                self._tensor = ops.convert_to_tensor(self._value, dtype=self._dtype)
        return ops.cast(self._tensor, dtype) if dtype else self._tensor


def _without_allocating(initializer: Any, shape: Any, dtype: Any, build: WeightlessBuild) -> tuple[Any, Any, Any]:
    import keras
    import tensorflow as tf
    from keras.src.initializers.random_initializers import RandomInitializer

    if isinstance(initializer, str):
        initializer = keras.initializers.get(initializer)
    if isinstance(initializer, RandomInitializer):
        return _Zeros(build), shape, dtype
    if callable(initializer):
        return initializer, shape, dtype
    if tf.is_tensor(initializer) and not hasattr(initializer, "numpy"):
        return initializer, shape, dtype  # a symbolic tensor: Keras has the right words for it
    if not (hasattr(initializer, "shape") and hasattr(initializer, "dtype")):
        with tf.init_scope():
            initializer = keras.ops.convert_to_tensor(initializer, dtype=dtype)
    kept = dtype or keras.backend.standardize_dtype(initializer.dtype)
    return _Value(initializer, dtype), tuple(initializer.shape), kept


def _refusing_made_up_values(read: Callable[..., Any], build: WeightlessBuild) -> Callable[..., Any]:
    def refusing(self: Any, *args: Any, **kwargs: Any) -> Any:
        from keras.src.backend.common.stateless_scope import get_stateless_scope

        scope = get_stateless_scope()
        assigned = scope is not None and scope.get_current_value(self) is not None
        made_up = self._value is None and isinstance(self._initializer, _Zeros) and not assigned
        if made_up and not build.quantizing:
            raise WeightsNeeded(f"the value of `{self.path}`")
        return read(self, *args, **kwargs)

    return refusing


def _noting_quantization(quantize: Callable[..., Any], build: WeightlessBuild) -> Callable[..., Any]:
    @functools.wraps(quantize)
    def quantizing(*args: Any, **kwargs: Any) -> Any:
        build.quantizing = True
        try:
            return quantize(*args, **kwargs)
        finally:
            build.quantizing = False

    return quantizing


def _needing_weights(name: str) -> Callable[..., Any]:
    def needing(*_: Any, **__: Any) -> Any:
        raise WeightsNeeded(f"`{name}`")

    return needing


@contextlib.contextmanager
def _attribute(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Set an attribute for a while; one that was inherited is inherited again afterwards."""
    own = name in vars(owner)
    before = vars(owner).get(name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if own:
            setattr(owner, name, before)
        else:
            delattr(owner, name)


def whole_tracebacks() -> contextlib.AbstractContextManager[None]:
    """Leave every frame in the tracebacks of what Keras raises (``keras/src/utils/traceback_utils.py``).

    Without its own, it looks as if the code that called Keras had raised.  Keras's public switch would also leave the
    arguments of a failing call out of the message.
    """
    from keras.src.utils import traceback_utils

    return _attribute(traceback_utils, "_process_traceback_frames", lambda trace: trace)


@contextlib.contextmanager
def diverted(function: FunctionType, stand_in: Callable[..., Any]) -> Iterator[None]:
    """Make a function do something else for whoever holds it, also under ``from keras.utils import get_file``.

    Keras binds a public function in several modules (``keras.utils``, ``keras.src.utils.file_utils``, …), and so do
    those who import it; so it is the function itself that changes, not a name.
    """
    code = function.__code__
    before = code, function.__defaults__, function.__kwdefaults__
    # Whoever inspects it meanwhile sees it as it was written.
    function.__dict__["__signature__"] = inspect.signature(function)
    function.__code__ = _divert.__code__.replace(co_filename=code.co_filename, co_firstlineno=code.co_firstlineno)
    function.__defaults__, function.__kwdefaults__ = None, {"_stand_in": stand_in}
    try:
        yield
    finally:
        function.__code__, function.__defaults__, function.__kwdefaults__ = before
        function.__dict__.pop("__signature__", None)


def _divert(*args: Any, _stand_in: Callable[..., Any], **kwargs: Any) -> Any:
    return _stand_in(*args, **kwargs)


def undiverted(function: FunctionType) -> FunctionType:
    """Copy a function, so that it can be called while it is diverted."""
    copy = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__)
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


def forget_automatic_names() -> None:
    """Number automatic names from the start again (``reset_uids`` in ``keras/src/utils/naming.py``)."""
    from keras.src.utils.naming import reset_uids

    reset_uids()


@contextlib.contextmanager
def own_automatic_names() -> Iterator[None]:
    """Number automatic names from the start inside this scope, and where they were after it.

    The counters are a global attribute, ``object_name_uids`` (``uniquify`` in ``keras/src/utils/naming.py``).
    """
    from keras.src.backend.common import global_state

    before = global_state.get_global_attribute("object_name_uids")
    forget_automatic_names()
    try:
        yield
    finally:
        global_state.set_global_attribute("object_name_uids", before)


@contextlib.contextmanager
def skipping_weights(is_weight_file: Callable[[str], bool]) -> Iterator[None]:
    """Skip whatever downloads or loads weights.

    Mirrors ``get_file`` (``keras/src/utils/file_utils.py``), ``load_weights`` and ``load_model``
    (``keras/src/saving/saving_api.py``, ``saving_lib.py``, ``keras/src/legacy/saving/legacy_h5_format.py``).  Once a
    load was skipped, nothing is saved either: a file of weights that were never loaded must not replace a real one.

    Args:
        is_weight_file: tells from a file name or URL whether it holds weights; other files are downloaded as ever.
    """
    import keras
    import tensorflow as tf
    from keras.src.legacy.saving import legacy_h5_format
    from keras.src.saving import saving_lib

    skipped: list[str] = []
    postponed: dict[str, Callable[[], Any]] = {}
    get_file, load_model = undiverted(keras.utils.get_file), undiverted(keras.saving.load_model)

    def locate_file(fname: Any = None, origin: Any = None, *args: Any, **kwargs: Any) -> Any:
        name = str(fname or urlsplit(str(origin or "")).path.rpartition("/")[2])
        if origin is None or not (is_weight_file(name) or is_weight_file(str(origin))):
            return get_file(fname, origin, *args, **kwargs)
        settings = inspect.signature(get_file).bind(fname, origin, *args, **kwargs)
        settings.apply_defaults()
        root = Path(settings.arguments["cache_dir"] or keras_home()).expanduser()
        path = str(root / settings.arguments["cache_subdir"] / name)
        postponed[path] = functools.partial(get_file, fname, origin, *args, **kwargs)
        return path

    def load_configuration(filepath: Any, *args: Any, **kwargs: Any) -> Any:
        fetch = postponed.pop(str(filepath), None)
        return load_model(filepath if fetch is None or Path(filepath).exists() else fetch(), *args, **kwargs)

    def from_archive(fileobj: Any, custom_objects: Any, compile: Any, safe_mode: Any) -> Any:  # noqa: A002 -- Keras's name
        skipped.append("load_model")
        with zipfile.ZipFile(fileobj) as archive:
            # Keras 3.12.4 and 3.15 refuse archives that unpack to too much; those between them and before do not.
            unpack = getattr(saving_lib, "_safe_zip_read", zipfile.ZipFile.read)
            config = unpack(archive, saving_lib._CONFIG_FILENAME)
        return saving_lib._model_from_config(config, custom_objects, compile, safe_mode)

    def from_directory(dirpath: Any, custom_objects: Any, compile: Any, safe_mode: Any) -> Any:  # noqa: A002 -- Keras's name
        skipped.append("load_model")
        config = Path(dirpath, saving_lib._CONFIG_FILENAME).read_text(encoding="utf-8")
        return saving_lib._model_from_config(config, custom_objects, compile, safe_mode)

    def load_nothing(*_: Any, **__: Any) -> None:
        skipped.append("load_weights")

    def load_no_values(*_: Any, **__: Any) -> list[Any]:
        return []

    def restore_nothing(*_: Any, **__: Any) -> _Restored:
        skipped.append("restore")
        return _Restored()

    def unless_skipped(save: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(save)
        def saving(*args: Any, **kwargs: Any) -> Any:
            return None if skipped else save(*args, **kwargs)

        return saving

    functions: dict[FunctionType, Callable[..., Any]] = {
        keras.utils.get_file: locate_file,
        keras.saving.load_model: load_configuration,
        keras.saving.load_weights: load_nothing,
        keras.saving.save_model: unless_skipped(undiverted(keras.saving.save_model)),
        keras.saving.save_weights: unless_skipped(undiverted(keras.saving.save_weights)),
        legacy_h5_format.load_weights_from_hdf5_group: load_nothing,
        legacy_h5_format.load_weights_from_hdf5_group_by_name: load_nothing,
        legacy_h5_format.load_optimizer_weights_from_hdf5_group: load_no_values,
        saving_lib._load_model_from_fileobj: from_archive,
        saving_lib._load_model_from_dir: from_directory,
        saving_lib.load_weights_only: load_nothing,
    }
    with contextlib.ExitStack() as patches:
        for function, stand_in in functions.items():
            patches.enter_context(diverted(function, stand_in))
        patches.enter_context(_attribute(keras.Model, "load_weights", load_nothing))
        for method in _WRITING:
            patches.enter_context(_attribute(keras.Model, method, unless_skipped(getattr(keras.Model, method))))
        for method in ("restore", "read"):
            patches.enter_context(_attribute(tf.train.Checkpoint, method, restore_nothing))
        yield


class _Restored:
    """What ``tf.train.Checkpoint.restore`` returns: every assertion about what was restored holds."""

    def __getattr__(self, name: str) -> Callable[..., _Restored]:
        return lambda *_, **__: self


def keras_home() -> str:
    """Return the directory of Keras's own files (``keras/src/backend/config.py``)."""
    from keras.src.backend import config

    return str(config.keras_home())


def snake_case(name: str) -> str:
    """Write a class name as Keras does in automatic names and checkpoint paths (``keras/src/utils/naming.py``)."""
    from keras.src.utils.naming import to_snake_case

    return str(to_snake_case(name))


def functional_graph(model: Any) -> Any | None:
    """Return the graph of layer calls that a model executes, or ``None`` when it executes code of its own.

    A Functional model is its graph (``keras/src/models/functional.py``); a Sequential one keeps it in ``_functional``
    once it knows its input (``keras/src/models/sequential.py``).  A subclass that overrides ``call`` or ``__call__``
    may do anything.
    """
    import keras
    from keras.src.models.functional import Functional

    cls = type(model)
    if cls.__call__ is not keras.Layer.__call__:
        return None
    if isinstance(model, keras.Sequential):
        return model._functional if cls.call is keras.Sequential.call else None
    if isinstance(model, Functional):
        return model if cls.call is Functional.call else None
    return None


def has_call(model: Any) -> bool:
    """Whether a model says what it does; one that is only trained by a ``train_step`` may not."""
    import keras

    return type(model).call not in (keras.Layer.call, keras.Model.call)


def graph_of_inputs(model: Any) -> Any | None:
    """Return the graph whose inputs a model takes, be it carried out or not (``Function`` in ``ops/function.py``)."""
    graph = getattr(model, "_functional", None) or model
    return graph if getattr(graph, "_inputs_struct", None) is not None else None


def graph_calls(functional: Any) -> list[Any]:
    """Return the nodes of a Functional graph in an order in which they can be executed, without the inputs.

    By depth, as ``Function._run_through_graph`` executes them, and within one depth as ``model.operations`` and so
    ``model.summary()`` lists them (``keras/src/ops/function.py``); Keras executes those in reverse.
    """
    by_depth = functional._nodes_by_depth
    position = {id(operation): index for index, operation in enumerate(functional.operations)}
    computed = {id(tensor) for tensor in functional.inputs}
    calls = []
    for depth in sorted(by_depth, reverse=True):
        nodes = [node for node in by_depth[depth] if not node.is_input]
        nodes.sort(key=lambda node: (position[id(node.operation)], node.operation._inbound_nodes.index(node)))
        for node in nodes:
            if all(id(tensor) in computed for tensor in node.input_tensors):
                computed.update(id(tensor) for tensor in node.outputs)
                calls.append(node)
    return calls


def input_layer(tensor: Any) -> Any | None:
    """Return the layer or operation that made a symbolic tensor (``KerasHistory`` in ``keras/src/ops/node.py``)."""
    history = getattr(tensor, "_keras_history", None)
    return history.operation if history is not None else None


def input_structure(functional: Any) -> Any:
    """Return the inputs of a Functional graph as they were nested by who made it (``keras/src/ops/function.py``)."""
    return functional._inputs_struct


def output_structure(functional: Any) -> Any:
    """Return the outputs of a Functional graph as they were nested by who made it (``keras/src/ops/function.py``)."""
    return functional._outputs_struct


def sublayers(layer: Any) -> list[Any]:
    """Return the layers that a layer tracks directly (``Layer._flatten_layers`` in ``keras/src/layers/layer.py``)."""
    return list(layer._flatten_layers(include_self=False, recursive=False))


def all_sublayers(layer: Any) -> list[Any]:
    """Return the layers that a layer tracks, at any depth."""
    return list(layer._flatten_layers(include_self=False))


def own_variables(layer: Any) -> list[Any]:
    """Return the variables that a layer holds itself, without its sublayers' (``keras/src/layers/layer.py``).

    Random seeds and metrics are no weights; Keras keeps them in lists of their own.
    """
    return [*layer._trainable_variables, *layer._non_trainable_variables]


class Saved(NamedTuple):
    """What Keras saves of one object into a weights file."""

    addresses: tuple[str, ...]
    """Where it is saved, then where loading looks when what is there does not fit."""
    owner: Any
    shapes: tuple[tuple[int, ...], ...]
    custom: bool
    """Whether code outside Keras decides what is loaded."""


def saved_variables(model: Any) -> list[Saved]:
    """Say what ``save_weights`` would write: for each address the object that owns it, and its arrays' shapes in order.

    An object that has no arrays, and none below it, is listed, too, where another one with arrays could have the same
    address: loading a file with arrays for it fails.  Only layers whose address tells a class of Keras that never has
    weights are left out.

    The addresses are Keras's own: ``_save_state`` walks the model (``keras/src/saving/saving_lib.py``) into a store
    that takes shapes only.  The walk meets a layer of a subclassed model twice, as an attribute and in ``layers``;
    ``_load_state`` tries the second address when the first one failed.  What ``compile`` added (optimizer, metrics,
    loss) is left out, since a model to be loaded need not be compiled.
    """
    from keras.src.saving import saving_lib

    entries: list[tuple[str, Any, list[tuple[int, ...]], bool]] = []
    first: dict[int, str] = {}
    again: dict[str, list[str]] = {}

    class Shapes(saving_lib.H5IOStore):  # type: ignore[misc]  # Keras is not typed
        def __init__(self) -> None:
            self.shapes: list[tuple[int, ...]] = []

        def __bool__(self) -> bool:
            return True

        def make(self, *_: Any, **__: Any) -> Any:
            return self

        def __setitem__(self, key: str, value: Any) -> None:
            self.shapes.append(tuple(int(size) for size in value.shape))

    save = saving_lib._save_state

    def record(saveable: Any, _: Any, assets_store: Any, inner_path: str, visited_saveables: Any) -> None:
        if id(saveable) in visited_saveables:
            # Loading leaves out a nested list (``container``) that the file lacks, so it is no second address.
            if id(saveable) in first and not _NESTED_LIST.search(inner_path):
                again.setdefault(first[id(saveable)], []).append(inner_path)
            return
        first[id(saveable)] = inner_path
        store = Shapes()
        entries.append((inner_path, saveable, store.shapes, not _loads_as_keras_does(saveable)))
        custom = getattr(type(saveable), "save_own_variables", None)
        with (
            contextlib.nullcontext()
            if custom is None or _is_keras(custom)
            else _attribute(type(saveable), "save_own_variables", _saving_what_it_can(saveable))
        ):
            save(saveable, store, assets_store, inner_path, visited_saveables)

    compiled = ("optimizer", "_loss_tracker", "_compile_metrics", "_compile_loss")
    visited = {id(part) for part in (getattr(model, name, None) for name in compiled) if part is not None}
    look_up = saving_lib.get_attr_skipset

    @functools.cache  # Keras means to keep it per kind of object, but looks it up under another name than it stores it
    def skipset(kind: str) -> frozenset[str]:
        with _attribute(saving_lib, "dir", dir):
            return frozenset(look_up(kind))

    with (
        _attribute(saving_lib, "_save_state", record),
        _attribute(saving_lib, "get_attr_skipset", skipset),
        _attribute(saving_lib, "dir", functools.partial(_names_to_walk, skipset)),
    ):
        record(model, None, None, "", visited)
    inner = {above for path, _, _, _ in entries for above in _prefixes(path) if above != path}
    found = (
        Saved(_addresses(path, again), owner, tuple(shapes), custom)
        for path, owner, shapes, custom in entries
        if shapes or path not in inner
    )
    return [saved for saved in found if saved.shapes or not _never_has_weights(saved)]


_NESTED_LIST = re.compile(r"/container(_\d+)?(/|$)")


def _names_to_walk(skipset: Callable[[str], frozenset[str]], saveable: Any) -> list[str]:
    """Return those names of an object under which ``_walk_saveable`` may find something, instead of ``dir``.

    It skips some names for each kind of object, and gets the values of all others, to follow those that can be saved
    and containers (``keras/src/saving/saving_lib.py``).  Methods are neither, nor are plain values.

    Args:
        skipset: the names that are skipped, by kind (``get_attr_skipset``).
        saveable: the object.
    """
    cls: Any = type(saveable)
    if cls.__dir__ is not object.__dir__ or cls.__getattribute__ is not object.__getattribute__:
        return dir(saveable)
    kind: Any = saveable._obj_type()
    skipped = skipset(kind)
    own = {name for name, value in vars(saveable).items() if name not in skipped and not _is_plain(value)}
    return list(own.union(_names_of_class(cls) - skipped))


@functools.cache
def _names_of_class(cls: Any) -> frozenset[str]:
    """Return the names that a class has for anything but a method."""
    names = {name for base in cls.__mro__ for name in vars(base)}
    return frozenset(name for name in names if not isinstance(_attribute_of(cls, name), FunctionType))


_PLAIN = frozenset({type(None), bool, int, float, complex, str, bytes, FunctionType, MethodType})


def _is_plain(value: Any) -> bool:
    """Whether nothing can be saved of a value, nor of anything in it."""
    kind = type(value)
    return kind in _PLAIN or (kind in (tuple, list) and all(type(item) in _PLAIN for item in value))


def _addresses(path: str, again: Mapping[str, list[str]]) -> tuple[str, ...]:
    """Every address under which an object is looked up, given those of the objects that contain it."""
    others = (other + path[len(above) :] for above in _prefixes(path) for other in again.get(above, ()))
    return tuple(dict.fromkeys((path, *others)))


def _prefixes(path: str) -> list[str]:
    return ["", *(path[:end] for end, sign in enumerate(path) if sign == "/" and end), path]


def _never_has_weights(saved: Saved) -> bool:
    """Whether an address tells that the object is a layer of Keras without weights, and nothing else can be there.

    Elements of lists are addressed by their class (``_save_container_state`` in ``keras/src/saving/saving_lib.py``).
    Layers of Keras make their weights in ``build``.
    """
    kind = type(saved.owner)
    by_class = re.compile(rf"(.*/)?{re.escape(snake_case(kind.__name__))}(_\d+)?")
    build = inspect.unwrap(getattr(kind, "build", _never_has_weights))
    names = getattr(getattr(build, "__code__", None), "co_names", ("add_weight",))
    return _is_keras(kind) and "add_weight" not in names and any(map(by_class.fullmatch, saved.addresses))


def _is_keras(function: Any) -> bool:
    return str(getattr(function, "__module__", "")).partition(".")[0] == "keras"


def _loads_as_keras_does(saveable: Any) -> bool:
    load = getattr(type(saveable), "load_own_variables", None)
    return load is None or _is_keras(load)


def _saving_what_it_can(saveable: Any) -> Callable[..., None]:
    custom = type(saveable).save_own_variables

    def guarded(self: Any, store: Any) -> None:
        before = len(store.shapes)
        try:
            custom(self, store)
        except Exception:  # it may well need the values that are not there
            del store.shapes[before:]
            for variable in own_variables(self) if hasattr(self, "_trainable_variables") else ():
                store[variable.name] = variable

    return guarded


def deserialize_model(config: dict[str, Any], custom_objects: Mapping[str, Any]) -> Any:
    """Build a model from the configuration in an archive, in safe mode (``keras/src/saving/saving_lib.py``)."""
    import keras
    from keras.src.saving.serialization_lib import ObjectSharingScope

    with ObjectSharingScope():
        return keras.saving.deserialize_keras_object(config, custom_objects=dict(custom_objects), safe_mode=True)


def find_registered(name: str) -> Any:
    """Return what is registered under a name, ``package>Class``, or ``None``."""
    import keras

    return keras.saving.get_registered_object(name)


def belongs_to(graph: Any, current: Any) -> bool:
    """Whether graph ``current`` is ``graph``, or that of a function called in it, and no sketch of Keras's own.

    While Keras builds or infers shapes it runs layers in graphs that it throws away (``compute_output_spec`` in
    ``keras/src/backend/tensorflow/core.py`` names them ``scratch_graph``).
    """
    while current is not None and not str(getattr(current, "name", "")).startswith("scratch_graph"):
        if current is graph:
            return True
        current = getattr(current, "outer_graph", None)
    return False


def keras_mask(tensor: Any) -> Any:
    """Return the mask that travels with a tensor (``keras/src/backend/common/masking.py``)."""
    from keras.src import backend

    return backend.get_keras_mask(tensor)


def set_keras_mask(tensor: Any, mask: Any) -> None:
    """Attach a mask to a tensor (``keras/src/backend/common/masking.py``)."""
    from keras.src import backend

    backend.set_keras_mask(tensor, mask)


def takes_training(layer: Any) -> bool:
    """Whether ``call`` has a ``training`` argument (``keras/src/layers/layer.py``)."""
    return bool(getattr(layer, "_call_has_training_arg", False))


def takes_mask(layer: Any) -> bool:
    """Whether ``call`` has a ``mask`` argument (``keras/src/layers/layer.py``)."""
    return bool(getattr(layer, "_call_has_mask_arg", False))


def is_random_seed(variable: Any) -> bool:
    """Whether a variable is the state of a ``SeedGenerator`` (``keras/src/random/seed_generator.py``)."""
    return str(variable.name) == "seed_generator_state"


def remember_signatures() -> None:
    """Let Keras inspect each function once in this process, not once per layer.

    It looks at the constructor of every operation, and at ``call`` and ``build`` of every layer
    (``keras/src/ops/operation.py``, ``keras/src/layers/layer.py``).  What it learns of a method follows from the
    function, whatever the method is bound to.
    """
    from keras.src.layers import layer
    from keras.src.ops import operation

    def remembering(look: Callable[..., Any]) -> Callable[..., Any]:
        of_function = functools.cache(look)
        of_method = functools.cache(lambda function: look(MethodType(function, object())))

        def known(thing: Any) -> Any:
            if isinstance(thing, FunctionType):
                return of_function(thing)
            if isinstance(thing, MethodType) and isinstance(thing.__func__, FunctionType):
                return of_method(thing.__func__)
            return look(thing)

        return known

    remembered = ModuleType("inspect")
    vars(remembered).update(
        vars(inspect), signature=remembering(inspect.signature), getfullargspec=remembering(inspect.getfullargspec)
    )
    for module in (operation, layer):
        module.inspect = remembered


def remember_snake_case() -> None:
    """Let Keras write each class name in snake case once, not once per layer (``keras/src/utils/naming.py``)."""
    from keras.src.utils import naming

    naming.to_snake_case = functools.cache(naming.to_snake_case)


def set_plain_attributes_at_once() -> None:
    """Let layers take values that hold nothing to track without being asked four times whether they do.

    ``Layer.__setattr__`` (``keras/src/layers/layer.py``) shows a value to its ``Tracker``
    (``keras/src/utils/tracking.py``); then ``KerasAutoTrackable`` (``keras/src/backend/tensorflow/trackable.py``) and
    ``AutoTrackable`` (``tensorflow/python/trackable/autotrackable.py``) ask whether it is there already, and whether
    TensorFlow tracks it (``tensorflow/python/trackable/data_structures.py``).  For a value of a type that none of them
    looks for, and for a tuple of such values, which the tracker makes anew, ``object.__setattr__`` is all that happens.

    The tracker makes its own of a list, a dictionary and a set, which looks through what is in it and skips such
    values; the layer notes under which names they are, and for TensorFlow they are nothing to track.

    Anything else goes Keras's way: other values, properties that are not Keras's, classes that access attributes in
    ways of their own; and everything when Keras or TensorFlow do more than is known here.
    """
    import keras
    from keras.src.backend.tensorflow import trackable
    from keras.src.utils import tracking
    from tensorflow.python.trackable import autotrackable, base, data_structures

    as_keras_does = keras.Layer.__setattr__
    setters = (keras.Layer, trackable.KerasAutoTrackable, autotrackable.AutoTrackable, object)
    involved = (
        *(cls.__setattr__ for cls in setters[:-1]),
        keras.Layer._setattr_hook,
        tracking.Tracker.track,
        trackable.sticky_attribute_assignment,
        data_structures.sticky_attribute_assignment,
        data_structures.wrap_or_unwrap,
    )
    stores = set(keras.Layer(name="any")._tracker.config)
    if not (all(set(function.__code__.co_names) <= _SETTING for function in involved) and stores <= _STORES):
        return
    tracked = (
        *(keras.Variable, keras.metrics.Metric, keras.Layer, keras.random.SeedGenerator),
        *(tuple, list, dict, set, base.Trackable, data_structures.NoDependency),
    )

    @functools.cache
    def is_untracked(kind: Any) -> bool:
        """Whether nobody looks for values of a type."""
        return not issubclass(kind, tracked) and _attribute_of(kind, "__class__") is vars(object)["__class__"]

    @functools.cache
    def is_plain(kind: Any, name: str) -> bool:
        """Whether setting an attribute of a layer's class means setting it, and getting it has no effect."""
        overriding = [cls for cls in kind.__mro__ if "__setattr__" in vars(cls)]
        found = _attribute_of(kind, name)
        return (
            overriding[-len(setters) :] == list(setters)
            and kind._setattr_hook is keras.Layer._setattr_hook
            and kind.__getattribute__ is object.__getattribute__
            and not hasattr(kind, "__getattr__")
            and (
                (found is not None and found is own_properties.get(name))
                or isinstance(found, FunctionType)
                or not (hasattr(type(found), "__get__") or hasattr(type(found), "__set__"))
            )
        )

    own_properties = {name: found for name, found in vars(keras.Layer).items() if isinstance(found, property)}
    containers = {list: tracking.TrackedList, dict: tracking.TrackedDict, set: tracking.TrackedSet}

    @functools.wraps(as_keras_does)
    def set_attribute(self: Any, name: str, value: Any) -> None:
        kind: Any = type(value)
        owner: Any = type(self)
        container = containers.get(kind)
        if container and not tracking.is_tracking_enabled():
            untracked, container = not getattr(self, "_self_setattr_tracking", True), None
        else:
            untracked = all(map(is_untracked, map(type, value))) if kind is tuple else container or is_untracked(kind)
        plain = untracked and is_plain(owner, name)
        tracker = getattr(self, "_tracker", None)
        if plain and tracker is None and name != "_tracker":
            self._initialize_tracker()
            tracker = self._tracker
        if not plain or (type(tracker) is not tracking.Tracker and name != "_tracker"):
            as_keras_does(self, name, value)
        elif container and name != "_tracker":
            value = container(value, tracker)
            if getattr(self, "_self_setattr_tracking", True) and hasattr(self, "_tracked"):
                self._tracked.append(name)
            object.__setattr__(self, name, value)
        else:
            if kind is tuple and tracking.is_tracking_enabled():
                value = (*value,)
            if getattr(self, name, self) is not value:
                object.__setattr__(self, name, value)

    keras.Layer.__setattr__ = set_attribute
    track_as_keras_does = tracking.Tracker.track

    @functools.wraps(track_as_keras_does)
    def track(self: Any, attr: Any) -> Any:
        kind: Any = type(attr)
        if is_untracked(kind) and self.config.keys() <= _STORES:
            return attr
        return track_as_keras_does(self, attr)

    tracking.Tracker.track = track


_STORES = frozenset({"trainable_variables", "non_trainable_variables", "metrics", "layers", "seed_generators"})
"""What the tracker of a layer looks for (``_initialize_tracker`` in ``keras/src/layers/layer.py``)."""

_SETTING = frozenset({
    "AttributeError", "AutoTrackable", "ListWrapper", "NoDependency", "OrderedDict", "Trackable", "TrackedDict",
    "TrackedList", "TrackedOrderedDict", "TrackedSet", "_DictWrapper", "_TupleWrapper", "__class__", "__internal__",
    "__setattr__", "_asdict", "_initialize_tracker", "_setattr_hook", "_should_wrap_tuple", "_track_trackable",
    "_tracked", "_tracker", "add_to_store", "append", "backend", "base", "collections", "config", "data_structures",
    "dict", "exclusions", "getattr", "hasattr", "is_in_store", "is_nnx_enabled", "is_tracking_enabled", "isinstance",
    "items", "list", "object", "set", "sticky_attribute_assignment", "super", "tf", "track", "tracking", "tuple",
    "type", "value", "wrap_or_unwrap",
})  # fmt: skip
"""The names in the code that setting an attribute of a layer runs through; other code has other names."""


def _attribute_of(kind: Any, name: str) -> Any:
    """Return what a class has under a name, itself or from its bases, without asking descriptors."""
    return next((vars(cls)[name] for cls in kind.__mro__ if name in vars(cls)), None)


def symbolic_calls(layer: Any) -> list[Any]:
    """Return the calls of a layer on symbolic tensors (``_inbound_nodes`` in ``keras/src/ops/operation.py``)."""
    return list(layer._inbound_nodes)


def producer(tensor: Any) -> Any | None:
    """Return the node that a symbolic tensor comes out of, ``None`` for one that nothing made."""
    history = getattr(tensor, "_keras_history", None)
    if history is None or history.operation is None:
        return None
    return history.operation._inbound_nodes[history.node_index]


def build_shapes(layer: Any) -> Any:
    """Return the shapes that a layer was built with (``get_build_config`` in ``keras/src/layers/layer.py``)."""
    return getattr(layer, "_build_shapes_dict", None)


def forget_uninitialized_variables() -> None:
    """Empty the list of variables to initialise at the next chance (``keras/src/backend/common/variables.py``)."""
    from keras.src.backend.common import global_state

    global_state.set_global_attribute("uninitialized_variables", [])


NOT_OPERATIONS = frozenset({
    "all_random_seeds", "any_symbolic_tensors", "cast", "cast_to_variable", "compute_output_spec", "convert_to_numpy",
    "convert_to_tensor", "cudnn_ok", "custom_gradient", "device_scope", "dtype", "draw_seed", "is_float_dtype",
    "is_int_dtype", "is_nested", "is_tensor", "name_scope", "random_seed_dtype", "result_type", "shape", "size_of",
    "standardize_data_format", "standardize_dtype", "standardize_shape", "stop_gradient", "tf_draw_seed",
})  # fmt: skip
"""Functions beside the operations in the same modules, and conversions, which a drawing leaves out."""


def operation_functions() -> dict[Callable[..., Any], tuple[str, str]]:
    """Return every function that computes tensors, with the name and module under which users know it.

    ``keras.ops`` and ``keras.random`` call the backend's functions of the same names
    (``keras/src/backend/tensorflow/{numpy,nn,core,math,image,linalg,random}.py``), and some layers call those directly.
    """
    import inspect

    import keras
    from keras.src import backend

    functions: dict[Callable[..., Any], tuple[str, str]] = {}
    public: list[tuple[Any, str]] = [
        (keras.ops, "keras.ops"),
        (keras.ops.image, "keras.ops.image"),
        (keras.random, "keras.random"),
    ]
    known: dict[str, str] = {}
    for module, name in public:
        for attribute, function in sorted(vars(module).items()):
            if inspect.isfunction(function) and attribute not in NOT_OPERATIONS and not attribute.startswith("_"):
                functions.setdefault(function, (attribute, name))
                known.setdefault(attribute, name)
    for module in ("numpy", "nn", "core", "math", "image", "linalg", "random"):
        for attribute, function in sorted(vars(getattr(backend, module)).items()):
            ours = getattr(function, "__module__", "").startswith("keras.src.backend.")
            if inspect.isfunction(function) and ours and attribute in known and attribute not in NOT_OPERATIONS:
                functions.setdefault(function, (attribute, known[attribute]))
    return functions


@contextlib.contextmanager
def intercepted(
    *,
    layer_call: Callable[..., Any],
    operation_call: Callable[..., Any],
    mask_computation: Callable[..., Any],
) -> Iterator[None]:
    """Put wrappers around what Keras runs when a layer or operation is called.

    Each wrapper takes the original and returns its replacement.  ``layer_call`` goes around ``Layer.__call__``,
    ``operation_call`` around ``Operation.__call__``, ``mask_computation`` around ``Layer._set_mask_metadata``
    (``keras/src/layers/layer.py``, ``keras/src/ops/operation.py``).  Rematerialised calls run as they are, since
    ``tf.recompute_grad`` hides what they do (``rematerialized_call``).
    """
    import keras

    def as_it_is(_: Any, function: Callable[..., Any], *__: Any, **___: Any) -> Callable[..., Any]:
        return function

    with contextlib.ExitStack() as patches:
        for owner, name, value in (
            (keras.Layer, "__call__", layer_call(keras.Layer.__call__)),
            (keras.Operation, "__call__", operation_call(keras.Operation.__call__)),
            (keras.Layer, "_set_mask_metadata", mask_computation(keras.Layer._set_mask_metadata)),
            (keras.Operation, "rematerialized_call", as_it_is),
            (keras.Layer, "rematerialized_call", as_it_is),
        ):
            patches.enter_context(_attribute(owner, name, value))
        yield


def attribute_replaced(owner: Any, name: str, value: Any) -> contextlib.AbstractContextManager[None]:
    """Set an attribute for a while; one that was inherited is inherited again afterwards."""
    return _attribute(owner, name, value)


@contextlib.contextmanager
def rebound(functions: Mapping[Callable[..., Any], Callable[..., Any]]) -> Iterator[None]:
    """Replace functions wherever a module holds them, in Keras and in whatever imported them by name.

    Unlike :func:`diverted` this works for decorated functions, of which the backend has many.
    """
    _rebind({id(function): stand_in for function, stand_in in functions.items()})
    try:
        yield
    finally:
        _rebind({id(stand_in): function for function, stand_in in functions.items()})


_LARGE = frozenset({"tensorflow", "numpy", "google", "h5py", "ml_dtypes"})
"""Packages that hold no function of Keras; looking would cost a forked process a copy of their memory."""


def _rebind(by_identity: Mapping[int, Any]) -> None:
    for package, module in list(sys.modules.items()):
        names = getattr(module, "__dict__", None)
        if isinstance(names, dict) and package.partition(".")[0] not in _LARGE:
            for name, value in list(names.items()):
                if id(value) in by_identity:
                    names[name] = by_identity[id(value)]
