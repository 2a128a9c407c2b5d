"""Lists of records: their URL parameters, filters, sorting, columns, pages and exports."""
