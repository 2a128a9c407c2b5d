"""Parses a row into the values of a customer or a contact, who have less room than a lead."""

from collections.abc import Sequence

from crm_web.imports.cells import STREET
from crm_web.imports.mapping import ColumnMapping
from crm_web.imports.rows import Problem, RowReader, RowRefused, Rules, Values


class CustomerReader(RowReader):
    """Reads rows of customers, and warns of what a customer has no field for."""

    def read(self, cells: Sequence[str]) -> Values:
        """Read one row.

        :return: the values as of a lead, of which the mapping of Won makes a customer
        :raise RowRefused: with everything that has to be mended
        """
        values = super().read(cells)
        self._keep_to_customer(values)
        return values

    def _keep_to_customer(self, values: Values) -> None:
        if values.get("phone") and values.get("mobile"):
            self._leave_out_value(("mobile",), values["mobile"], "a customer has one phone number")
        person = " ".join(filter(None, (values.get("first_name"), values.get("last_name"))))
        if values.get("company") and person:
            names = ("full_name", "last_name", "first_name")
            self._leave_out_value(names, person, "the customer is a company. Import its people as contacts")

    def _leave_out_value(self, names: Sequence[str], value: str, reason: str) -> None:
        places = next((self.mapping.columns[name] for name in names if name in self.mapping.columns), ())
        column = self.mapping.name(places[0]) if places else ""
        self.warnings.append(Problem(column, f"Left out, because {reason}.", value))


class ContactReader(RowReader):
    """Reads rows of contacts, whose country is kept nowhere and only says how their phone numbers are read."""

    def read(self, cells: Sequence[str]) -> Values:
        """Read one row.

        :return: the values as of a lead
        :raise RowRefused: with everything that has to be mended; of a company as well
        """
        values = super().read(cells)
        if self.is_company:
            column = self.mapping.name_of("is_company")
            reason = "This is a company. Choose “Companies and people”, or import the file once more, as customers."
            raise RowRefused([Problem(column, reason)])
        return values

    def _leave_out(self, name: str, problem: Problem, problems: list[Problem]) -> bool:
        if name != "country":
            return super()._leave_out(name, problem, problems)
        self.warnings.append(problem._replace(reason="Not a known country. Phone numbers are read without it."))
        return True


class MixedReader(CustomerReader):
    """Reads rows of which each says whether it is a company or a person: a customer, or a contact of one.

    A person without a company becomes a customer too, who has room for all that a company has.
    """

    NO_ROOM = {
        "companies": ("salutation", "job_title"),
        "people of companies": (
            *STREET,
            "city",
            "state",
            "postal_code",
            "website",
            "industry",
            "owner",
            "account_type",
        ),
    }
    """What some of the rows have no field for."""
    _OF_COMPANY = ("company", "company_ref", "company_domain")

    def __init__(self, mapping: ColumnMapping, rules: Rules) -> None:
        super().__init__(mapping, rules)
        self.kind_place = mapping.columns["is_company"][0]

    def read(self, cells: Sequence[str]) -> Values:
        """Read one row.

        :return: the values as of a lead, and which of both it is
        :raise RowRefused: with everything that has to be mended
        """
        values = RowReader.read(self, cells)
        self._check_kind(values, cells)
        if self.is_company:
            self._keep_to_customer(values)
            self._set_parent(values)
            self._keep_out("companies", values, cells)
        else:
            self._set_company(values)
            if any(values.get(name) for name in self._OF_COMPANY):
                self._keep_out("people of companies", values, cells)
        values["is_person"] = not self.is_company
        return values

    def _check_kind(self, values: Values, cells: Sequence[str]) -> None:
        """A row that says neither is a person only if it has the parts of a person’s name."""
        if not cells[self.kind_place].strip() and not {"first_name", "last_name"} & self.mapping.columns.keys():
            raise RowRefused(
                [Problem(self.mapping.name(self.kind_place), "Say whether this is a company or a person.")]
            )

    def _name_company(self, values: Values) -> None:
        """The company of a company is its parent."""
        name = values.get("full_name")
        if name and values.get("company") not in (None, name):
            values.setdefault("parent_ref", values.pop("company"))
        super()._name_company(values)

    def _set_parent(self, values: Values) -> None:
        ref = values.pop("company_ref", None)
        if ref and ref != values.get("external_id"):
            values.setdefault("parent_ref", ref)

    def _set_company(self, values: Values) -> None:
        """Of both, the record above is in one column: its ID or its name."""
        above = values.pop("parent_ref", None)
        if above and not any(values.get(name) for name in self._OF_COMPANY):
            values["company_ref"] = values["deal_company"] = above

    def _keep_out(self, whose: str, values: Values, cells: Sequence[str]) -> None:
        """Leave out what such a row has no field for, and count it."""
        for name in self.NO_ROOM[whose]:
            values.pop(name, None)
            places = self.mapping.columns.get(name, ())
            places += tuple(place for parts in self.mapping.addresses for place in parts.get(name, ()))
            for place in filter(lambda place: cells[place].strip(), dict.fromkeys(places)):
                if place != self.kind_place:
                    self.no_room[whose, place] += 1
                    reason = f"Left out, because {whose} have no field for it."
                    self.warnings.append(Problem(self.mapping.name(place), reason, cells[place].strip()))
