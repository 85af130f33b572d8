"""Pages of a documentation site: templates, tables, assets."""
