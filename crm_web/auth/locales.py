"""The locales that people can choose for numbers and dates: those that write Western digits.

The labels are written out here because asking Babel for them would keep the data of thirty languages in each worker's
memory. A test compares them with Babel's.
"""

LOCALES = (
    ("en", "English: 1,234.5 · Dec 31, 2026"),
    ("en_AU", "English (Australia): 1,234.5 · 31 Dec 2026"),
    ("en_CA", "English (Canada): 1,234.5 · Dec 31, 2026"),
    ("en_IN", "English (India): 1,234.5 · 31 Dec 2026"),
    ("en_IE", "English (Ireland): 1,234.5 · 31 Dec 2026"),
    ("en_NZ", "English (New Zealand): 1,234.5 · 31 Dec 2026"),
    ("en_ZA", "English (South Africa): 1\xa0234,5 · 31 Dec 2026"),
    ("en_GB", "English (United Kingdom): 1,234.5 · 31 Dec 2026"),
    ("en_US", "English (United States): 1,234.5 · Dec 31, 2026"),
    ("zh_CN", "Chinese (Simplified, China): 1,234.5 · 2026/12/31"),
    ("cs_CZ", "Czech (Czechia): 1\xa0234,5 · 31. 12. 2026"),
    ("da_DK", "Danish (Denmark): 1.234,5 · 31. Dec 2026"),
    ("nl_BE", "Dutch (Belgium): 1.234,5 · 31 Dec 2026"),
    ("nl_NL", "Dutch (Netherlands): 1.234,5 · 31 Dec 2026"),
    ("fi_FI", "Finnish (Finland): 1\xa0234,5 · 31.12.2026"),
    ("fr_CA", "French (Canada): 1\xa0234,5 · 31 Dec 2026"),
    ("fr_FR", "French (France): 1\u202f234,5 · 31 Dec 2026"),
    ("fr_CH", "French (Switzerland): 1\u202f234,5 · 31 Dec 2026"),
    ("de_AT", "German (Austria): 1.234,5 · 31.12.2026"),
    ("de_DE", "German (Germany): 1.234,5 · 31.12.2026"),
    ("de_CH", "German (Switzerland): 1’234.5 · 31.12.2026"),
    ("it_IT", "Italian (Italy): 1.234,5 · 31 Dec 2026"),
    ("ja_JP", "Japanese (Japan): 1,234.5 · 2026/12/31"),
    ("ko_KR", "Korean (South Korea): 1,234.5 · 2026. 12. 31."),
    ("nb_NO", "Norwegian Bokmål (Norway): 1\xa0234,5 · 31. Dec 2026"),
    ("pl_PL", "Polish (Poland): 1\xa0234,5 · 31 Dec 2026"),
    ("pt_BR", "Portuguese (Brazil): 1.234,5 · 31 Dec 2026"),
    ("pt_PT", "Portuguese (Portugal): 1\xa0234,5 · 31/12/2026"),
    ("es_MX", "Spanish (Mexico): 1,234.5 · 31 Dec 2026"),
    ("es_ES", "Spanish (Spain): 1.234,5 · 31 Dec 2026"),
    ("sv_SE", "Swedish (Sweden): 1\xa0234,5 · 31 Dec 2026"),
    ("tr_TR", "Turkish (Türkiye): 1.234,5 · 31 Dec 2026"),
)
"""Pairs of locale and its English name with a sample, the locales of English first."""
