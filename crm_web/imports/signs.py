"""What the headings of a file say about its rows: deals, people or companies, and companies to be kept as such."""

import re

from crm_web.imports.vocabulary import CUSTOMER_WORDS

DEAL_FIELDS = frozenset({"deal_name", "amount", "close_date", "won_at", "lost_at", "probability", "expected_close_on"})
"""A file with any of these is about deals, of which one person can have several."""

DEAL_WORDS = ("deal", "opportunity", "potential", "stagename")
SUMMARY_OF_DEALS = re.compile(
    r".*(?:deals|opportunities)(?:value|amount|count)?"
    r"|(?:recent|first|last|next|num|numberof|open|active|won|lost)\w*(?:deal|opportunit)\w*|daystoclose"
)
"""Headings of what is said of a company or person about all their deals, which have a file of their own."""

PERSON_FIELDS = frozenset({"first_name", "last_name", "full_name", "job_title", "salutation"})

COMPANY_SIGNS = frozenset(
    """
    parentid parentaccount parentaccountid parentcompany parentcompanyid parentorganization annualrevenue revenue
    numberofemployees employees employeecount noofemployees companysize tickersymbol ticker stocksymbol accounttype
    companytype customertype accountnumber siccode sic naics naicscode yearstarted yearfounded foundedyear founded
    ownership dunsnumber ispublic totalmoneyraised legalform vatnumber vatid taxid registrationnumber accountsite
    emaildomain emaildomain1
    """.split()  # noqa: SIM905  (readable as a table)
)
"""What is only said of a company; beside a ``Name`` it says that the name is one's."""
WEAK_COMPANY_SIGNS = frozenset(
    {"type", "industry", "sector", "billingstreet", "billingcity", "billingcountry", "billingstate", "billingaddress"}
)
"""What is said of companies rather than of people."""

LISTED_COMPANY_SIGNS = frozenset(
    """
    companyid organizationid organisationid companyowner organizationowner organisationowner companydomainname
    """.split()  # noqa: SIM905  (readable as a table)
)
"""How the columns of a list of companies may be called that is kept as one, in place of a list of leads."""
PEOPLE_OF_COMPANIES = frozenset({"associatedcontactids", "organizationpeople", "primarycontactid", "emaildomain"})
"""What only a list of companies has: which of the people in other lists are theirs."""
SALE_FIELDS = frozenset({"status", "is_won", "source", "rating", "next_step", "lost_reason", "product", "owner"})
"""What is said of leads, and of companies only where the heading says so: ``Company owner``."""
NOT_OF_SALES = ("company", "organization", "organisation", "lifecyclestage")
"""How headings begin that say such things of companies."""

ACCOUNT_WORDS = ("account", *CUSTOMER_WORDS)
"""How a column of a list of companies begins that are customers."""
LEGAL_FORMS = frozenset(
    """
    ltd limited inc incorporated llc llp lp plc corp corporation co company gmbh mbh ag kg ohg ug ev eg se sa sas sarl
    sasu srl spa snc bv nv oy oyj ab as asa aps pty pte kk sl slu lda ltda sro doo zrt kft rt spzoo oü uab sia
    group holding holdings partners associates
    """.split()  # noqa: SIM905  (readable as a table)
)
"""The last words of the names of companies."""
