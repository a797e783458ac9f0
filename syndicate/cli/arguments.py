"""Verbs, their options and their help."""

from __future__ import annotations

import argparse
import difflib
import re
from functools import partial
from typing import NoReturn

from .. import __version__
from . import build as building
from . import deliver as delivering
from . import deploy as deploying
from . import doctor as examining
from . import explain as explaining
from . import partner as partnering
from . import preview as previewing
from . import serve as serving
from . import state as keeping
from .console import DEFAULT_CONFIG, DONE, parse_time

_INVALID_CHOICE = re.compile(r"invalid choice: '(.*)' \(choose from (.*)\)", re.DOTALL)
_OVERVIEW = """\
examples:
  syndicate init news          create ./news with a commented config.yaml and a sample corpus
  syndicate init .             write config.yaml for the Jekyll, Hugo, Eleventy … site in this folder
  syndicate preview            show the feeds in a browser, and every change of them, until stopped
  syndicate build              build the feeds of the site that ./config.yaml describes
  syndicate publish            build the feeds, then send WebSub pings for those that changed
  syndicate worker             do the same whenever the corpus changes, until stopped
  syndicate status             show delivered and pending pings
  syndicate serve              serve the output folder over HTTP, until stopped
  syndicate headers nginx      print an nginx configuration that serves the output folder
  syndicate doctor             look for what commonly goes wrong with the site and its server
  syndicate check              list every problem of the configuration and the corpus
  syndicate explain FILE       print everything that is known of one file of the corpus

exit codes: 0 done, 1 done with problems (--strict; a ping given up; --max-age), or refused, 2 usage, 3 configuration,
4 another run holds the lock
"""
_INIT = """\
examples:
  syndicate init news && cd news && syndicate build
  syndicate init .     in the folder of a Jekyll, Hugo, Eleventy … site: write config.yaml with what its own
                       configuration says, and nothing else
"""
_SCHEMA = """\
example:
  syndicate schema > config.schema.json

An editor with a YAML language server validates config.yaml against it if the file begins with:
  # yaml-language-server: $schema=./config.schema.json
"""
_COMPLETION = """\
examples:
  syndicate completion bash > ~/.local/share/bash-completion/completions/syndicate
  syndicate completion zsh > "${fpath[1]}/_syndicate"
  syndicate completion fish > ~/.config/fish/completions/syndicate.fish
"""
_BUILD = """\
examples:
  syndicate build
  syndicate build -c /srv/news/config.yaml --json
  syndicate build --full
  syndicate build --allow-shrink     withdraw entries, however many (see guard.max_loss)
  syndicate build --now 2026-01-01T00:00:00Z     build as of this time, without later entries
"""
_PUSH = """\
examples:
  syndicate push                          send due pings and exit, for cron
  syndicate push --dry-run                list pending pings
  syndicate push --replay                 send at once what was given up, or is to be tried much later
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
  syndicate status --max-age 2h     exit with 1 if a change has waited longer, for monitoring
"""
_DEPLOY = """\
examples:
  syndicate deploy --dry-run                     list what would be sent and removed: change, bytes, path
  syndicate deploy s3://feeds-example/news/      copy what the last build made, then 'syndicate push' notifies hubs
"""
_SERVE = """\
examples:
  syndicate serve                             listen where the configuration says: http://127.0.0.1:8080/
  syndicate serve --host 0.0.0.0 --port 80
  syndicate serve --access-log combined >> access.log
"""
_PREVIEW = """\
examples:
  syndicate preview                   open the feeds in a browser, and load the page again after each change
  syndicate preview --no-open --port 9000
"""
_HEADERS = """\
examples:
  syndicate headers nginx > /etc/nginx/conf.d/feeds.conf
  syndicate headers netlify > feeds/_headers
  syndicate headers html                                 print links to the feeds, for the pages of your site
  syndicate headers systemd                              print units: publish by a timer, the worker, serve
  syndicate headers systemd --into /etc/systemd/system   write them
"""
_CHECK = """\
examples:
  syndicate check
  syndicate check --all        list the same problem in every file
  syndicate check --strict     exit with 1 if there is any problem, for CI
  syndicate check --json       print a JSON array with an object for each problem
  syndicate check --hidden     list the files that are hidden, and the key and value that hide each
"""
_DOCTOR = """\
examples:
  syndicate doctor             check permissions, clock, disk room, the public address, the hubs …
  syndicate doctor --json      print a JSON array with an object for each check

It changes nothing and sends no ping, takes about ten seconds at most, and exits with 1 if it finds an error.
"""
_EXPLAIN = """\
examples:
  syndicate explain content/posts/a.md            print where each field, the address and the feeds come from
  syndicate explain content/posts/a.md --json
"""
_STATE = """\
examples:
  syndicate state copy .syndicate postgresql://syndicate@db.example.org/news
  syndicate state copy "postgresql://syndicate@db.example.org/news?schema=blog" /srv/blog/.syndicate --json

Stop push, worker and serve before, name the new place in config.yaml after. The password of a database is read from
PGPASSWORD or ~/.pgpass.
"""
_PARTNER = """\
examples:
  syndicate partner add acme                          print a new key, once
  syndicate partner add acme --topic "IBM AI" --rate 60
  syndicate partner list
  syndicate partner remove acme                       revoke the key immediately
"""


class VerbParser(argparse.ArgumentParser):
    """A parser that suggests the nearest choice for a mistyped one, as Python 3.14 does."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and a message, and exit with 2."""
        if match := _INVALID_CHOICE.search(message):
            known = re.findall(r"'([^']*)'", match[2]) or match[2].split(", ")
            close = difflib.get_close_matches(match[1], known, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
            message = f"{message[: match.start()]}{match[1]!r} is unknown: {hint}"
        super().error(message)


def parser() -> VerbParser:
    """Returns the parser of the command line."""
    top = VerbParser(
        prog="syndicate",
        description="Publish RSS, Atom and JSON feeds, one for each topic, from Markdown records with front matter.",
        epilog=_OVERVIEW,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"syndicate {__version__}")
    top.set_defaults(run=partial(_print_help, top))
    verbs = top.add_subparsers(title="verbs", metavar="VERB", parser_class=VerbParser)

    _add_init_options(
        _verb(verbs, "init", "write a configuration: for the site in a folder, or with a sample corpus", _INIT)
    )

    schema = _verb(verbs, "schema", "print the JSON Schema of config.yaml", _SCHEMA)
    schema.set_defaults(run=building.schema)

    build = _verb(verbs, "build", "build the feeds", _BUILD)
    _add_common_options(build)
    _add_build_options(build)
    build.set_defaults(run=building.build)

    push = _verb(verbs, "push", "send due WebSub pings", _PUSH)
    _add_common_options(push)
    _add_log_option(push)
    push.add_argument("--dry-run", action="store_true", help="list pending pings without sending any")
    push.add_argument("--replay", action="store_true", help="first make pings due that were given up or wait for long")
    push.add_argument("--hub", metavar="URL", help="with --replay: only pings to this hub")
    push.add_argument("--feed", metavar="PATH", help="with --replay: only pings for this feed (its folder or document)")
    push.set_defaults(run=delivering.push)

    publish = _verb(verbs, "publish", "build, then push", _PUBLISH)
    _add_common_options(publish)
    _add_build_options(publish)
    _add_log_option(publish)
    publish.set_defaults(run=delivering.publish)

    _add_deploy_options(_verb(verbs, "deploy", "copy the output folder to a bucket, only what differs", _DEPLOY))

    worker = _verb(verbs, "worker", "build and push whenever the corpus changes, until stopped", _WORKER)
    _add_config_option(worker)
    _add_log_option(worker)
    worker.set_defaults(run=delivering.worker)

    status = _verb(verbs, "status", "show delivered and pending WebSub pings", _STATUS)
    _add_common_options(status)
    status.add_argument(
        "--max-age", metavar="AGE", type=delivering.age, help="exit with 1 if a change has waited longer (2h, 30m)"
    )
    status.add_argument("--feeds", action="store_true", help="list all feeds, and not only those that wait")
    status.set_defaults(run=delivering.status)

    serve = _verb(verbs, "serve", "serve the output folder over HTTP, until stopped", _SERVE)
    _add_config_option(serve)
    _add_log_option(serve)
    serve.add_argument("--host", help="address to listen on (default: serve.host of the configuration)")
    serve.add_argument("--port", type=serving.port, help="port to listen on (default: serve.port of the configuration)")
    _add_access_log_option(serve)
    serve.set_defaults(run=serving.serve)

    _add_headers_options(
        _verb(verbs, "headers", "print the configuration of a server or of systemd, or links", _HEADERS)
    )

    _add_check_options(_verb(verbs, "check", "list every problem of the configuration and the corpus", _CHECK))
    _add_completion_options(_verb(verbs, "completion", "print the completion script of a shell", _COMPLETION))
    _add_doctor_options(_verb(verbs, "doctor", "look for what commonly goes wrong with the site", _DOCTOR))
    _add_explain_options(_verb(verbs, "explain", "print everything that is known of one file of the corpus", _EXPLAIN))
    _add_preview_options(_verb(verbs, "preview", "show the feeds in a browser, and every change of them", _PREVIEW))
    _add_state_actions(_verb(verbs, "state", "copy the state to another folder or database", _STATE))
    _add_partner_actions(_verb(verbs, "partner", "manage the keys of the partner interface", _PARTNER))
    return top


def _print_help(parser: argparse.ArgumentParser, _: argparse.Namespace) -> int:
    parser.print_help()
    return DONE


def _add_init_options(init: VerbParser) -> None:
    init.add_argument("folder", metavar="DIR", help="folder of a site; a new or empty one for the sample")
    init.set_defaults(run=building.init)


def _add_deploy_options(deploy: VerbParser) -> None:
    _add_common_options(deploy)
    deploy.add_argument("url", metavar="BUCKET", nargs="?", help="s3://NAME/FOLDER/ (default: bucket.url)")
    deploy.add_argument("--dry-run", action="store_true", help="list what would be sent and removed, with sizes")
    deploy.set_defaults(run=deploying.deploy)


def _add_access_log_option(serve: VerbParser) -> None:
    formats = serving.ACCESS_LOG_FORMATS
    serve.add_argument("--access-log", choices=formats, help="print a line for each response to standard output")


def _add_headers_options(headers: VerbParser) -> None:
    _add_config_option(headers)
    kinds = ", ".join(serving.KINDS)
    headers.add_argument("kind", metavar="KIND", choices=serving.KINDS, help=f"one of {kinds}")
    headers.add_argument("--into", metavar="DIR", help="with systemd: write each unit to a file of this folder")
    headers.set_defaults(run=serving.headers)


def _add_check_options(check: VerbParser) -> None:
    _add_common_options(check)
    _add_time_options(check)
    check.add_argument("--all", action="store_true", help="list the same problem in every file, not in the first three")
    check.add_argument("--hidden", action="store_true", help="list hidden files and why, instead of problems")
    check.set_defaults(run=building.check)


def _add_completion_options(completion: VerbParser) -> None:
    completion.add_argument("shell", metavar="SHELL", choices=building.SHELLS, help=", ".join(building.SHELLS))
    completion.set_defaults(run=building.completion)


def _add_doctor_options(doctor: VerbParser) -> None:
    _add_common_options(doctor)
    doctor.set_defaults(run=examining.doctor)


def _add_explain_options(explain: VerbParser) -> None:
    _add_common_options(explain)
    explain.add_argument("file", metavar="FILE", help="file in a folder of the corpus")
    explain.add_argument("--now", metavar="TIME", type=parse_time, help="time of the build (default: the clock)")
    explain.set_defaults(run=explaining.explain)


def _add_preview_options(preview: VerbParser) -> None:
    _add_config_option(preview)
    previewing.add_options(preview)


def _add_state_actions(verb: VerbParser) -> None:
    actions = verb.add_subparsers(title="actions", metavar="ACTION", required=True)
    copy = _verb(actions, "copy", "copy everything that a state holds, and compare both", _STATE)
    copy.add_argument("source", metavar="FROM", help="folder of a state, or the address of a database")
    copy.add_argument("target", metavar="TO", help="the same; there must be no state yet")
    copy.add_argument("--json", action="store_true", help="print one JSON document to standard output")
    copy.set_defaults(run=keeping.copy)


def _add_partner_actions(verb: VerbParser) -> None:
    actions = verb.add_subparsers(title="actions", metavar="ACTION", required=True)
    add = _verb(actions, "add", "add a partner and print the new key, once", _PARTNER)
    _add_config_option(add)
    add.add_argument("name", metavar="NAME", help="name of the partner: letters, digits, '.', '_' and '-'")
    add.add_argument("--topic", metavar="TOPIC", action="append", default=[], help="allow this topic only (repeatable)")
    add.add_argument("--rate", metavar="N", type=partnering.rate, help="requests per minute (default: 600)")
    add.set_defaults(run=partnering.add)
    show = _verb(actions, "list", "list the partners with their topics and rates", _PARTNER)
    _add_common_options(show)
    show.set_defaults(run=partnering.show)
    remove = _verb(actions, "remove", "remove a partner and revoke the key", _PARTNER)
    _add_config_option(remove)
    remove.add_argument("name", metavar="NAME", help="name of the partner, as `list` shows it")
    remove.set_defaults(run=partnering.remove)


def _verb(verbs: argparse._SubParsersAction[VerbParser], name: str, description: str, examples: str) -> VerbParser:
    return verbs.add_parser(
        name,
        help=description,
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_config_option(verb: VerbParser) -> None:
    verb.add_argument(
        "-c", "--config", metavar="FILE", default=DEFAULT_CONFIG, help="configuration file (default: config.yaml)"
    )


def _add_common_options(verb: VerbParser) -> None:
    _add_config_option(verb)
    verb.add_argument("--json", action="store_true", help="print one JSON document to standard output")


def _add_time_options(verb: VerbParser) -> None:
    verb.add_argument("--strict", action="store_true", help="exit with 1 if there are problems")
    verb.add_argument(
        "--now", metavar="TIME", type=parse_time, help="time of the build (default: SOURCE_DATE_EPOCH, else the clock)"
    )


def _add_build_options(verb: VerbParser) -> None:
    _add_time_options(verb)
    verb.add_argument("--full", action="store_true", help="read and render everything again, whatever the state says")
    verb.add_argument(
        "--verify", action="store_true", help="compare every published document, also those in a bucket, and mend them"
    )
    verb.add_argument(
        "--allow-shrink", action="store_true", help="publish even if most of the published entries would be withdrawn"
    )
    verb.add_argument(
        "--accept-new-id", action="store_true", help="publish under a changed site.id: all entries are new to everybody"
    )


def _add_log_option(verb: VerbParser) -> None:
    verb.add_argument(
        "--log-format", choices=("text", "json"), default="text", help="format of log events (default: text)"
    )
