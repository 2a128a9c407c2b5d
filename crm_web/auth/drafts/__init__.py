"""Drafts: a form sent after its session ended is kept until the person signs in again."""
