"""Reviewing pull requests on GitHub: what an untrusted run leaves behind, and the comment that is made of it.

A first workflow builds the pull request's models with a token that can read and nothing else.  It leaves an
:mod:`~keraviz_docs.github.artifact`.  A second one, which never sees the pull request's code, takes the artifact for
hostile, and turns it into a :mod:`~keraviz_docs.github.comment`.
"""

LABEL = "architecture-change-approved"
"""The label of a pull request that turns what the policy would not let through into warnings."""
