"""Company names without what does not tell companies apart: case, accents, punctuation, legal forms, word order."""

import re
from functools import lru_cache

from crm_web.duplicates.comparison.spelling import spell_alike, without_article
from crm_web.records.folding import fold

LEGAL_FORMS = frozenset(
    """
    ab ag aktiengesellschaft anpartsselskab aps as asa asbl associates bhd bt bv bvba cia co company corp corporation
    cv cvba cyf de doo dooel ead ek ekfm eood ev fze fzco fzllc gbr gesmbh ges gie gmbh gk ggmbh group gruppe groupe
    holding holdings hf ehf inc incorporated jsc kabushiki kaisha kda kft kg kgaa kk ks lda limitada limited llc llp
    lp ltd ltda mbh mbb nv nyrt od odoo ohg oao ooo ou oy oyj partg pao plc pllc pt pte pty pvt private public pjsc
    ry sa sab sac sae sagl sarl sas sasu sc sca scop scrl sdn se sgps sia sicav sl sll slu snc sociedad societe anonyme
    spa spj spk sro spol srl srls ste stiftung tbk tmi tov ua uab ug vof vzw xk zao zrt zoo zat
    """.split()  # noqa: SIM905  (readable as a table)
) | frozenset(
    "ооо оао зао пао ао тов чп ип еоод оод ад еад αε επε οε ιke ικε شركة مؤسسة شركه".split()  # noqa: SIM905
)
"""Words that say what a company is in law, folded and without dots; never left out where nothing else would remain."""

_FORM_SIGNS = re.compile(
    r"株式会社|有限会社|合同会社|\(株\)|\(有\)|（株）|（有）|㈱|㈲|股份有限公司|有限责任公司|有限公司|주식회사|유한회사|\(주\)"
)
_FILLER = frozenset(
    "and und et y e i og och en the der die das le la les el los las of for fur de du del di da dos van".split()  # noqa: SIM905
)
_DOTTED = re.compile(r"\b(?:\w\.){2,}(?:\w\b)?")
_SLASHED = re.compile(r"\b([a-z])/([a-z])\b")
_PART = re.compile(r"[^\w]+")
_ABBREVIATED = {
    "intl": "international",
    "int'l": "international",
    "assoc": "association",
    "assn": "association",
    "bros": "brothers",
    "ctr": "center",
    "centre": "center",
    "dept": "department",
    "dev": "development",
    "inst": "institute",
    "mfg": "manufacturing",
    "mgmt": "management",
    "natl": "national",
    "st": "saint",
    "svc": "service",
    "svcs": "services",
    "sys": "systems",
    "tech": "technology",
    "technologies": "technology",
    "univ": "university",
}


_PHRASE_FORM = re.compile(r"\bsp(?:olka)?\.?\s*z\s*\.?\s*o\.?\s*o\b\.?|\bs\.?\s*r\.?\s*o\b\.?|\bs\.?\s*p\.?\s*a\b\.?")
_WRITTEN_OUT = re.compile(r"(?<=[aou])e")


def fold_vowels(text: str) -> str:
    """Fold text so that ``Müller`` and ``Mueller`` are the same."""
    return _WRITTEN_OUT.sub("", fold(text))


@lru_cache(maxsize=16_384)
def company_words(name: str) -> tuple[str, ...]:
    """Split a company's name into the words that tell it apart, in their order.

    :return: folded words without legal forms; at least the words as they are where nothing else would remain
    """
    plain = (
        fold_vowels(_FORM_SIGNS.sub(" ", name))
        .replace("&", " and ")
        .replace("+", " and ")
        .replace("'", "")
        .replace("’", "")
    )
    plain = _PHRASE_FORM.sub(" ", plain)
    plain = _DOTTED.sub(lambda found: found[0].replace(".", ""), plain)
    words = [word for word in _PART.split(_SLASHED.sub(r"\1\2", plain)) if word]
    telling = [_ABBREVIATED.get(word, word) for word in words if word not in LEGAL_FORMS and word not in _FILLER]
    return tuple(without_article(spell_alike(word)) for word in telling or words)
