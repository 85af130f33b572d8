"""A builder gives a model without a weight being allocated; what it does wrong is said in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keraviz_docs.outcome import Failure, Reading

Zoo = Callable[[dict[str, str]], Path]
Run = Callable[..., Any]


def nets(body: str) -> dict[str, str]:
    return {"nets.py": "import keras\nfrom keras import layers, ops\n\n" + body}


DENSE = """
def dense(units=4):
    inputs = keras.Input((3,))
    return keras.Model(inputs, layers.Dense(units)(inputs))
"""


def plain(reading: Reading) -> bool:
    return any("Built with its weights" in notice.text for notice in reading.architecture.notices)


# Without weights


def test_no_weight_is_allocated(run: Run) -> None:
    megabytes, values, parameters = run(
        """
        import gc, keras
        from keraviz_docs.manifest.entries import Limits
        from keraviz_docs.reading import graph
        models = []
        describe = graph.architecture_of
        graph.architecture_of = lambda model, **options: (models.append(model), describe(model, **options))[1]
        # A first reading pays for what TensorFlow loads on its first use.
        small = ModelEntry(id="vgg", target=BuilderTarget("keras.applications", "MobileNet"))
        large = ModelEntry(id="vgg", target=BuilderTarget("keras.applications", "VGG19"))
        reading.read(small, Path("."))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        outcome = reading.read(large, Path("."))
        growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        values = [variable.path for variable in models[-1].variables if variable._value is not None]
        result = growth, values, outcome.architecture.totals.parameters
        """
    )
    assert parameters == 143_667_240  # 548 MiB of float32
    assert values == []
    assert megabytes < 60


def test_nothing_is_allocated_after_the_reading_either(zoo: Zoo, run: Run) -> None:
    pending = run(
        """
        from keras.src.backend.common import global_state
        reading.read(ModelEntry(id="net", target=BuilderTarget("nets", "dense")), project)
        result = global_state.get_global_attribute("uninitialized_variables")
        """,
        project=zoo(nets(DENSE)),
    )
    assert not pending


def test_keras_is_as_before_after_a_reading(zoo: Zoo, run: Run) -> None:
    same = run(
        """
        import keras
        from keras.src.backend.common.variables import Variable
        def state():
            return [Variable.__init__, keras.Variable.numpy, keras.Model.fit, keras.Model.load_weights,
                    keras.Model.save, keras.utils.get_file, keras.saving.load_model, keras.saving.save_model,
                    list(sys.path)]
        before = state()
        reading.read(ModelEntry(id="net", target=BuilderTarget("nets", "dense")), project)
        after = state()
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        result = before == after and "fit" not in vars(keras.Model) and model.get_weights()[0].shape == (3, 2)
        """,
        project=zoo(nets(DENSE)),
    )
    assert same


def test_importing_reading_imports_neither_keras_nor_tensorflow() -> None:
    import subprocess
    import sys

    code = "import sys, keraviz_docs.reading; sys.exit('keras' in sys.modules or 'tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_keras_is_read_with_tensorflow_whatever_the_zoo_trains_with(zoo: Zoo) -> None:
    import os
    import subprocess
    import sys

    project = zoo(nets(DENSE))
    code = f"""
from pathlib import Path
from keraviz_docs import reading
from keraviz_docs.manifest.entries import BuilderTarget, ModelEntry
outcome = reading.read(ModelEntry(id="net", target=BuilderTarget("nets", "dense")), Path({str(project)!r}))
assert type(outcome).__name__ == "Reading", outcome
"""
    environment = {**os.environ, "KERAS_BACKEND": "jax", "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    assert subprocess.run([sys.executable, "-c", code], check=False, env=environment).returncode == 0


@pytest.mark.parametrize(
    "compiling",
    [
        'model.compile("adam", "mse", metrics=["mae"])',
        "model.compile(keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(0.1, 100)), 'mse')",
        'model.compile("lion", "mse"); model.optimizer.build(model.trainable_variables)',
        'model.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1, momentum=0.9)), "mse")',
        'model.compile("sgd", "mse"); assert abs(float(model.optimizer.learning_rate) - 0.01) < 1e-6',
        'model.compile("sgd", "mse"); assert int(model.optimizer.iterations) == 0',
    ],
)
def test_builders_that_compile_are_built_without_weights(
    zoo: Zoo, reading_of: Callable[..., Reading], compiling: str
) -> None:
    project = zoo(nets(DENSE + f"\ndef compiled():\n    model = dense()\n    {compiling}\n    return model\n"))
    reading = reading_of(project, "nets:compiled")
    assert reading.architecture.totals.parameters == 16
    assert not plain(reading)


def test_variables_made_from_values_keep_shape_dtype_and_value(zoo: Zoo, reading_of: Callable[..., Reading]) -> None:
    project = zoo(
        nets(
            """
import numpy as np

class Scale(layers.Layer):
    def __init__(self):
        super().__init__()
        self.factor = keras.Variable(np.arange(3, dtype="float16"), name="factor")
        self.count = keras.Variable(2, trainable=False, name="count")
        assert self.factor.numpy().tolist() == [0, 1, 2]
        assert int(self.count) == 2
        assert self.factor.shape == (3,)

    def call(self, inputs):
        return inputs * ops.cast(self.factor, inputs.dtype) * ops.cast(self.count, inputs.dtype)

def scaled():
    return keras.Sequential([keras.Input((3,)), Scale()])
"""
        )
    )
    reading = reading_of(project, "nets:scaled")
    weights = reading.architecture.nodes[-1].weights
    assert [(weight.name, weight.shape, weight.dtype, weight.trainable) for weight in weights] == [
        ("factor", (3,), "float16", True),
        ("count", (), "int32", False),
    ]
    assert not plain(reading)


def test_a_constructor_that_runs_a_forward_pass_stays_cheap(zoo: Zoo, run: Run) -> None:
    # Orthogonal initialisation of this size takes minutes; zeros take none.
    outcome = run(
        """
        outcome = reading.read(ModelEntry(id="net", target=BuilderTarget("nets", "eager")), project)
        result = outcome
        """,
        project=zoo(
            nets(
                """
def eager():
    model = keras.Sequential([keras.Input((4000,)), layers.Dense(4000, kernel_initializer="orthogonal")])
    model(ops.ones((1, 4000)))
    model(ops.ones((1, 4000)))
    return model
"""
            )
        ),
    )
    assert isinstance(outcome, Reading)
    assert not plain(outcome)


def test_initial_values_that_are_not_random_are_true(zoo: Zoo, reading_of: Callable[..., Reading]) -> None:
    project = zoo(
        nets(
            """
class Deep(layers.Layer):
    def __init__(self):
        super().__init__()
        self.depth = self.add_weight(shape=(), initializer=keras.initializers.Constant(3), name="depth")
        self.inner = [layers.Dense(2) for _ in range(int(self.depth))]

    def call(self, x):
        for layer in self.inner:
            x = layer(x)
        return x

def deep():
    return keras.Sequential([keras.Input((2,)), Deep()])
"""
        )
    )
    reading = reading_of(project, "nets:deep")
    assert sum(node.class_name == "Dense" for node in reading.architecture.nodes) == 3
    assert not plain(reading)


@pytest.mark.parametrize(
    "preparing",
    [
        "layer = layers.Normalization(); layer.adapt(np.arange(12.0).reshape(4, 3)); assert layer.mean.shape == (1, 3)",
        "layers.StringLookup(vocabulary=['a', 'b'])",
        "layer = layers.TextVectorization(); layer.adapt(['a b', 'b c']); assert layer.vocabulary_size() == 5",
        "layers.Discretization(num_bins=3).adapt(np.arange(12.0))",
        "keras.utils.set_random_seed(3)",
        "keras.config.set_dtype_policy('mixed_float16')",
    ],
)
def test_builders_that_prepare_data_are_built_without_weights(
    zoo: Zoo, reading_of: Callable[..., Reading], preparing: str
) -> None:
    project = zoo(nets(DENSE + f"\nimport numpy as np\n\ndef prepared():\n    {preparing}\n    return dense()\n"))
    assert not plain(reading_of(project, "nets:prepared"))


@pytest.mark.parametrize(
    ("changing", "dtypes"),
    [
        ("model.quantize('int8')", {"int8", "float32"}),
        ("model.layers[-1].enable_lora(2)", {"float32"}),
        ("model = keras.models.clone_model(model)", {"float32"}),
        ("model = keras.models.model_from_json(model.to_json())", {"float32"}),
        ("model.trainable = False", {"float32"}),
    ],
)
def test_models_that_are_changed_after_they_were_made_are_built_without_weights(
    zoo: Zoo, reading_of: Callable[..., Reading], changing: str, dtypes: set[str]
) -> None:
    project = zoo(nets(DENSE + f"\ndef changed():\n    model = dense()\n    {changing}\n    return model\n"))
    reading = reading_of(project, "nets:changed")
    assert {weight.dtype for node in reading.architecture.nodes for weight in node.weights} == dtypes
    assert not plain(reading)


# With weights, where a value is needed

READS_ITS_WEIGHT = """
class Pruned(layers.Layer):
    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 8), initializer="random_normal", name="kernel")
        kept = int((abs(self.kernel.numpy()) > 0).sum())
        assert kept > 0
        self.inner = layers.Dense(kept)

    def call(self, inputs):
        return self.inner(ops.matmul(inputs, self.kernel))

def pruned():
    return keras.Sequential([keras.Input((3,)), Pruned()])
"""


def test_a_layer_that_reads_a_random_weight_gets_it_and_this_is_announced(
    zoo: Zoo, reading_of: Callable[..., Reading]
) -> None:
    reading = reading_of(zoo(nets(READS_ITS_WEIGHT)), "nets:pruned")
    assert reading.architecture.notices[0].path == ""
    assert reading.architecture.notices[0].text.startswith(
        "Built with its weights: the value of `sequential/pruned/kernel`"
    )
    dense = next(node for node in reading.architecture.nodes if node.class_name == "Dense")
    assert dense.outputs[0].shape == (None, 24)


def test_a_model_made_on_import_has_weights_in_the_second_build(zoo: Zoo, reading_of: Callable[..., Reading]) -> None:
    project = zoo(
        nets(
            DENSE
            + """
backbone = dense()

def trained():
    backbone.compile("sgd", "mse")
    backbone.fit(ops.ones((2, 3)), ops.ones((2, 4)), verbose=0)
    return backbone
"""
        )
    )
    assert plain(reading_of(project, "nets:trained"))


def test_names_are_the_same_after_the_second_build(zoo: Zoo, reading_of: Callable[..., Reading]) -> None:
    reading = reading_of(zoo(nets(READS_ITS_WEIGHT)), "nets:pruned")
    assert reading.architecture.model.name == "sequential"


@pytest.mark.parametrize(
    "using",
    [
        "model.fit(np.ones((4, 3)), np.ones((4, 4)), epochs=1, verbose=0)",
        "model.predict(np.ones((4, 3)), verbose=0)",
        "model.train_on_batch(np.ones((4, 3)), np.ones((4, 4)))",
        "assert any(abs(weight).sum() > 0 for weight in model.get_weights())",
    ],
)
def test_builders_that_train_or_evaluate_are_built_with_weights(
    zoo: Zoo, reading_of: Callable[..., Reading], using: str
) -> None:
    project = zoo(
        nets(
            DENSE
            + f"""
import numpy as np

def used():
    model = dense()
    model.compile("sgd", "mse")
    {using}
    return model
"""
        )
    )
    reading = reading_of(project, "nets:used")
    assert plain(reading)
    assert reading.architecture.totals.parameters == 16


def test_a_builder_that_saves_saves_true_weights(zoo: Zoo, reading_of: Callable[..., Reading]) -> None:
    project = zoo(
        nets(
            DENSE
            + """
from pathlib import Path

def saved():
    model = dense()
    model.save_weights(Path(__file__).parent / "net.weights.h5")
    return model
"""
        )
    )
    assert plain(reading_of(project, "nets:saved"))
    import h5py  # type: ignore[import-untyped]  # it has no stubs

    with h5py.File(project / "net.weights.h5") as file:
        assert abs(file["layers/dense/vars/0"][()]).sum() > 0


def test_an_exception_of_the_builder_is_no_reason_to_build_twice(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    project = zoo(
        nets(
            """
from pathlib import Path

def broken():
    with Path(__file__).with_name("calls").open("a") as calls:
        calls.write("x")
    raise ValueError("not today")
"""
        )
    )
    failure = failure_of(project, "nets:broken")
    assert failure.message == "`nets:broken` raised ValueError: not today"
    assert (project / "calls").read_text() == "x"


def test_when_a_build_with_weights_fails_too_that_is_what_is_told(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    project = zoo(
        nets(
            """
def broken():
    layer = layers.Dense(3)
    layer.build((None, 2))
    largest = abs(layer.kernel.numpy()).max()
    raise ValueError("zero" if largest == 0 else "a true weight")
"""
        )
    )
    assert failure_of(project, "nets:broken").message == "`nets:broken` raised ValueError: a true weight"


# What a builder does wrong


@pytest.mark.parametrize(
    ("returned", "what", "advice"),
    [
        ("None", "nothing (None)", " Is a `return model` missing at its end?"),
        ("(dense(), 3)", "a tuple of Functional, int", " Name a function that returns one of them."),
        ("{'model': dense()}", "a dict", " Name a function that returns one of them."),
        ("(1, 2)", "a tuple of int, int", ""),
        ("layers.Dense(3)", "the layer Dense", " Wrap it: `keras.Sequential([keras.Input(shape), layer])`."),
        ("dense().output", "a KerasTensor", " Wrap it: `keras.Model(inputs, outputs)`."),
        ("keras.Sequential", "the class Sequential", " Return an instance of it."),
        ("'model.keras'", "a str", ""),
        (
            "__import__('tensorflow').Module()",
            "a tensorflow.python.module.module.Module",
            " It is a tf.Module; only Keras 3 can be read.",
        ),
    ],
)
def test_whatever_else_is_returned_is_named(
    zoo: Zoo, failure_of: Callable[..., Failure], returned: str, what: str, advice: str
) -> None:
    failure = failure_of(zoo(nets(DENSE + f"\ndef other():\n    return {returned}\n")), "nets:other")
    assert failure.kind == "wrong-return"
    assert failure.message == f"`nets:other` returned {what} instead of a keras.Model.{advice}"


def test_models_of_other_frameworks_are_named(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    # The packages themselves need not be installed: what counts is where a class says that it comes from.
    classes = """
def pretending(module, name):
    return type(name, (type(name, (), {"__module__": module}),), {"__module__": "zoo"})()

def torch_module(): return pretending("torch.nn.modules.module", "Module")
def keras_2_model(): return pretending("tf_keras.src.engine.training", "Model")
"""
    project = zoo(nets(classes))
    assert failure_of(project, "nets:torch_module").message.endswith(
        "It is a PyTorch module; only Keras 3 can be read."
    )
    assert failure_of(project, "nets:keras_2_model").message.endswith(
        "It comes from tf_keras (Keras 2); only Keras 3 can be read."
    )


UNBUILT = """
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(4)

    def call(self, inputs):
        return self.dense(inputs)

def open_sequential():
    return keras.Sequential([layers.Dense(4)])
"""


def test_a_subclassed_model_without_inputs_is_told_how_to_give_them(
    zoo: Zoo, failure_of: Callable[..., Failure]
) -> None:
    failure = failure_of(zoo(nets(UNBUILT)), "nets:Net")
    assert failure.kind == "unbuilt"
    assert failure.message == (
        "`nets:Net` returned a Net that does not know its input. Call it once in the builder "
        "(`model(keras.Input(shape))`), or add `inputs` to the entry, without the batch: "
        "`inputs: {shape: [224, 224, 3]}`."
    )


def test_a_sequential_without_inputs_is_told_how_to_give_them(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    failure = failure_of(zoo(nets(UNBUILT)), "nets:open_sequential")
    assert failure.kind == "unbuilt"
    assert "Start it with keras.Input(shape), or add `inputs`" in failure.message


@pytest.mark.parametrize("target", ["nets:Net", "nets:open_sequential"])
def test_with_inputs_it_is_built(zoo: Zoo, reading_of: Callable[..., Reading], target: str) -> None:
    reading = reading_of(zoo(nets(UNBUILT)), target, inputs={"shape": [3]})
    assert reading.architecture.totals.parameters == 16
    assert reading.architecture.inputs[0].shape == (None, 3)
    assert not plain(reading)


@pytest.mark.parametrize("knowing", ["model(keras.Input((3,)))", "model(ops.ones((2, 3)))", "model.build((None, 3))"])
def test_a_subclassed_model_that_was_called_or_built_knows_its_input(
    zoo: Zoo, reading_of: Callable[..., Reading], knowing: str
) -> None:
    project = zoo(nets(UNBUILT + f"\ndef known():\n    model = Net()\n    {knowing}\n    return model\n"))
    assert reading_of(project, "nets:known").architecture.totals.parameters == 16


@pytest.mark.parametrize("inputs", [{"shape": "3"}, {"shape": [3], "dtipe": "int32"}, {"shape": [3], "dtype": "int33"}])
def test_inputs_that_are_none_are_the_manifests_mistake(
    zoo: Zoo, failure_of: Callable[..., Failure], inputs: dict[str, Any]
) -> None:
    failure = failure_of(zoo(nets(UNBUILT)), "nets:Net", inputs=inputs)
    assert failure.kind == "inputs"
    assert failure.message.startswith("nets:Net: `inputs")


def test_a_chain_of_two_thousand_operations_is_read(zoo: Zoo, reading_of: Callable[..., Reading]) -> None:
    project = zoo(
        nets(
            """
def chain():
    x = inputs = keras.Input((3,))
    for _ in range(2000):
        x = x + 1
    return keras.Model(inputs, x)
"""
        )
    )
    assert len(reading_of(project, "nets:chain").architecture.nodes) == 2001


def test_the_same_builder_gives_the_same_bytes(zoo: Zoo, outcome_of: Callable[..., Any]) -> None:
    from keraviz_docs.outcome import to_json

    project = zoo(nets(DENSE))
    assert to_json(outcome_of(project, "nets:dense")) == to_json(outcome_of(project, "nets:dense"))
