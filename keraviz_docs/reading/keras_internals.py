"""Everything that Keras does not offer in public, in one place; each use names the Keras file that it mirrors."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any


class WeightsNeeded(BaseException):
    """A weight's value was asked for while building without weights.

    Not an ``Exception``, so that no ``except Exception`` of the builder swallows it.
    """


class WeightlessBuild:
    """What was observed during a build without weights."""

    def __init__(self) -> None:
        self.values_read = False
        """Whether a made-up value stood in for a random one outside shape inference."""


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
                _attribute(keras.Variable, reader, _refusing_made_up_values(getattr(keras.Variable, reader)))
            )
        for method in (*_USING_VALUES, *_WRITING):
            patches.enter_context(_attribute(keras.Model, method, _needing_weights(method)))
        patches.enter_context(
            replaced({getattr(keras.saving, name): _needing_weights(name) for name in ("save_model", "save_weights")})
        )
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

    def __call__(self, shape: Any, dtype: Any = None, **_: Any) -> Any:
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


def _refusing_made_up_values(read: Callable[..., Any]) -> Callable[..., Any]:
    def refusing(self: Any, *args: Any, **kwargs: Any) -> Any:
        from keras.src.backend.common.stateless_scope import get_stateless_scope

        scope = get_stateless_scope()
        assigned = scope is not None and scope.get_current_value(self) is not None
        if self._value is None and isinstance(self._initializer, _Zeros) and not assigned:
            raise WeightsNeeded(f"the value of `{self.path}`")
        return read(self, *args, **kwargs)

    return refusing


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


@contextlib.contextmanager
def replaced(functions: Mapping[Callable[..., Any], Callable[..., Any]]) -> Iterator[None]:
    """Replace functions wherever a module holds them, also under ``from keras.utils import get_file``.

    Keras binds a public function in several modules (``keras.utils``, ``keras.src.utils.file_utils``, …), and so do
    those who import it.
    """
    _rebind({id(function): stand_in for function, stand_in in functions.items()})
    try:
        yield
    finally:
        _rebind({id(stand_in): function for function, stand_in in functions.items()})


def _rebind(by_identity: Mapping[int, Any]) -> None:
    for module in list(sys.modules.values()):
        names = getattr(module, "__dict__", None)
        if not isinstance(names, dict):
            continue
        for name, value in list(names.items()):
            if id(value) in by_identity:
                names[name] = by_identity[id(value)]


def forget_automatic_names() -> None:
    """Number automatic names from the start again (``reset_uids`` in ``keras/src/utils/naming.py``)."""
    from keras.src.utils.naming import reset_uids

    reset_uids()
