"""Figures in the digits of other scripts, and in the wide ones of Japanese and Chinese, as the digits from 0 to 9."""

import unicodedata

_MARKS = str.maketrans({"\u066b": ".", "\u066c": ",", "\u060c": ",", "\u066a": "%", "\u2212": "-"})


def write_plainly(text: str) -> str:
    """Write digits and the marks between them as in ASCII; anything else stays as it is.

    :param text: such as ``\uff11\uff12\uff13\uff0c\uff14\uff15\uff16`` or ``\u0661\u066c\u0662\u0663\u0664``
    """
    if text.isascii():
        return text
    wide = "".join(unicodedata.normalize("NFKC", sign) if "\uff00" < sign < "\uff5f" else sign for sign in text)
    digits = "".join(str(unicodedata.digit(sign)) if unicodedata.category(sign) == "Nd" else sign for sign in wide)
    return digits.translate(_MARKS)
