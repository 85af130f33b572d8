"""Each private part of Keras that reading uses, on its own: what fails here has changed in Keras."""

from __future__ import annotations

import warnings
from typing import Any

import keras
import pytest
import tensorflow as tf
from keras import layers, ops

from keraviz_docs.reading import keras_internals as internals


class Own(keras.Model):
    def call(self, x: Any) -> Any:
        return x


@pytest.fixture
def model() -> keras.Model:
    x = keras.Input((4,), name="x")
    hidden = layers.Dense(3, name="hidden")
    y = hidden(x)
    return keras.Model({"x": x}, {"out": layers.Add(name="sum")([y, hidden(x), y * 2.0])})


def test_snake_case_is_that_of_automatic_names() -> None:
    for cls in (
        layers.Conv2DTranspose,
        layers.LSTM,
        layers.MultiHeadAttention,
        layers.ReLU,
        layers.GlobalAveragePooling2D,
    ):
        arguments = {layers.Conv2DTranspose: (1, 1), layers.LSTM: (1,), layers.MultiHeadAttention: (1, 1)}.get(cls, ())
        keras.backend.clear_session()
        assert internals.snake_case(cls.__name__) == cls(*arguments).name


def test_the_graph_of_functional_and_sequential_models_is_found(model: keras.Model) -> None:
    assert internals.functional_graph(model) is model
    built = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    assert internals.functional_graph(built) is not None
    assert internals.functional_graph(keras.Sequential([layers.Dense(1)])) is None
    assert internals.functional_graph(Own()) is None


def test_graph_calls_are_all_calls_in_an_order_that_can_be_executed(model: keras.Model) -> None:
    calls = internals.graph_calls(model)
    assert sorted(node.operation.name for node in calls) == ["hidden", "hidden", "multiply", "sum"]
    known = {id(tensor) for tensor in model.inputs}
    for node in calls:
        assert {id(tensor) for tensor in node.input_tensors} <= known
        known |= {id(tensor) for tensor in node.outputs}


def test_calls_of_another_model_are_not_in_the_graph() -> None:
    shared = layers.Dense(2, name="shared")
    first, second = keras.Input((4,)), keras.Input((4,))
    keras.Model(first, shared(first))
    model = keras.Model(second, shared(second))
    assert len(internals.graph_calls(model)) == 1


def test_structures_of_inputs_and_outputs_are_as_they_were_given(model: keras.Model) -> None:
    assert list(internals.input_structure(model)) == ["x"]
    assert list(internals.output_structure(model)) == ["out"]
    assert internals.graph_of_inputs(model) is model
    assert internals.graph_of_inputs(Own()) is None


def test_a_symbolic_tensor_knows_its_producer(model: keras.Model) -> None:
    source, last = internals.input_layer(model.inputs[0]), internals.producer(model.outputs[0])
    assert source is not None
    assert source.name == "x"
    assert last is not None
    assert last.operation.name == "sum"
    assert internals.producer(keras.KerasTensor((None, 2))) is None


def test_sublayers_are_direct_and_all_sublayers_are_not() -> None:
    inner = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    outer = layers.TimeDistributed(inner)
    assert internals.sublayers(outer) == [inner]
    assert {type(layer) for layer in internals.all_sublayers(outer)} >= {keras.Sequential, layers.Dense}


def test_own_variables_are_weights_without_seeds() -> None:
    norm = layers.BatchNormalization()
    norm.build((None, 3))
    assert [variable.name for variable in internals.own_variables(norm)] == [
        "gamma",
        "beta",
        "moving_mean",
        "moving_variance",
    ]
    assert internals.own_variables(layers.Dropout(0.5)) == []


def test_a_random_seed_is_recognised() -> None:
    assert internals.is_random_seed(keras.random.SeedGenerator(1).state)
    dense = layers.Dense(1)
    dense.build((None, 1))
    assert not internals.is_random_seed(dense.kernel)


def test_masks_travel_with_tensors() -> None:
    tensor = tf.ones((2, 3))
    assert internals.keras_mask(tensor) is None
    internals.set_keras_mask(tensor, "mask")
    assert internals.keras_mask(tensor) == "mask"
    embedded = layers.Embedding(5, 2, mask_zero=True)(keras.Input((None,), dtype="int32"))
    assert isinstance(internals.keras_mask(embedded), keras.KerasTensor)


def test_arguments_of_call_are_known() -> None:
    assert internals.takes_training(layers.Dropout(0.5))
    assert not internals.takes_training(layers.Flatten())
    assert internals.takes_mask(layers.LSTM(1))
    assert not internals.takes_mask(layers.Flatten())


def test_symbolic_calls_and_build_shapes_are_remembered() -> None:
    called = layers.Dense(1)
    called(keras.Input((3,)))
    (node,) = internals.symbolic_calls(called)
    assert node.arguments.args[0].shape == (None, 3)
    built = Own()
    built.build((None, 3))
    assert list(internals.build_shapes(built).values()) == [(None, 3)]


def test_shape_inference_happens_in_graphs_that_do_not_count() -> None:
    graph = tf.__internal__.FuncGraph("ours")
    seen: list[bool] = []

    class Looks(layers.Layer):
        def call(self, x: Any) -> Any:
            seen.append(internals.belongs_to(graph, tf.compat.v1.get_default_graph()))
            return x

    with graph.as_default():
        Looks()(keras.Input((2,)))
        assert internals.belongs_to(graph, tf.compat.v1.get_default_graph())
        with tf.__internal__.FuncGraph("inner").as_default():
            assert internals.belongs_to(graph, tf.compat.v1.get_default_graph())
    assert seen == [False]
    assert not internals.belongs_to(graph, tf.compat.v1.get_default_graph())


def test_a_stateless_build_leaves_no_variables_to_initialise() -> None:
    with keras.StatelessScope(initialize_variables=False):
        dense = layers.Dense(3)
        dense.build((None, 4))
    internals.forget_uninitialized_variables()
    with keras.StatelessScope():
        pass
    assert dense.kernel._value is None


def test_every_operation_of_the_public_namespaces_is_known() -> None:
    functions = internals.operation_functions()
    assert functions[ops.matmul] == ("matmul", "keras.ops")
    assert functions[ops.image.resize] == ("resize", "keras.ops.image")
    assert functions[keras.random.normal] == ("normal", "keras.random")
    from keras.src import backend

    assert functions[backend.numpy.add] == ("add", "keras.ops")
    assert functions[backend.nn.relu] == ("relu", "keras.ops")
    names = {name for name, _ in functions.values()}
    assert not names & internals.NOT_OPERATIONS


def test_functions_are_replaced_wherever_they_are_held_and_put_back() -> None:
    import keras.src.ops.numpy as implementation

    original = ops.add
    with internals.rebound({original: lambda *_: "replaced"}):
        assert ops.add(1, 2) == implementation.add(1, 2) == "replaced"
    assert ops.add is implementation.add is original


def test_calls_are_intercepted_and_put_back() -> None:
    seen: list[str] = []

    def around(label: str) -> Any:
        def wrap(original: Any) -> Any:
            def call(self: Any, *args: Any, **kwargs: Any) -> Any:
                seen.append(f"{label} {type(self).__name__}")
                return original(self, *args, **kwargs)

            return call

        return wrap

    before = keras.Layer.__call__, keras.Operation.__call__
    with internals.intercepted(
        layer_call=around("layer"), operation_call=around("operation"), mask_computation=around("mask")
    ):
        layers.Embedding(5, 2, mask_zero=True)(tf.ones((1, 2), "int32"))
    assert seen == ["layer Embedding", "operation Embedding", "mask Embedding"]
    assert (keras.Layer.__call__, keras.Operation.__call__) == before


def test_rematerialised_calls_run_as_they_are_while_intercepted() -> None:
    with keras.RematScope(mode="full"):
        dense = layers.Dense(2)
    passed = {"layer_call": lambda f: f, "operation_call": lambda f: f, "mask_computation": lambda f: f}
    with internals.intercepted(**passed):
        assert dense.rematerialized_call(dense.call) == dense.call


def test_saved_variables_leave_out_what_compile_adds() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
        before = internals.saved_variables(model)
        model.compile("adam", "mse", metrics=["mae"])
        model.optimizer.build(model.trainable_variables)
        assert internals.saved_variables(model) == before
    (saved,) = before
    assert saved == (("layers/dense",), model.layers[0], ((4, 2), (2,)), False)
