"""Keras models as architectures; the only package that imports Keras and TensorFlow."""
