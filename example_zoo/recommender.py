"""A two-tower recommender whose towers share what they know about items."""

from __future__ import annotations

import keras
from keras import layers


def two_tower_recommender(items: int = 20000, users: int = 5000, width: int = 64, history: int = 20) -> keras.Model:
    """Score how well an item suits a person.

    One tower describes the person by an embedding of their own and the items they chose before, the other describes
    the candidate. Both look items up in the *same* embedding table, which appears once for each call and
    counts once. The score is the cosine of the angle between the two vectors.

    Args:
        items: Number of items; index 0 pads short histories.
        users: Number of people.
        width: Length of every vector.
        history: Number of past choices that are considered.
    """
    user = keras.Input((), dtype="int32", name="user")
    chosen = keras.Input((history,), dtype="int32", name="chosen_before")
    candidate = keras.Input((), dtype="int32", name="candidate")

    item_table = layers.Embedding(items, width, name="item_table")
    habits = layers.GlobalAveragePooling1D(name="habits")(item_table(chosen))
    person = layers.Concatenate(name="person")([layers.Embedding(users, width, name="user_table")(user), habits])

    def tower(name: str, inputs: int) -> keras.Sequential:
        return keras.Sequential(
            [
                keras.Input((inputs,)),
                layers.Dense(2 * width, activation="relu", name=f"{name}_hidden"),
                layers.Dense(width, name=f"{name}_vector"),
                layers.UnitNormalization(name=f"{name}_unit"),
            ],
            name=f"{name}_tower",
        )

    person_vector = tower("person", 2 * width)(person)
    item_vector = tower("item", width)(item_table(candidate))
    score = layers.Dot(axes=-1, name="score")([person_vector, item_vector])
    return keras.Model([user, chosen, candidate], score, name="two_tower_recommender")
