"""Reads a message from bytes that anybody may have written: every part of it is bounded, and none is run."""
