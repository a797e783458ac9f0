"""The invented vocabulary of the benchmark corpus: words, topics and providers."""

from __future__ import annotations

from itertools import product

NOUNS = tuple(
    """
    harbour lantern orchard railway glacier compass market library bridge tunnel garden reactor
    satellite battery turbine canal archive museum festival election treaty budget harvest vaccine
    comet telescope forest river desert island volcano earthquake storm drought flood wildfire coast
    schooner airship bicycle tram ferry signal antenna processor compiler database protocol network
    sensor camera robot engine factory foundry workshop laboratory clinic hospital academy college
    parliament council ministry embassy tribunal charter mandate tariff subsidy pension dividend
    currency exchange auction merger startup foundation trust charity union guild orchestra theatre
    novel poem sculpture mural exhibition recipe bakery vineyard fishery dairy quarry mine refinery
    pipeline grid reservoir dam lighthouse beacon observatory planetarium aquarium stadium league
    tournament champion goalkeeper sprinter climber sailor pilot astronaut gardener beekeeper carver
    """.split()
)
VERBS = tuple(
    """
    opens closes expands repairs delays approves rejects reviews funds audits launches cancels
    restores measures predicts discovers maps tests ships recalls upgrades replaces shares protects
    challenges defends wins loses joins leaves rebuilds doubles halves freezes lifts extends shortens
    welcomes doubts confirms denies publishes withdraws sells buys rents plants harvests cools heats
    """.split()
)
ADJECTIVES = tuple(
    """
    quiet northern southern coastal alpine urban rural ancient modern digital public private shared
    hidden open early late rapid slow steady fragile robust clean solar tidal nuclear electric
    autonomous wireless local regional global annual seasonal rare common costly frugal bold careful
    curious patient ambitious reluctant temporary permanent independent joint rival forgotten renewed
    """.split()
)
LINKS = tuple(
    """
    after before despite amid without under over beside because while although until since as unless
    where with against for from into near and but or yet
    """.split()
)
NAMES = tuple(
    """
    Aldenmoor Brackwater Corvale Dunhollow Eastmere Farrowby Glenholt Harrowgate Ironbridge Juniper
    Kestrel Larkspur Mirefield Northam Oakhurst Pellworth Quarrington Ravensby Saltmarsh Thornbury
    Umberfield Valecross Westhaven Yarrowdale Zéphyrine Émeraude Åsgård Ørland Łąka São-Lino Niño-Bay
    """.split()
)

TOPIC_COUNT = 300


def _topic_names() -> tuple[str, ...]:
    first = "Urban Ocean Solar Digital Public Rural Space Winter Open Family Global Local Marine Modern"
    second = (
        "Energy Transport Health Science Markets Culture Sports Education Security Research "
        "Policy Food Housing Travel Robotics"
    )
    natural = [" ".join(pair) for pair in product(first.split(), second.split())]
    # Every third name is numbered. The step 37 shares no factor with 210, so it visits every pair, in mixed order.
    return tuple(
        f"Topic {rank:03}" if rank % 3 == 0 else natural[(rank - rank // 3) * 37 % len(natural)]
        for rank in range(1, TOPIC_COUNT + 1)
    )


def _providers() -> tuple[tuple[str, str], ...]:
    papers = ("Herald", "Courier", "Gazette", "Tribune", "Observer", "Post & Mail")
    return tuple(
        (f"{place} {paper}", f"{place}-{paper.split()[0]}.example".lower()) for place in NAMES[:24] for paper in papers
    )


TOPICS = _topic_names()
PROVIDERS = _providers()
