"""Exchange rates, from a file or set one by one. ``crm_web.stats.rates`` converts by them."""
