"""Words for countries and regions, by which the companies of a group tell each other apart."""

from babel import Locale

from crm_web.models.codes import COUNTRIES
from crm_web.records.folding import fold

_LOCAL = """
africa america americas apac asia australasia baltic baltics belgie belgien belgique benelux brasil bulgaria cesko ceska
dach danmark deutschland emea eire espana eu europa europe frankreich gb gcc hellas hrvatska iberia india italia italien
kazakhstan latam magyarorszag maroc mexico middle east nederland nordic nordics norge oceania oesterreich osterreich
polen polska portugal romania rossiya schweden schweiz scandinavia shanghai beijing shenzhen slovensko slovenija spanien
srbija suisse suomi sverige svizzera turkiye uae uk ukraina usa us worldwide
"""
_NO_NAMES = {
    "and",
    "the",
    "of",
    "new",
    "islands",
    "island",
    "saint",
    "st",
    "republic",
    "sar",
    "territory",
    "territories",
}


def _list_words() -> set[str]:
    names = Locale("en").territories
    words = {word.strip("()&,.") for code in COUNTRIES for word in fold(str(names.get(code, ""))).split()}
    return {word for word in words if len(word) > 2} - _NO_NAMES | set(_LOCAL.split())


COUNTRY_WORDS = frozenset(_list_words())
