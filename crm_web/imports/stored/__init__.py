"""Imports in the browser: the uploaded file, its settings, the check and the import by the worker, and the receipt."""
