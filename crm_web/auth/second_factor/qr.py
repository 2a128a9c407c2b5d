"""QR codes as shapes that a template draws."""

from dataclasses import dataclass

MARGIN = 4


@dataclass(frozen=True)
class QrCode:
    """A QR code.

    :param size: of each side with its margin, in modules
    :param path: its dark modules as the data of an SVG path
    """

    size: int
    path: str


def draw(text: str) -> QrCode:
    """Draw a text as a QR code."""
    # It takes two megabytes, and draws for each person once.
    import segno

    rows = segno.make(text, micro=False).matrix
    dark = [(x + MARGIN, y + MARGIN) for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark]
    return QrCode(len(rows) + 2 * MARGIN, "".join(f"M{x} {y}h1v1h-1z" for x, y in dark))
