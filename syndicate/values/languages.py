"""Language tags (BCP 47), stated in a field, by the name of a folder or by the end of a file's name."""

from __future__ import annotations

import re

_TAG = re.compile(r"[a-z]{2,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?(?:-[a-z0-9]{5,8})*")
# ISO 639-1. A folder counts as a language only with one of these codes: `go` and `js` are no languages.
_CODES = frozenset(
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee "
    "el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is "
    "it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms "
    "mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk "
    "sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi "
    "yo za zh zu".split()
)
# A folder's tag may have only a region and one of these scripts: in `it-news`, `news` is no script.
_FOLDER = re.compile(
    r"([a-z]{2})(?:[-_](?:arab|cyrl|deva|hans|hant|latn))?(?:[-_](?:[a-z]{2}|\d{3}))?", re.IGNORECASE | re.ASCII
)
# Languages with the code of a common file name extension: `server.ts.md` is an article about a file.
_FILE_EXTENSIONS = frozenset("as am ml ps sh so ts".split())
# Languages and scripts (ISO 15924) that are written from right to left.
_RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ks", "nqo", "ps", "sd", "syr", "ug", "ur", "yi"})
_RIGHT_TO_LEFT_SCRIPTS = frozenset(
    {"Adlm", "Arab", "Aran", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa", "Yezi"}
)
_MAX_FOLDER_DEPTH = 2  # `fr/post/x.md`, `content/fr/post/x.md`; deeper folders of two letters have other meanings


def language_tag(value: str) -> str:
    """Return a tag in canonical case (`pt-BR`, `zh-Hant`), empty if the value is none. `de_DE.UTF-8` is `de-DE`."""
    text = value.strip().partition(".")[0].replace("_", "-").lower()
    if not _TAG.fullmatch(text):
        return ""
    head, *rest = text.split("-")
    return "-".join(
        [head, *(part.title() if len(part) == 4 else part.upper() if len(part) == 2 else part for part in rest)]
    )


def is_right_to_left(tag: str) -> bool:
    """Return whether a language tag in canonical case is written from right to left: by its script, if it has one."""
    language, *rest = tag.split("-")
    if rest and len(rest[0]) == 4:
        return rest[0] in _RIGHT_TO_LEFT_SCRIPTS
    return language in _RIGHT_TO_LEFT


def language_of_path(path: str) -> str:
    """Return the language that the file's name ends with (`a.de.md`), else that one of the two outermost folders names.

    Empty if none of them names one.
    """
    ending = path.rpartition("/")[2].split(".")[1:-1][-1:]
    if ending and (found := _FOLDER.fullmatch(ending[0])) and found[1] in _CODES - _FILE_EXTENSIONS:
        return language_tag(ending[0])
    for folder in path.split("/")[:-1][:_MAX_FOLDER_DEPTH]:
        if (found := _FOLDER.fullmatch(folder)) and found[1].lower() in _CODES:
            return language_tag(folder)
    return ""
