"""Spelling correction for lists: if nothing matches, the list of the corrected words is shown."""

from typing import TypeVar

from flask import request
from werkzeug.datastructures import MultiDict

from crm_web.lists.pagination import Page
from crm_web.lists.record_params import SpecListParams
from crm_web.search.queries import correct_spelling

Params = TypeVar("Params", bound=SpecListParams)


def load_or_correct(params: Params) -> tuple[Params, Page]:
    """Load a page of a list; where nothing matches its words, the one of the corrected words.

    Everything on the page then comes from the corrected words, so that its links, files and views mean what it shows.

    :return: the parameters of the page, and the page; those that were sent where correcting finds nothing either
    """
    page = params.load_page()
    words = "" if page.count or page.may_have_more else correct_spelling(params.one("q"))
    if not words:
        return params, page
    args = MultiDict(request.args)
    args.poplist("at")
    args["q"] = words
    corrected = type(params)(args)
    corrected_page = corrected.load_page()
    return (corrected, corrected_page) if corrected_page.count else (params, page)
