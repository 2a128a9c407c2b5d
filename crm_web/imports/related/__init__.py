"""Related files of one import: what each is, and adding more of them."""
