"""Hierarchy and repeated blocks of an architecture."""
