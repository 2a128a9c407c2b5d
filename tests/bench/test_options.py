"""What a report says about the machine that was measured."""

import sys
import sysconfig

import pytest

from bench.options import describe_build, describe_machine


@pytest.mark.parametrize(
    ("prefix", "arguments", "said"),
    [
        ("/opt/python", "'--enable-shared'", "built without --enable-optimizations"),
        ("/opt/python", "'--enable-optimizations'", "built with --enable-optimizations"),
        ("/usr/local", "'--enable-optimizations' '--with-lto'", "built with --enable-optimizations and LTO"),
        ("/opt/python", None, "built without --enable-optimizations"),
        ("/usr", "'--prefix=/usr'", "the system's own"),
    ],
)
def test_a_report_says_how_python_was_built(
    monkeypatch: pytest.MonkeyPatch, prefix: str, arguments: str | None, said: str
) -> None:
    monkeypatch.setattr(sys, "base_prefix", prefix)
    monkeypatch.setattr(sysconfig, "get_config_var", lambda _name: arguments)

    assert describe_build() == said
    assert describe_machine().endswith(f"({said})")
