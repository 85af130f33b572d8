"""The manifest `zoo.yml`: reading, validation, schema."""
