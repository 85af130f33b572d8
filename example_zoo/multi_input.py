"""A model that looks at a photo, reads a text and weighs a few numbers, all at once."""

from __future__ import annotations

import keras
from keras import layers


def listing_price_model(
    image_size: int = 96, vocabulary: int = 8000, words: int = 64, features: int = 12
) -> keras.Model:
    """Estimate the price of a flat from its photo, its description and its key facts.

    Each input gets the encoder that suits it: a small convolutional network for the photo, averaged word embeddings
    for the description, one dense layer for the facts. The three vectors meet in a concatenation, from which two
    heads read the price and how sure the model is about it.

    Args:
        image_size: Height and width of the photo in pixels.
        vocabulary: Number of distinct words.
        words: Length of the description; shorter ones are padded with zeros, which the average ignores.
        features: Number of key facts, such as floor area and year of construction.
    """
    photo = keras.Input((image_size, image_size, 3), name="photo")
    description = keras.Input((words,), dtype="int32", name="description")
    facts = keras.Input((features,), name="facts")

    x = layers.Rescaling(1 / 255, name="to_unit_range")(photo)
    for index, filters in enumerate((32, 64, 128), start=1):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu", name=f"photo_conv{index}")(x)
    seen = layers.GlobalAveragePooling2D(name="photo_vector")(x)

    y = layers.Embedding(vocabulary, 48, mask_zero=True, name="word_embedding")(description)
    read = layers.GlobalAveragePooling1D(name="description_vector")(y)

    z = layers.Normalization(name="standardise_facts")(facts)
    known = layers.Dense(32, activation="relu", name="facts_vector")(z)

    merged = layers.Concatenate(name="everything_known")([seen, read, known])
    hidden = layers.Dense(128, activation="gelu", name="joint_hidden")(merged)
    hidden = layers.Dropout(0.3, name="joint_dropout")(hidden)

    price = layers.Dense(1, activation="softplus", name="price")(hidden)
    uncertainty = layers.Dense(1, activation="softplus", name="uncertainty")(hidden)
    return keras.Model([photo, description, facts], [price, uncertainty], name="listing_price")
