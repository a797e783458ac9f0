"""Normalize and parse single values: addresses, dates, languages, text. Pure; every layer may use them."""
