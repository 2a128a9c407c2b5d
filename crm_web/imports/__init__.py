"""
Leads from files of other systems: the core that the command line uses, and later the browser.

A file flows through four rooms that know nothing of each other's trade, which is why this feature has more
files than the five kinds of the house: ``csv_file`` turns bytes into rows, ``mapping`` (by the words of
``vocabulary``) says which column is which field, ``rows`` reads one row by the rules of the form
(``crm_web.records.parsing``), and ``staging`` (the SQL) sets the rows beside what the database holds and writes them.
``operations`` is the thread through them.
"""
