"""The settings of the store for files."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, ValidationInfo

REQUIRED = ("s3_bucket", "s3_access_key_id", "s3_secret_access_key")
FileStore = Literal["database", "s3"]


def _check_complete(store: FileStore, known: ValidationInfo) -> FileStore:
    given = [name for name in (*REQUIRED, "s3_endpoint") if known.data.get(name)]
    missing = [name.upper() for name in REQUIRED if not known.data.get(name)]
    if missing and (given or store == "s3"):
        raise ValueError(f"needs {', '.join(missing)}: set all S3_ settings, or none with FILES_STORE=database")
    return store


class FileSettings(BaseModel):
    """Where files are kept. With a bucket, files in it can be read whatever ``files_store`` says."""

    s3_endpoint: Annotated[
        str, Field(pattern=r"^(https?://[^/\s]+/?)?$", description="an address like https://s3.example.com")
    ] = ""
    s3_bucket: Annotated[
        str, Field(pattern=r"^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$", description="a bucket's name")
    ] = ""
    s3_region: Annotated[str, Field(pattern=r"^[a-z0-9-]+$", description="a region such as eu-central-1")] = "us-east-1"
    s3_access_key_id: str = Field(default="", repr=False)
    s3_secret_access_key: str = Field(default="", repr=False)
    files_store: Annotated[FileStore, AfterValidator(_check_complete)] = Field(
        default="database", validate_default=True, description="database or s3"
    )
