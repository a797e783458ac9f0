"""The configuration as values. Each key's name, type, default, constraints and meaning are stated here once.

The classes up to `ConfigFile` are the sections of config.yaml, as `options` describes them. `load` makes a `Config` of
them for the rest of the program. Defaults that the pure core needs without a configuration (`Selection`,
`Presentation`) are stated in `model` and taken from there.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from ..errors import Problem
from ..formats import names as format_names
from ..model import ARCHIVE_PERIODS, ArchivePeriod, ContentPart, LinkChoice, Presentation, Selection, Site, SlugStyle
from ..sites import SiteSettings
from ..sites import names as site_names
from ..values.keys import ALIASES, HIDDEN
from .bucket import BucketOptions
from .cdn import Cdn
from .database import scratch_folder
from .executor import ExecutorOptions
from .options import ANY_NAME, Option

_SELECTION = Selection()
_PRESENTATION = Presentation()


class SiteOptions(NamedTuple):
    """The publisher of the feeds."""

    url: Annotated[
        str, Option("Address where the output folder is served. All addresses in feeds begin with it.", is_url=True)
    ]
    id: Annotated[
        str,
        Option(
            "A host name that you own or owned, and a date on which you did (RFC 4151). Entry ids are built from it:"
            " do not change it once somebody has read a feed."
        ),
    ]
    title: Annotated[str, Option("Title of the site and of the feed of everything.")]
    home: Annotated[
        str,
        Option(
            "Address of the site that the feeds are about. Relative addresses of records are resolved against it.",
            is_url=True,
            default="`site.url`",
        ),
    ] = ""
    language: Annotated[str, Option("Language of entries that state none: a BCP 47 tag such as `en` or `pt-BR`.")] = ""
    description: Annotated[str, Option("One sentence about the site.")] = ""
    rights: Annotated[str, Option("Copyright or licence statement.")] = ""
    icon: Annotated[str, Option("Address of a small, square image.", is_url=True)] = ""
    logo: Annotated[str, Option("Address of a larger image: PNG, JPEG or GIF.", is_url=True)] = ""
    timezone: Annotated[
        str,
        Option("Time zone of dates that state none: a name such as `Europe/Berlin` (IANA).", default="UTC"),
    ] = ""


_NO_ALIASES: Mapping[str, tuple[str, ...]] = {}


class Source(NamedTuple):
    """A folder of records, or a list of several.

    `path` is as the configuration wrote it, `root` is absolute; that of a bucket is its address, with a slash at its
    end. `prefix` precedes the paths of its files in entry ids. It is empty for the first source, so that adding a
    source changes no id; for others it is the folder's name between slashes, with which no path within the first
    begins. `site` is what the configuration of the site's generator says.
    """

    path: Annotated[
        str,
        Option(
            "The folder, relative to the configuration file; or one of a bucket, `s3://NAME/FOLDER/`, which is read"
            " with the settings of `bucket`."
        ),
    ]
    root: str = ""
    bucket: BucketOptions = BucketOptions()
    prefix: str = ""
    site: SiteSettings = SiteSettings()
    kind: Annotated[
        str,
        Option(
            "Generator of the site, whose rules for addresses, dates and languages apply.",
            choices=site_names,
            default="found by the generator's configuration file in the folder or above it, else `plain`",
        ),
    ] = ""
    url: Annotated[
        str,
        Option(
            "Pattern of the addresses of records that state none, such as `/{year}/{slug}/`, with the placeholders year"
            " month day hour minute second slug title name folder section language categories id.",
            default="the rule of the kind",
        ),
    ] = ""
    include: Annotated[
        tuple[str, ...],
        Option(
            "Patterns of the files to read. `*` and `?` match within a folder, `**` matches any number of folders.",
            default="the posts of the kind; `**/*.md` for plain",
        ),
    ] = ()
    exclude: Annotated[tuple[str, ...], Option("Patterns of files to leave out.")] = ()
    aliases: Annotated[
        Mapping[str, tuple[str, ...]],
        Option(
            "Keys of your records by entry field, tried before the known ones: `{title: headline, topics: [rubric,"
            " extra.tags]}`. A dotted key is nested. `hidden` names keys that hide an entry unless they are false.",
            key="fields",
            names=(*ALIASES, HIDDEN),
        ),
    ] = _NO_ALIASES
    timezone: Annotated[str, Option("Time zone of this folder's dates that state none.", default="`site.timezone`")] = (
        ""
    )
    max_bytes: Annotated[int, Option("A larger file is refused, with a problem.", minimum=1)] = 8 * 1024 * 1024


class FilterOptions(NamedTuple):
    """Conditions on entries. All must hold; an entry without the figure fails a minimum."""

    min_quality: Annotated[int | None, Option("Least `quality`.")] = None
    min_heat: Annotated[int | None, Option("Least `heat`.")] = None
    types: Annotated[tuple[str, ...], Option("The entry's `type` is one of these.")] = ()
    topics: Annotated[tuple[str, ...], Option("The entry has one of these topics.")] = ()


class CustomFeedOptions(NamedTuple):
    """Feeds defined by filters, each under the name of its folder: `custom/NAME/`."""

    title: Annotated[str, Option("Title of the feed.")]
    description: Annotated[str, Option("Description of the feed.")] = ""
    where: Annotated[FilterOptions, Option("The entries to show; conditions as in `feeds.where`.")] = FilterOptions()


_NO_CUSTOM_FEEDS: Mapping[str, CustomFeedOptions] = {}


class WordsOptions(NamedTuple):
    """Your own words in the content of entries, under the tag of their language: `{de: {related: "Mehr dazu:"}}`."""

    source: Annotated[
        str,
        Option("Names the provider, in the place of `{name}`: `Source: {name}`.", default="in the entry's language"),
    ] = ""
    related: Annotated[str, Option("Stands above related stories.", default="in the entry's language")] = ""
    video: Annotated[str, Option("Links to the video.", default="in the entry's language")] = ""


_NO_WORDS: Mapping[str, WordsOptions] = {}


class FeedsOptions(NamedTuple):
    """The feeds to publish, and how they show entries."""

    limit: Annotated[int, Option("Number of entries in each feed, newest first.", minimum=1)] = _SELECTION.limit
    by: Annotated[
        tuple[str, ...],
        Option(
            "Dimensions: one feed is made for each value of `topics`, `provider`, `category`, `type`, `author`,"
            " `language`, or of any other key of the records."
        ),
    ] = _SELECTION.by
    include_children: Annotated[bool, Option("Add entries to the feeds of their topics' parents.")] = (
        _SELECTION.include_children
    )
    all: Annotated[bool, Option("Make a feed of everything.")] = _SELECTION.all
    formats: Annotated[tuple[str, ...], Option("Formats of each feed.", choices=format_names, non_empty=True)] = (
        format_names()
    )
    archive: Annotated[
        ArchivePeriod | None,
        Option(
            "Period of the archives (RFC 5005) that hold all entries of a feed with more than `limit`. `auto`: a year,"
            " or the months of a year with more than 250 entries.",
            choices=lambda: ARCHIVE_PERIODS,
            default="`auto`; a site that has published archives by month keeps them",
        ),
    ] = None
    deleted_days: Annotated[
        int, Option("Number of days for which feeds report that an entry was deleted.", minimum=0)
    ] = _SELECTION.deleted_days
    opml: Annotated[
        str | None,
        Option(
            "Format that `feeds.opml` refers to, the list of all feeds that feed readers import; `none` makes no list.",
            choices=lambda: (*format_names(), "none"),
            default="the first of `feeds.formats`",
        ),
    ] = None
    min_entries: Annotated[
        int,
        Option(
            "Number of entries with which the feed of a topic, or of another value, begins. A feed that was published"
            " goes on with fewer.",
            minimum=1,
        ),
    ] = _SELECTION.min_entries
    slugs: Annotated[
        SlugStyle | None,
        Option(
            "Folder names of feeds: letters and digits of every script (`unicode`, percent-encoded in addresses), or of"
            " a-z and 0-9 alone (`ascii`).",
            choices=("unicode", "ascii"),
            default="`unicode`; a site that has published `ascii` slugs keeps them",
        ),
    ] = None
    link: Annotated[
        LinkChoice,
        Option("Address that an entry's title links to: the page, its AMP version, or that in an AMP cache."),
    ] = _PRESENTATION.link
    related: Annotated[int, Option("Number of related stories shown with an entry.", minimum=0)] = (
        _PRESENTATION.related_limit
    )
    content: Annotated[
        tuple[ContentPart, ...],
        Option("Parts of an entry's content beside its text; an empty list shows the text alone."),
    ] = _PRESENTATION.content
    words: Annotated[Mapping[str, WordsOptions], Option()] = _NO_WORDS
    where: Annotated[FilterOptions, Option("The entries that any feed may show.")] = FilterOptions()
    custom: Annotated[Mapping[str, CustomFeedOptions], Option()] = _NO_CUSTOM_FEEDS


class TopicOptions(NamedTuple):
    """Settings of the topic of this name."""

    slug: Annotated[str, Option("Folder name of the topic's feed.", default="computed from the name")] = ""
    title: Annotated[str, Option("Title of the topic's feed.", default="the name")] = ""
    description: Annotated[str, Option("Description of the topic's feed.")] = ""
    aliases: Annotated[tuple[str, ...], Option("Other names of the same topic.")] = ()
    shortname: Annotated[str, Option("Short name for the catalogue.")] = ""
    parent: Annotated[str, Option("Name or alias of the topic that this one is part of.")] = ""
    keywords: Annotated[tuple[str, ...], Option("Keywords for the catalogue: a list, or one text with commas.")] = ()
    moved_from: Annotated[
        tuple[str, ...], Option("Former slugs; `syndicate serve` redirects them to the present one.")
    ] = ()


class TopicFileOptions(NamedTuple):
    """A file in a folder of `topics.from`. Other keys are ignored; `topics.NAME` takes precedence, key by key."""

    name: Annotated[str, Option("Name of the topic as entries write it.", default="`title`")] = ""
    title: Annotated[str, Option("Title of the topic's feed.", default="`name`")] = ""
    description: Annotated[str, Option("Description of the topic's feed.")] = ""
    shortname: Annotated[str, Option("Short name for the catalogue.")] = ""
    parent: Annotated[str, Option("Name or alias of the topic that this one is part of.")] = ""
    keywords: Annotated[tuple[str, ...], Option("Keywords for the catalogue: a list, or one text with commas.")] = ()


_NO_TOPICS: Mapping[str, TopicOptions] = {}


class TopicsOptions(NamedTuple):
    """Settings of topics. Topics that are not listed need none."""

    folders: Annotated[
        tuple[str, ...], Option("Folders of YAML files, each of which describes one topic.", key="from")
    ] = ()
    topics: Annotated[Mapping[str, TopicOptions], Option(key=ANY_NAME)] = _NO_TOPICS


class AmpOptions(NamedTuple):
    """AMP caches."""

    cache: Annotated[str, Option("Host of the cache for which addresses are computed where a record states none.")] = (
        _PRESENTATION.amp_cache
    )
    links: Annotated[bool, Option("Publish addresses of pages in the cache.")] = _PRESENTATION.amp_links


class Hub(NamedTuple):
    """WebSub hubs that feeds name and `syndicate push` notifies. Each is a section, or just its address."""

    url: Annotated[str, Option("Address of the hub, as feeds name it.", is_url=True)]
    header_env: Annotated[
        str, Option("Name of an environment variable that holds a header for the hub: `Bearer …` or `Name: value`.")
    ] = ""
    concurrency: Annotated[int, Option("Largest number of concurrent pings to this hub.", minimum=1)] = 8
    publish_url: Annotated[
        str, Option("Address that takes pings, where that is another one.", is_url=True, default="`url`")
    ] = ""
    batch: Annotated[
        int,
        Option(
            "Number of topic URLs in one ping. Most hubs read one and drop the others silently: set it only for a hub"
            " that documents several.",
            minimum=1,
        ),
    ] = 1
    ca_file: Annotated[
        str,
        Option("PEM file of certificate authorities to trust for the hub, beside those of the system."),
    ] = ""


class Push(NamedTuple):
    """Delivery of WebSub pings."""

    verify: Annotated[bool, Option("Hold a ping until `site.url` serves the bytes just built.")] = True
    verify_timeout_s: Annotated[float, Option("Longest time to hold a ping, in seconds.", above=0)] = 600.0
    unverified: Annotated[
        Literal["ping", "fail"], Option("After `verify_timeout_s`: send the ping anyway, or give it up.")
    ] = "ping"
    pages: Annotated[bool, Option("Send pings for HTML pages, too.")] = False
    timeout_s: Annotated[float, Option("Timeout of each request, in seconds.", above=0)] = 15.0
    concurrency: Annotated[
        int, Option("Number of concurrent pings to all hubs, of which each has its share.", minimum=1)
    ] = 32
    attempts: Annotated[int, Option("Least number of attempts before a ping is given up.", minimum=1)] = 12
    window_h: Annotated[float, Option("Least time before a ping is given up, in hours.", above=0)] = 72.0


class Serve(NamedTuple):
    """The server of `syndicate serve`."""

    host: Annotated[str, Option("Address to listen on; `0.0.0.0` for all.")] = "127.0.0.1"
    port: Annotated[int, Option("Port to listen on; 0 for any free one.", minimum=0, maximum=65535)] = 8080
    max_age_s: Annotated[int, Option("`max-age` of feeds and pages, in seconds.", minimum=0)] = 300
    archive_max_age_s: Annotated[int, Option("`max-age` of archives of past periods, in seconds.", minimum=0)] = 86400
    stale_after_h: Annotated[
        float, Option("Age of the last build at which `/healthz` fails, in hours; 0 for never.", minimum=0)
    ] = 24.0
    connections_per_address: Annotated[
        int, Option("Largest number of connections from one address. Those of `proxies` are not counted.", minimum=1)
    ] = 256
    proxies: Annotated[
        tuple[str, ...],
        Option("Addresses or networks of your proxies, such as `10.0.0.0/8`: their `X-Forwarded-For` is believed."),
    ] = ()


class WorkerOptions(NamedTuple):
    """The worker of `syndicate worker`."""

    poll: Annotated[
        bool | None,
        Option(
            "Look for changed files once a second, beside what the file system reports.",
            default="true on overlay, NFS, SMB, FUSE and similar file systems, which do not report all changes",
        ),
    ] = None
    list_s: Annotated[float, Option("Time between two listings of a corpus in a bucket, in seconds.", minimum=1)] = 30.0


API_PREFIX = "/api/v1"
"""The path of the partner API below that of the site's URL."""


class Api(NamedTuple):
    """The partner interface at `/api/v1`. Without this section there is none."""

    public: Annotated[bool, Option("Allow requests without a key.")] = False
    partners: Annotated[str, Option("File of the partners and the hashes of their keys.")] = "partners.yaml"
    rate: Annotated[int, Option("Requests a minute from one address, where `public` is true.", minimum=1)] = 600


class Guard(NamedTuple):
    """Protection of subscribers against mistakes. `max_loss_percent` is `max_loss` as a number."""

    max_loss: Annotated[
        str,
        Option(
            "Share of the published entries that one build may take away, in percent. A build that would take away"
            " more, or every entry of a source, changes nothing and exits with 1; `--allow-shrink` lets it pass."
            " `100%` disables the guard."
        ),
    ] = "50%"
    max_loss_percent: float = 50.0


class Limits(NamedTuple):
    """What one record may cost and hold. What exceeds a limit is left out, and is a problem of that record alone."""

    seconds: Annotated[
        float, Option("Processor time for reading one record, in seconds. A slower record is left out.", above=0)
    ] = 2.0
    memory_mb: Annotated[
        int, Option("Memory that reading one record may add, in megabytes (10^6 bytes).", minimum=50)
    ] = 300
    html_bytes: Annotated[
        int,
        Option(
            "Length of a body as HTML, in characters; it is at most 20 times that of the body as well. A longer body is"
            " left out.",
            minimum=1000,
        ),
    ] = 2_000_000
    topics: Annotated[
        int,
        Option(
            "Number of topics of one record, of its authors, and of its values of any other key in `feeds.by`; the"
            " first are kept.",
            minimum=1,
        ),
    ] = 64
    title: Annotated[int, Option("Length of a title, in characters; the rest is cut off.", minimum=20)] = 1000
    summary: Annotated[int, Option("Length of a summary, in characters; the rest is cut off.", minimum=20)] = 20_000


class ConfigFile(NamedTuple):
    """The configuration of a syndicate site. Paths are relative to the file."""

    site: Annotated[SiteOptions, Option()]
    corpus: Annotated[tuple[Source, ...], Option(non_empty=True, shorthand="path")]
    feeds: Annotated[FeedsOptions, Option()] = FeedsOptions()
    topics: Annotated[TopicsOptions, Option()] = TopicsOptions()
    amp: Annotated[AmpOptions, Option()] = AmpOptions()
    hubs: Annotated[tuple[Hub, ...], Option(shorthand="url")] = ()
    push: Annotated[Push, Option()] = Push()
    serve: Annotated[Serve, Option()] = Serve()
    worker: Annotated[WorkerOptions, Option()] = WorkerOptions()
    api: Annotated[Api | None, Option()] = None
    guard: Annotated[Guard, Option()] = Guard()
    limits: Annotated[Limits, Option()] = Limits()
    pages: Annotated[bool, Option("Make an HTML page for each feed, and an index of all feeds.")] = True
    templates: Annotated[str, Option("Folder of your own page templates.")] = "templates"
    precompress: Annotated[bool, Option("Write `feed.rss.gz` and `feed.rss.br` beside `feed.rss`, and so on.")] = False
    output: Annotated[
        str,
        Option(
            "Output folder, or a bucket: `s3://NAME/FOLDER/`, `gs://…` or `az://…`. `syndicate` creates the folder and"
            " refuses one that it did not."
        ),
    ] = "feeds"
    bucket: Annotated[BucketOptions, Option()] = BucketOptions()
    cdn: Annotated[tuple[Cdn, ...], Option()] = ()
    state: Annotated[
        str,
        Option(
            "Folder of the state between runs, or a PostgreSQL database that several machines share:"
            " `postgresql://USER@HOST/DATABASE?schema=NAME`, without a password, which `PGPASSWORD` or `~/.pgpass`"
            " holds. The schema is `syndicate` unless the address names another."
        ),
    ] = ".syndicate"
    executor: Annotated[ExecutorOptions, Option(shorthand="kind")] = ExecutorOptions()


class Config(NamedTuple):
    """Everything that a run needs to know. Paths are absolute; `output` may also be the address of a bucket, and
    `state` that of a database.

    `problems` are faults of files in `topic_folders`; each affects only what its file says of a topic.
    """

    path: str
    site: Site
    sources: tuple[Source, ...]
    selection: Selection
    presentation: Presentation
    output: str
    state: str
    hubs: tuple[Hub, ...]
    push: Push
    serve: Serve
    precompress: bool
    api: Api | None
    executor: ExecutorOptions
    worker: WorkerOptions = WorkerOptions()
    guard: Guard = Guard()
    limits: Limits = Limits()
    topic_folders: tuple[str, ...] = ()
    template_folder: str = ""
    templates: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()
    bucket: BucketOptions = BucketOptions()
    cdns: tuple[Cdn, ...] = ()

    @property
    def scratch(self) -> str:
        """The folder of this machine for files that only its own processes need; the state, if that is a folder."""
        return scratch_folder(self.state, self.path)
