"""Multiply-accumulates, bytes and structure of an architecture."""
