"""The partner interface, `/api/v1`: entries by what they are and by what changed, as JSON Feed 1.1.

`routes.attach` puts it into a server. What a command needs (`partners`) imports neither HTTP nor the models.
"""
