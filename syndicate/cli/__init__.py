"""The verbs: init, build, push, publish, worker, status, serve, headers, partner, check.

Only here do errors become exit codes.

Imports of a verb stand in the verb: `syndicate --version` must not wait for XML, Markdown or HTTP.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence

from .. import __version__
from ..errors import ConfigError, LockedError, SyndicateError
from . import build as making
from . import deliver as delivering
from . import partner as partnering
from . import serve as serving
from .console import CONFIGURATION, DONE, LOCKED, PROBLEMS, moment, say

_OVERVIEW = """\
examples:
  syndicate init news          a commented config.yaml and a sample corpus in ./news
  syndicate build              corpus -> feeds, by ./config.yaml
  syndicate publish            build, then tell the WebSub hubs what changed
  syndicate worker             the same whenever the corpus changes, until it is stopped
  syndicate status             what hubs were told, and what they are still to be told
  syndicate serve              the output folder as HTTP, until it is stopped
  syndicate headers nginx      a configuration that makes nginx serve it as well
  syndicate check              every problem of configuration and corpus

exit codes: 0 done, 1 done with problems (--strict; a ping given up; --max-age), 2 usage, 3 configuration,
4 another run holds the lock
"""
_INIT = """\
example:
  syndicate init news && cd news && syndicate build
"""
_BUILD = """\
examples:
  syndicate build
  syndicate build -c /srv/news/config.yaml --json
  syndicate build --full
  syndicate build --now 2026-01-01T00:00:00Z     as the corpus stood then: later entries stay out
"""
_PUSH = """\
examples:
  syndicate push                          tell hubs what is due, and end: for cron
  syndicate push --dry-run                what would go where
  syndicate push --replay                 send pings again that were given up
  syndicate push --replay --hub https://hub.example.org/ --feed topics/ibm-ai
"""
_PUBLISH = """\
example:
  syndicate publish -c /srv/news/config.yaml
"""
_WORKER = """\
examples:
  syndicate worker
  syndicate worker --log-format json
"""
_STATUS = """\
examples:
  syndicate status
  syndicate status --json
  syndicate status --max-age 2h     exit code 1 when a change has waited longer, for monitors
"""
_SERVE = """\
examples:
  syndicate serve                             by the configuration: http://127.0.0.1:8080/
  syndicate serve --host 0.0.0.0 --port 80
"""
_HEADERS = """\
examples:
  syndicate headers nginx > /etc/nginx/conf.d/feeds.conf
  syndicate headers netlify > feeds/_headers
"""
_CHECK = """\
examples:
  syndicate check
  syndicate check --strict     exit code 1 when there is any problem, for CI
  syndicate check --json       a JSON array of objects, for machines
"""
_PARTNER = """\
examples:
  syndicate partner add acme                          prints a new key, once
  syndicate partner add acme --topic "IBM AI" --rate 60
  syndicate partner list
  syndicate partner remove acme                       its key is good for nothing from now on
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; the answer is the exit code. Messages go to standard error, results to standard output."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # file names need not be text in any encoding
    try:
        options = parser().parse_args(arguments)
        run: Callable[[argparse.Namespace], int] = options.run
        code = run(options)
        sys.stdout.flush()
    except ConfigError as error:
        for problem in error.problems:
            say(str(problem))
        return CONFIGURATION
    except LockedError as error:
        say(f"syndicate: {error}")
        return LOCKED
    except SyndicateError as error:
        say(f"syndicate: {error}")
        return PROBLEMS
    except BrokenPipeError:
        # The reader of our output went away, as `head` does. Standard output is closed without a complaint at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        return 130
    return code


def parser() -> argparse.ArgumentParser:
    """What the command line understands."""
    top = argparse.ArgumentParser(
        prog="syndicate",
        description="Markdown records in, per-topic RSS, Atom and JSON feeds out.",
        epilog=_OVERVIEW,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"syndicate {__version__}")
    verbs = top.add_subparsers(title="verbs", metavar="VERB", required=True)

    init = _verb(verbs, "init", "write a commented configuration and a sample corpus", _INIT)
    init.add_argument("folder", metavar="DIR", help="a new or empty folder")
    init.set_defaults(run=making.init)

    build = _verb(verbs, "build", "build the feeds", _BUILD)
    _common(build)
    _building(build)
    build.set_defaults(run=making.build)

    push = _verb(verbs, "push", "tell WebSub hubs what is due", _PUSH)
    _common(push)
    _logging(push)
    push.add_argument("--dry-run", action="store_true", help="list what would go where, and send nothing")
    push.add_argument("--replay", action="store_true", help="first make pings due again that were given up")
    push.add_argument("--hub", metavar="URL", help="with --replay: of this hub only")
    push.add_argument("--feed", metavar="PATH", help="with --replay: of this feed only, by its folder or document")
    push.set_defaults(run=delivering.push)

    publish = _verb(verbs, "publish", "build, then push", _PUBLISH)
    _common(publish)
    _building(publish)
    _logging(publish)
    publish.set_defaults(run=delivering.publish)

    worker = _verb(verbs, "worker", "build and push whenever the corpus changes, until stopped", _WORKER)
    _configured(worker)
    _logging(worker)
    worker.set_defaults(run=delivering.worker)

    status = _verb(verbs, "status", "what hubs were told, and what they are still to be told", _STATUS)
    _common(status)
    status.add_argument(
        "--max-age", metavar="AGE", type=delivering.age, help="exit code 1 when a change has waited longer (2h, 30m)"
    )
    status.set_defaults(run=delivering.status)

    serve = _verb(verbs, "serve", "serve the output folder by HTTP, until stopped", _SERVE)
    _configured(serve)
    _logging(serve)
    serve.add_argument("--host", help="the address to listen on (else the configuration's)")
    serve.add_argument("--port", type=serving.port, help="the port to listen on (else the configuration's)")
    serve.set_defaults(run=serving.serve)

    headers = _verb(verbs, "headers", "print what makes a static host send what `serve` sends", _HEADERS)
    _configured(headers)
    headers.add_argument("kind", metavar="KIND", choices=serving.KINDS, help=", ".join(serving.KINDS))
    headers.set_defaults(run=serving.headers)

    check = _verb(verbs, "check", "list every problem of configuration and corpus", _CHECK)
    _common(check)
    _timed(check)
    check.set_defaults(run=making.check)

    _partner(_verb(verbs, "partner", "who may ask the partner interface, and what for", _PARTNER))
    return top


def _partner(verb: argparse.ArgumentParser) -> None:
    actions = verb.add_subparsers(title="actions", metavar="ACTION", required=True)
    add = _verb(actions, "add", "write a new partner down, and print the key once", _PARTNER)
    _configured(add)
    add.add_argument("name", metavar="NAME", help="what to call it: letters, digits, '.', '_' and '-'")
    add.add_argument("--topic", metavar="TOPIC", action="append", default=[], help="of this topic only; repeatable")
    add.add_argument("--rate", metavar="N", type=partnering.rate, help="requests a minute (600)")
    add.set_defaults(run=partnering.add)
    show = _verb(actions, "list", "who the partners are, and what they may see", _PARTNER)
    _common(show)
    show.set_defaults(run=partnering.show)
    remove = _verb(actions, "remove", "take a partner out", _PARTNER)
    _configured(remove)
    remove.add_argument("name", metavar="NAME", help="as `list` shows it")
    remove.set_defaults(run=partnering.remove)


def _verb(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser], name: str, what: str, examples: str
) -> argparse.ArgumentParser:
    return verbs.add_parser(
        name, help=what, description=what, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def _configured(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("-c", "--config", metavar="FILE", default="config.yaml", help="the configuration (config.yaml)")


def _common(verb: argparse.ArgumentParser) -> None:
    _configured(verb)
    verb.add_argument("--json", action="store_true", help="one JSON document on standard output")


def _timed(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--strict", action="store_true", help="exit code 1 when there are problems")
    verb.add_argument(
        "--now", metavar="TIME", type=moment, help="the time of the build (else SOURCE_DATE_EPOCH, else the clock's)"
    )


def _building(verb: argparse.ArgumentParser) -> None:
    _timed(verb)
    verb.add_argument("--full", action="store_true", help="start from nothing: read and render everything anew")


def _logging(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--log-format", choices=("text", "json"), default="text", help="how events are told (text)")
