"""Getting many models read: processes, limits, cache, progress."""
