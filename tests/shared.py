"""The real inputs that lie beside the repository; where they do not, what needs them is skipped."""

from pathlib import Path

import pytest

from crm_web.core.config import ROOT

REAL_DATA = ROOT.parent / "shared" / "data"
needs_real_data = pytest.mark.skipif(not REAL_DATA.is_dir(), reason="no ../shared/data beside the repository")


def find_real(path: str) -> Path:
    """Where a real input lies, whether it is there or not."""
    return REAL_DATA / path
