"""The demo company that a first start is filled with."""
