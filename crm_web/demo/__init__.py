"""The demo company, which fills an empty database at the first start."""
