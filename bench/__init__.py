"""The benchmark: every page at a thousand and at a million leads, side by side in one run, and against what is bare."""
