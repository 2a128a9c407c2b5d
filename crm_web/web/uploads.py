"""Files that people send with a form."""

from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from flask import current_app, request
from werkzeug.datastructures import FileStorage
from wtforms import Field

from crm_web.web.forms import IdempotentForm
from crm_web.web.template_filters import file_size
from crm_web.web.widgets import FileInput

DRAINED = 1024 * 1024


class UploadField(Field):
    """Files; ``data`` is what was sent."""

    widget = FileInput(multiple=True)
    data: list[FileStorage]

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = [sent for sent in request.files.getlist(self.name) if sent.filename]

    def _value(self) -> bool:
        """Browsers take no file's name from a page."""
        return False

    def list_files(self) -> list[tuple[BinaryIO, str]]:
        """List the bytes and the name of each file."""
        return [(cast(BinaryIO, sent.stream), sent.filename or "") for sent in self.data or ()]


class FilesForm(IdempotentForm):
    """Files for a record."""

    files = UploadField("Files")

    def validate(self, extra_validators: Any = None) -> bool:
        """Validate the form; without a file there is nothing to add."""
        is_valid = super().validate(extra_validators)
        if is_valid and not self.files.data:
            self.files.errors = ["Choose a file."]
            return False
        return is_valid


@dataclass(frozen=True)
class SizeLimit:
    """How large an uploaded file may be."""

    bytes: int

    @property
    def text(self) -> str:
        return file_size(self.bytes)


def size_limit() -> SizeLimit:
    """How large the files of one form may be in all."""
    return SizeLimit(int(current_app.config["MAX_CONTENT_LENGTH"]))


def read_to_end(stream: BinaryIO) -> None:
    """Read what a browser still sends, up to four times of what is allowed: before, it hears no answer."""
    left = 4 * size_limit().bytes
    while left > 0 and (piece := stream.read(DRAINED)):
        left -= len(piece)
