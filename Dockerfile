# syntax=docker/dockerfile:1
# The program, its packages and nothing else. A site is mounted at /site, with its config.yaml:
#   docker build --tag syndicate .
#   docker run --volume "$PWD:/site" --publish 8080:8080 syndicate
FROM python:3.13-slim-bookworm AS build
WORKDIR /source
RUN python -m venv /opt/syndicate
COPY requirements.lock .
RUN /opt/syndicate/bin/pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md ./
COPY docs/syndicate.1 docs/
COPY syndicate syndicate
RUN /opt/syndicate/bin/pip install --no-cache-dir --no-build-isolation --no-deps .

FROM python:3.13-slim-bookworm
COPY --from=build /opt/syndicate /opt/syndicate
# The owner of the site's folder has to be this user, or --user names the one who is.
RUN useradd --uid 1000 --create-home --shell /usr/sbin/nologin syndicate
ENV PATH=/opt/syndicate/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /site
USER 1000:1000
EXPOSE 8080
STOPSIGNAL SIGTERM
# Healthy is a server whose newest build is recent. Other verbs do not listen: run them with --no-healthcheck.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["syndicate"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080", "--access-log", "combined"]
