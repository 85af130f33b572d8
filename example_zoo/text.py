"""Text read in both directions."""

from __future__ import annotations

import keras
from keras import layers


def sentiment_tagger(vocabulary: int = 12000, words: int = 120, width: int = 64, tags: int = 9) -> keras.Model:
    """Mark the names in a sentence and tell its mood.

    Two bidirectional LSTMs read the words from both ends. Every word gets a tag, and the final states of the
    second layer, forward and backward, tell the mood of the whole sentence.

    Args:
        vocabulary: Number of distinct words; 0 is padding and masked.
        words: Longest sentence.
        width: Units of each LSTM, in each direction.
        tags: Number of tags per word.
    """
    words_in = keras.Input((words,), dtype="int32", name="words")
    x = layers.Embedding(vocabulary, width, mask_zero=True, name="embedding")(words_in)
    x = layers.SpatialDropout1D(0.2, name="drop_words")(x)
    x = layers.Bidirectional(layers.LSTM(width, return_sequences=True), name="reader1")(x)
    sequence, forward_h, _forward_c, backward_h, _backward_c = layers.Bidirectional(
        layers.LSTM(width, return_sequences=True, return_state=True), name="reader2"
    )(x)
    tag = layers.TimeDistributed(layers.Dense(tags, activation="softmax"), name="tag")(sequence)
    summary = layers.Concatenate(name="final_states")([forward_h, backward_h])
    mood = layers.Dense(1, activation="sigmoid", name="mood")(summary)
    return keras.Model(words_in, [tag, mood], name="sentiment_tagger")
