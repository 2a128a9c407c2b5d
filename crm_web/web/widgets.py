"""The widgets of forms: they write the same HTML as those of WTForms in a tenth of the time.

A form for editing a lead has 500 options and 150 attributes, which were half of its page's cost.
"""

from collections.abc import Hashable
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape
from wtforms import widgets

Option = tuple[Hashable, str]
"""Value and label; the value ``None`` stands for the empty option."""


def html_params(**attributes: Any) -> Markup:
    """Write attributes as ``wtforms.widgets.html_params`` does: in alphabetical order, without those that are False."""
    parts = []
    for key, value in sorted(attributes.items()):
        name = key.rstrip("_")
        name = name.replace("_", "-") if name.startswith(("data_", "aria_")) else name
        if value is True:
            parts.append(name)
        elif value is not False:
            parts.append('{}="{}"'.format(name, str(escape(value)).replace('"', "&quot;")))
    return Markup(" ".join(parts))  # noqa: S704  (the values are escaped, the names are ours)


class NotDrawn:
    """A field without a control of its own: the submit buttons carry its value."""

    input_type = "hidden"

    def __call__(self, field: Any, **attributes: Any) -> Markup:
        return Markup("")


class TextInput(widgets.TextInput):
    html_params = staticmethod(html_params)


class HiddenInput(widgets.HiddenInput):
    html_params = staticmethod(html_params)


class TelInput(widgets.TelInput):
    html_params = staticmethod(html_params)


class FileInput(widgets.FileInput):
    html_params = staticmethod(html_params)


class TextArea(widgets.TextArea):
    def __call__(self, field: Any, **attributes: Any) -> Markup:
        params = html_params(name=field.name, **_with_flags(self, field, attributes))
        return Markup("<textarea {}>\r\n{}</textarea>").format(params, field._value())


class Select(widgets.Select):
    """A select whose options are written once for each list of them, such as all countries."""

    def __call__(self, field: Any, **attributes: Any) -> Markup:
        if field.has_groups():
            return super().__call__(field, **attributes)
        params = html_params(name=field.name, **_with_flags(self, field, attributes))
        options = write_options(tuple(field.list_lines()), field.data)
        return Markup("<select {}>{}</select>").format(params, options)


def _with_flags(widget: Any, field: Any, attributes: dict[str, Any]) -> dict[str, Any]:
    flags = {name: getattr(field.flags, name) for name in dir(field.flags) if name in widget.validation_attrs}
    return {"id": field.id} | flags | attributes


def write_options(options: tuple[Option, ...], selected: Hashable) -> Markup:
    """Write the options of a select.

    :param options: in order; the same ones are only written once
    :param selected: the value of the chosen one
    """
    places, written = _write_unselected(options)
    place = places.get(selected)
    return written if place is None else written[:place] + Markup(" selected") + written[place:]


@lru_cache(maxsize=64)
def _write_unselected(options: tuple[Option, ...]) -> tuple[dict[Hashable, int], Markup]:
    """Write the options, and tell for each value where the attributes of its option begin."""
    places, written = {}, Markup()
    for value, label in options:
        places[value] = len(written) + len("<option")
        written += Markup('<option value="{}">{}</option>').format("" if value is None else value, label)
    return places, written
