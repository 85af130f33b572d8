"""Names for contents: equal contents have equal names, in every process."""

from __future__ import annotations

from hashlib import blake2b


def digest(*parts: str | bytes) -> str:
    """Return the name of a content, or of several in their order: BLAKE2b, 32 hexadecimal digits."""
    encoded = (part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass") for part in parts)
    return blake2b(b"\0".join(encoded), digest_size=16).hexdigest()
