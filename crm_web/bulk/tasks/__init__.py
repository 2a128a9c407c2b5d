"""The open tasks of records that a bulk edit gives to somebody else."""
