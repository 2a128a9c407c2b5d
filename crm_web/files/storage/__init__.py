"""Where the content of files is: in the database in pieces, or in a bucket of an S3-compatible store as objects."""
