"""The partner API, `/api/v1`: entries by their attributes and by their changes, as JSON Feed 1.1.

`routes.add_routes` adds it to a server. The commands need `partners` only, which imports neither HTTP nor the models.
"""
