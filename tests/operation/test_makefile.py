"""What the Makefile says that it can do, it can."""

import re

from crm_web.core.config import ROOT


def test_each_target_has_a_rule_and_the_readme_names_no_other() -> None:
    makefile, readme = ((ROOT / name).read_text() for name in ("Makefile", "README.md"))
    rules = set(re.findall(r"^([a-z-]+):", makefile, re.M))
    phony = re.search(r"^\.PHONY:(.*)$", makefile, re.M)
    assert phony is not None
    assert set(phony[1].split()) == rules
    named = set(re.findall(r"^(?:[A-Z_]+=\S+ )*make ([a-z-]+)", readme, re.M))
    assert "run" in named
    assert named <= rules
