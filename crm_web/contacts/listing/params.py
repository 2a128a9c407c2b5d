"""What the address of the list of contacts says."""

from crm_web.contacts.listing.filters import FILTERS
from crm_web.contacts.queries import ContactFilter
from crm_web.contacts.spec import CONTACTS
from crm_web.lists.record_params import SpecListParams


class ContactListParams(SpecListParams):
    """The address of the list of contacts."""

    list_endpoint, spec, declared = "contacts.list_contacts", CONTACTS, FILTERS

    def read_filter(self) -> ContactFilter:
        return ContactFilter(**self.read_parts())
