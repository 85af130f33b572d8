"""Architectures as DOT, and DOT as SVG, PNG and PDF."""
