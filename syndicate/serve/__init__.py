"""The output tree over HTTP: documents with validators, conditional requests, redirects and removals."""
