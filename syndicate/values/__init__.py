"""Single values made right: addresses, dates, languages, text. Pure; every stage may use them."""
