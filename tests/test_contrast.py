"""The colours of static/tokens.css can be told apart: the WCAG 2.2 ratio of each pair that meets on a page."""

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[1] / "static" / "tokens.css"
PAIR = re.compile(r"(?:--|\.)([a-z0-9-]+)(?: \{ background)?: light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
COLOURS = {name: (light, dark) for name, light, dark in PAIR.findall(TOKENS.read_text())}

GROUNDS = ("canvas", "sheet", "raised", "hover", "pressed")
WORDS = [
    *((word, ground) for word in ("ink", "ink-2") for ground in GROUNDS),
    *(("ink-3", ground) for ground in ("canvas", "sheet", "raised", "hover")),
    *(("accent", ground) for ground in ("canvas", "sheet", "raised", "hover", "accent-soft")),
    *((meaning, ground) for meaning in ("open", "hold", "won", "lost") for ground in ("sheet", f"{meaning}-soft")),
    *((word, f"{meaning}-soft") for word in ("ink", "accent") for meaning in ("open", "hold", "won", "lost")),
    ("ink", "mark"),
    *(("ink", f"tint-{number}") for number in range(8)),
    ("on-accent", "accent-fill"),
    ("on-accent", "accent-fill-hover"),
    ("on-danger", "danger-fill"),
    ("on-danger", "danger-fill-hover"),
]
SHAPES = [
    *(("edge", ground) for ground in ("canvas", "sheet", "raised")),
    *(("focus", ground) for ground in GROUNDS),
    ("accent-fill", "sheet"),
    *((bar, ground) for bar in ("bar", "bar-won", "bar-lost", "bar-hold") for ground in ("sheet", "bar-ground")),
]


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def measure(front: str, ground: str, theme: int) -> float:
    return contrast(COLOURS[front][theme], COLOURS[ground][theme])


def test_the_measure_itself() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("word", "ground"), WORDS)
def test_words_can_be_read(word: str, ground: str, theme: int) -> None:
    assert measure(word, ground, theme) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_shapes_can_be_seen(shape: str, ground: str, theme: int) -> None:
    assert measure(shape, ground, theme) >= 3
