"""What pages and forms share: fields, base forms, template filters, flash messages, idempotency, error pages."""
