"""Parses a row into the values of a customer or a contact, who have less room than a lead."""

from collections.abc import Sequence

from crm_web.imports.rows import Problem, RowReader, RowRefused, Values


class CustomerReader(RowReader):
    """Reads rows of customers, and warns of what a customer has no field for."""

    def read(self, cells: Sequence[str]) -> Values:
        """Read one row.

        :return: the values as of a lead, of which the mapping of Won makes a customer
        :raise RowRefused: with everything that has to be mended
        """
        values = super().read(cells)
        if values.get("phone") and values.get("mobile"):
            self._leave_out_value(("mobile",), values["mobile"], "a customer has one phone number")
        person = " ".join(filter(None, (values.get("first_name"), values.get("last_name"))))
        if values.get("company") and person:
            names = ("full_name", "last_name", "first_name")
            self._leave_out_value(names, person, "the customer is a company. Import its people as contacts")
        return values

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
            raise RowRefused([Problem(column, "This is a company. Import the file once more, as customers.")])
        return values

    def _leave_out(self, name: str, problem: Problem, problems: list[Problem]) -> bool:
        if name != "country":
            return super()._leave_out(name, problem, problems)
        self.warnings.append(problem._replace(reason="Not a known country. Phone numbers are read without it."))
        return True
