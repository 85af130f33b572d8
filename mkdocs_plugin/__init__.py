"""The MkDocs plugin `keraviz`: a thin adapter, and the only package that imports MkDocs."""
