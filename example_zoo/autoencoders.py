"""Two models that learn by reproducing what they were shown."""

from __future__ import annotations

from typing import Any

import keras
from keras import KerasTensor, layers, ops


@keras.saving.register_keras_serializable(package="example_zoo")
class Sampling(layers.Layer):
    """Draw a latent vector from a normal distribution in a way that gradients can pass (the reparameterisation trick).

    Outside training it returns the mean, so that inference is repeatable.
    """

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, mean: KerasTensor, log_variance: KerasTensor, training: bool = False) -> KerasTensor:
        """Return ``mean + exp(log_variance / 2) * noise`` in training, ``mean`` otherwise."""
        if not training:
            return mean
        noise = keras.random.normal(ops.shape(mean), seed=self.seed_generator)
        return mean + ops.exp(0.5 * log_variance) * noise

    def compute_output_shape(
        self, mean_shape: tuple[int | None, ...], log_variance_shape: tuple[int | None, ...]
    ) -> tuple[int | None, ...]:
        """Return the shape of the sample, which is that of the mean."""
        del log_variance_shape
        return mean_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "seed": self.seed}


def variational_autoencoder(latent: int = 16, width: int = 32) -> keras.Model:
    """Compress a digit into a handful of numbers and paint it again from them.

    The encoder describes each image by a normal distribution instead of a point; a custom layer samples from it. The
    decoder is conditioned on the coarsest features of the encoder through a skip connection. Besides the
    reconstruction, the model returns the parameters of the distribution, which its loss needs.

    Args:
        latent: Length of the latent vector.
        width: Filters of the first convolution; the second has twice as many.
    """
    image = keras.Input((28, 28, 1), name="image")
    x = layers.Conv2D(width, 3, strides=2, padding="same", activation="relu", name="down1")(image)
    x = layers.Conv2D(2 * width, 3, strides=2, padding="same", activation="relu", name="down2")(x)
    features = layers.Dense(64, activation="relu", name="features")(layers.Flatten(name="flatten")(x))
    mean = layers.Dense(latent, name="latent_mean")(features)
    log_variance = layers.Dense(latent, name="latent_log_variance")(features)
    sample = Sampling(seed=0, name="latent_sample")(mean, log_variance)

    skip = layers.Dense(latent, activation="tanh", name="skip")(features)
    joined = layers.Concatenate(name="sample_and_skip")([sample, skip])
    y = layers.Dense(7 * 7 * 2 * width, activation="relu", name="expand")(joined)
    y = layers.Reshape((7, 7, 2 * width), name="to_image_grid")(y)
    y = layers.Conv2DTranspose(2 * width, 3, strides=2, padding="same", activation="relu", name="up1")(y)
    y = layers.Conv2DTranspose(width, 3, strides=2, padding="same", activation="relu", name="up2")(y)
    painted = layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="reconstruction")(y)
    return keras.Model(
        image,
        {"reconstruction": painted, "mean": mean, "log_variance": log_variance},
        name="variational_autoencoder",
    )


def denoising_autoencoder(width: int = 32) -> keras.Model:
    """Remove noise from a small image.

    The encoder and the decoder are models of their own, nested in the whole; noise is added in training only.

    Args:
        width: Filters of the first convolution.
    """
    encoder = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(width, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(2 * width, 3, strides=2, padding="same", activation="relu"),
        ],
        name="encoder",
    )
    decoder = keras.Sequential(
        [
            keras.Input((7, 7, 2 * width)),
            layers.Conv2DTranspose(width, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2DTranspose(1, 3, strides=2, padding="same", activation="sigmoid"),
        ],
        name="decoder",
    )
    clean = keras.Input((28, 28, 1), name="image")
    noisy = layers.GaussianNoise(0.2, seed=0, name="noise")(clean)
    return keras.Model(clean, decoder(encoder(noisy)), name="denoising_autoencoder")
